"""Texts that name an issue by a key that it had before it was moved: they mean the issue, whoever was read first."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from models import FormerKey, Signal, WorkItem
from pipeline.effort.load import named_issue
from pipeline.feedback.labels import item_named
from pipeline.ingest import names
from pipeline.ingest.names import present_keys
from simulator.server import Simulator
from simulator.world import Issue
from tests.conftest import NOW
from tests.connectors.few import Puller


def story(few: Simulator) -> Issue:
    return next(issue for issue in few.world.issues if issue.type != "Epic")


def moved(few: Simulator, key: str, project: str = "") -> Issue:
    """An issue of another key, and project, from now on, as its history says."""
    issue = story(few)
    issue.changes.append((NOW - timedelta(minutes=1), issue.creator, "Key", issue.key, key))
    issue.former, issue.key, issue.project = issue.key, key, project or issue.project
    return issue


def said(few: Simulator, words: str) -> str:
    """Somebody says it in a channel; the id of the message."""
    message = next(one for one in few.world.messages if not one.thread and one.user is not None)
    message.text = words
    channel = next(id_ for id_, name in few.slack.channels.items() if name == message.channel)
    return f"{channel}:{message.ts}"


def named(puller: Puller, item: str) -> tuple[list[str], list[str], str | None]:
    """What a message's item and signal name, and the key of the item for which it is evidence."""
    with puller.sessions() as session:
        row = session.scalars(select(WorkItem).where(WorkItem.source == "slack", WorkItem.external_id == item)).one()
        signal = session.scalars(select(Signal).where(Signal.external_id == item)).one()
        stands_for = named_issue(session, [row.id]).get(row.id)
        work = session.get(WorkItem, stands_for) if stands_for else None
        return row.mentions, signal.mentions, work.key if work else None


@pytest.mark.parametrize("order", [("jira", "slack"), ("slack", "jira")])
def test_who_names_a_moved_issue_by_its_former_key_means_it(
    few: Simulator, puller: Puller, order: tuple[str, str]
) -> None:
    former = story(few).key
    item = said(few, f"{former} is nearly done")
    issue = moved(few, "NEWHOME-7")
    for source in order:
        puller.pull(source)
    assert named(puller, item) == (["NEWHOME-7"], ["NEWHOME-7"], "NEWHOME-7")
    with puller.sessions() as session:
        assert item_named(session, former) == item_named(session, issue.key)


def test_what_named_an_issue_that_is_moved_afterwards_stays_with_it_and_its_days_are_estimated_again(
    few: Simulator, puller: Puller
) -> None:
    issue = story(few)
    item = said(few, f"see https://velora.atlassian.example/browse/{issue.key}")
    puller.pull("jira")
    puller.pull("slack")
    assert named(puller, item)[2] == issue.key
    with puller.sessions.begin() as session:
        session.execute(update(WorkItem).values(stale=False, effort_from=None))
    moved(few, "NEWHOME-7")
    puller.pull("jira")
    assert named(puller, item) == (["NEWHOME-7"], ["NEWHOME-7"], "NEWHOME-7")
    with puller.sessions() as session:
        row = session.scalars(select(WorkItem).where(WorkItem.external_id == item)).one()
        assert row.stale
        assert isinstance(row.effort_from, date)
        assert session.scalars(select(FormerKey.settled)).all() == [True]


def test_a_key_that_another_issue_has_by_now_is_that_ones(few: Simulator, puller: Puller) -> None:
    first = story(few)
    other = next(issue for issue in few.world.issues if issue.type != "Epic" and issue is not first)
    free = first.key
    item = said(few, f"{free} again")
    moved(few, "NEWHOME-7")
    other.key = free
    puller.pull("jira")
    puller.pull("slack")
    assert named(puller, item)[2] == free
    with puller.sessions() as session:
        assert present_keys(session, [free]) == {}


def test_an_issue_that_was_moved_back_has_its_key_again(few: Simulator, puller: Puller) -> None:
    key = story(few).key
    item = said(few, f"{key} and NEWHOME-7")
    puller.pull("slack")
    moved(few, "NEWHOME-7")
    puller.pull("jira")
    moved(few, key)
    puller.pull("jira")
    assert named(puller, item) == ([key], [key], key)


def test_a_project_with_another_key_takes_what_named_its_issues_along(
    few: Simulator, puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a new key of the project no issue's history tells; it shows when the issues are read again."""
    monkeypatch.setattr(names, "_FEW", 1)  # a project has more issues than are looked for one by one
    issue = story(few)
    item = said(few, f"{issue.key} is nearly done")
    puller.pull("jira")
    puller.pull("slack")
    old = issue.project
    for one in few.world.issues:
        if one.project == old:
            one.project, one.key = "ANEW", one.key.replace(old, "ANEW")
    few.config.jira_former_keys[old] = "ANEW"
    puller.pull("jira")
    assert named(puller, item)[2] == issue.key
    assert issue.key.startswith("ANEW-")


def test_an_issue_that_names_its_own_former_key_names_nothing(few: Simulator, puller: Puller) -> None:
    issue = story(few)
    issue.text = f"Split from {issue.key} while it was in the other project."
    moved(few, "NEWHOME-7")
    puller.pull("jira")
    with puller.sessions() as session:
        kept = session.scalars(select(WorkItem).where(WorkItem.key == "NEWHOME-7")).one()
    assert kept.mentions == []

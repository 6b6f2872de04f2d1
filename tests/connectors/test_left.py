"""What moves to where nothing is listed, or is taken from the list: the work that was done stays, the words go."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from models import Account, Signal, WorkItem
from pipeline.effort.clock import Clock
from pipeline.effort.load import load_spans
from simulator.code import Repository
from simulator.server import Simulator
from simulator.world import Issue
from tests.connectors.few import Puller


def encoded(puller: Puller) -> None:
    """As after a cycle."""
    with puller.sessions.begin() as session:
        session.execute(update(WorkItem).values(stale=False, unmatched=False, effort_from=None))


def words(puller: Puller, item: str) -> set[str]:
    with puller.sessions() as session:
        said = session.scalars(select(Signal.text).where(Signal.item == item, Signal.text.is_not(None)))
        own = session.scalars(select(WorkItem.text).where(WorkItem.external_id == item, WorkItem.text.is_not(None)))
        return {*map(str, said), *map(str, own)}


def container(puller: Puller, item: str) -> str:
    with puller.sessions() as session:
        return session.scalars(select(WorkItem.container).where(WorkItem.external_id == item)).one()


def to_be_done_again(puller: Puller) -> date | None:
    """The first day of which effort is estimated again."""
    with puller.sessions() as session:
        return session.scalar(select(func.min(WorkItem.effort_from)))


def commented(few: Simulator) -> Issue:
    return next(one for one in few.world.issues if one.type != "Epic" and one.comments)


def into_hr(few: Simulator, _puller: Puller) -> tuple[str, str, dict[str, list[str]]]:
    issue = commented(few)
    issue.project, issue.key = "HR", "HR-1"
    return "jira", str(issue.id), {}


def out_of_the_list(few: Simulator, puller: Puller) -> tuple[str, str, dict[str, list[str]]]:
    issue = commented(few)
    return "jira", str(issue.id), {"projects": [one for one in puller.projects if one != issue.project] or ["OPS"]}


def into_another_pipeline(few: Simulator, _puller: Puller) -> tuple[str, str, dict[str, list[str]]]:
    hung = next(record for record in few.world.records if record.links)
    deal = next(record for record in few.world.records if ("deals", record.id) == hung.links[0])
    deal.properties["pipeline"] = "77"
    return "hubspot", f"deals:{deal.id}", {}


def into_another_repository(few: Simulator, _puller: Puller) -> tuple[str, str, dict[str, list[str]]]:
    here, other = few.github.code.repositories[0], Repository(900, "velora/elsewhere")
    few.github.code.repositories.append(other)
    number, ticket = next((number, one) for number, one in here.tickets.items() if one.comments)
    del here.tickets[number]
    here.lost[number] = (other, 1)
    ticket.number, other.tickets[1] = 1, ticket
    return "github", f"{here.id}:{number}", {"repositories": [here.name]}


def another_repository_listed(few: Simulator, _puller: Puller) -> tuple[str, str, dict[str, list[str]]]:
    here, other = few.github.code.repositories[0], Repository(900, "velora/elsewhere")
    few.github.code.repositories.append(other)
    number = next(number for number, one in here.tickets.items() if one.comments)
    return "github", f"{here.id}:{number}", {"repositories": [other.name]}


@pytest.mark.parametrize(
    "change", [into_hr, out_of_the_list, into_another_pipeline, into_another_repository, another_repository_listed]
)
def test_what_was_done_stays_and_what_was_said_goes(
    few: Simulator, puller: Puller, change: Callable[[Simulator, Puller], tuple[str, str, dict[str, list[str]]]]
) -> None:
    source = {"into_hr": "jira", "out_of_the_list": "jira", "into_another_pipeline": "hubspot"}.get(
        change.__name__, "github"
    )
    puller.pull(source)
    before = puller.kept(source)
    encoded(puller)
    _, item, options = change(few, puller)
    assert words(puller, item)
    today = datetime.now(UTC).date()
    puller.sweep(source, **options)
    assert before <= puller.kept(source)
    assert not words(puller, item)
    again = to_be_done_again(puller)
    assert again is None or again >= today
    after = puller.kept(source)
    encoded(puller)
    puller.sweep(source, **options)
    assert puller.kept(source) == after
    assert to_be_done_again(puller) is None


def test_words_of_what_is_not_encoded_yet_are_deleted_once_it_is(few: Simulator, puller: Puller) -> None:
    puller.pull("jira")
    _, item, _ = into_hr(few, puller)
    puller.sweep("jira")
    assert words(puller, item)
    encoded(puller)
    puller.sweep("jira")
    assert not words(puller, item)


def test_what_is_back_is_as_if_it_had_never_left(few: Simulator, puller: Puller) -> None:
    puller.pull("jira")
    issue = commented(few)
    before, said, was = puller.kept("jira"), words(puller, str(issue.id)), (issue.project, issue.key)
    encoded(puller)
    into_hr(few, puller)
    puller.sweep("jira")
    issue.project, issue.key = was
    issue.touched = datetime.now(UTC)
    puller.pull("jira")
    assert puller.kept("jira") == before
    assert words(puller, str(issue.id)) == said


def test_nobody_works_any_more_on_an_issue_that_left_in_progress(few: Simulator, puller: Puller) -> None:
    puller.pull("jira")
    _, item, _ = into_hr(few, puller)
    now = datetime.now(UTC)
    to_be_known = {"source": "jira", "item": item, "mentions": [], "at": now - timedelta(days=1)}
    with puller.sessions.begin() as session:
        accounts = session.execute(select(Account.source, Account.external_id)).all()
        owners = {(source, id_): (n, None) for n, (source, id_) in enumerate(accounts)}
        doing = {"to": "indeterminate"}
        session.add(Signal(external_id="b", kind="transition", detail=doing, **to_be_known))
        session.add(Signal(external_id="a", kind="assignment", detail={"to": accounts[0][1]}, **to_be_known))
        row = session.scalars(select(WorkItem.id).where(WorkItem.external_id == item)).one()

    def until() -> date:
        with puller.sessions() as session:
            return max(one.last for one in load_spans(session, [row], owners, Clock("UTC")))

    encoded(puller)
    assert until() > now.date() + timedelta(days=30)
    puller.sweep("jira")
    assert until() <= now.date() + timedelta(days=1)  # at midnight


def test_a_project_that_is_listed_again_has_its_words_again(few: Simulator, puller: Puller) -> None:
    puller.pull("jira")
    _, item, options = out_of_the_list(few, puller)
    before, said = puller.kept("jira"), words(puller, item)
    encoded(puller)
    puller.pull("jira", **options)
    puller.sweep("jira", **options)
    assert not words(puller, item)
    puller.pull("jira")
    assert (puller.kept("jira"), words(puller, item)) == (before, said)


def test_a_pipeline_that_is_listed_again_has_its_words_again(few: Simulator, puller: Puller) -> None:
    puller.pull("hubspot")
    item = f"deals:{next(record for record in few.world.records if record.links).links[0][1]}"
    before, said = puller.kept("hubspot"), words(puller, item)
    encoded(puller)
    others = next(one for one in puller.connector("hubspot").names() if one != container(puller, item))
    puller.pull("hubspot", pipelines=[others])
    puller.sweep("hubspot", pipelines=[others])
    assert not words(puller, item)
    assert before <= puller.kept("hubspot")
    puller.pull("hubspot")
    assert (puller.kept("hubspot"), words(puller, item)) == (before, said)


def test_a_channel_that_is_taken_from_the_list_keeps_what_was_done(puller: Puller) -> None:
    puller.pull("slack")
    before = puller.kept("slack")
    puller.pull("slack", channels=["sales"])
    puller.sweep("slack", channels=["sales"])
    assert puller.kept("slack") == before

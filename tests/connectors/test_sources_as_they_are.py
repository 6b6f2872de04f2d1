"""Servers as they really behave: each refusal and omission against the simulator first, then the database is as it must be."""

import contextlib
import json
import pickle
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select

from connectors.base import CredentialError, NotReachable, SourceError, Unexpected
from models import Account, Signal, StreamCursor, WorkItem
from pipeline.ingest import sweep as sweeps
from simulator.api.config import JIRA_TOKEN
from simulator.server import Simulator
from simulator.world import Message, Record
from tests.conftest import NOW
from tests.connectors.few import SOURCES, Puller, renumber_channel

LATER = timedelta(hours=1)


def answering(company: Simulator, change: Callable[[str, Any], Any]) -> None:
    """Change the JSON of every answer; the function gets the path and the answer, and gives it back."""
    company.config.faults.change = lambda path, body: json.dumps(change(path, json.loads(body))).encode()


# A: one unexpected error ends nothing else


@pytest.mark.parametrize("broken", SOURCES)
@pytest.mark.parametrize("place", ["parser", "walk", "streams"])
def test_an_arbitrary_exception_anywhere_in_a_source_stops_no_other_and_the_next_run_goes_on(
    puller: Puller, broken: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NobodyExpectedError(Exception):
        pass

    def fail(*_: object, **__: object) -> Any:
        raise NobodyExpectedError("what is this")

    parsers = {"jira": "parse_issue", "slack": "parse_message", "hubspot": "parse_engagement"}
    classes = {"jira": "JiraConnector", "slack": "SlackConnector", "hubspot": "HubSpotConnector"}
    with monkeypatch.context() as patch:
        target = f"connectors.{broken}.connector."
        patch.setattr(
            target
            + {"parser": parsers[broken], "walk": f"{classes[broken]}._page", "streams": f"{classes[broken]}.streams"}[
                place
            ],
            fail,
        )
        said: dict[str, str] = {}
        for source in SOURCES:
            try:
                puller.pull(source)
            except SourceError as error:
                said[source] = str(error)
        if place == "parser":  # that record alone
            assert said == {}
            assert any("NobodyExpectedError" in reason for reason in puller.failures().values())
        else:
            assert list(said) == [broken]
            assert "unexpected NobodyExpectedError" in said[broken]
            assert all(word in said[broken] for word in (broken, "record", "The next pull continues"))
    assert all(puller.kept(source) for source in SOURCES if source != broken)
    puller.pull(broken)
    puller.retry(broken)
    assert puller.kept(broken)
    assert puller.failures() == {}
    assert puller.errors() == {}


def test_the_stream_that_stopped_is_named_with_the_last_record_that_it_read() -> None:
    error = Unexpected("hubspot", "calls", KeyError("x")).after("1017")
    assert str(error).startswith("hubspot: calls: stopped by an unexpected KeyError after record 1017.")


def test_a_status_without_a_category_costs_nothing_airbyte_38929(puller: Puller) -> None:
    for status in puller.company.jira.statuses:
        del status["statusCategory"]
    puller.pull("jira")
    assert puller.failures() == {}
    with puller.sessions() as session:
        moved = session.scalars(select(Signal.detail).where(Signal.kind == "transition")).all()
    assert {detail["to"] for detail in moved} <= {"unknown"}


def test_a_member_that_is_read_again_by_a_fresh_process_keeps_the_groups_of_all(puller: Puller) -> None:
    company = puller.company
    company.config.slack_scopes |= {"usergroups:read"}
    company.slack.groups = {"app-team": [0, 1, 2]}

    def spoiled(path: str, answer: Any) -> Any:
        if "users.list" in path:
            answer["members"][3]["profile"] = "no profile"
        return answer

    answering(company, spoiled)
    puller.pull("slack")
    assert len(puller.failures()) == 1
    company.config.faults.change = None
    puller.retry("slack")
    assert puller.failures() == {}
    with puller.sessions() as session:
        members = session.scalars(select(Account.groups).where(Account.source == "slack", Account.groups != "")).all()
    assert members == ["app-team"] * 3


# B: missing is not deleted


@pytest.mark.parametrize("source", [*SOURCES, "github"])
@pytest.mark.parametrize("seed", range(3))
def test_a_server_that_omits_any_records_from_any_answer_removes_nothing_devlake_8198_nango_459(
    puller: Puller, source: str, seed: int
) -> None:
    puller.pull(source)
    before, rng = puller.kept(source), random.Random(seed)

    def omit(path: str, answer: Any) -> Any:
        if isinstance(answer, list) and source == "github":
            return [row for row in answer if rng.random() < 0.5]
        if isinstance(answer, dict):
            for name in ("issues", "messages", "results", "comments", "worklogs", "values", "histories"):
                if isinstance(answer.get(name), list):
                    answer[name] = [row for row in answer[name] if rng.random() < 0.5]
            for issue in answer.get("issues") or []:
                for part, name in (("comment", "comments"), ("worklog", "worklogs")):
                    held = (issue.get("fields") or {}).get(part)
                    if held:
                        held[name] = [row for row in held[name] if rng.random() < 0.5]
                        held["total"] = len(held[name])
        return answer

    for issue in puller.company.world.issues:
        issue.touched = max(i.updated for i in puller.company.world.issues) + LATER
    for ticket in puller.company.github.code.repositories[0].tickets.values():
        ticket.touched = NOW
    answering(puller.company, omit)
    for act in (puller.pull, puller.sweep):
        with contextlib.suppress(SourceError):  # an answer that makes no sense may be said; it deletes nothing
            act(source)
    assert before <= puller.kept(source)
    puller.company.config.faults.change = None
    puller.pull(source)
    assert before <= puller.kept(source)


def test_an_empty_page_with_a_cursor_is_not_the_end_slack_auto_export_2(puller: Puller) -> None:
    """The first page of each walk holds nothing and has more."""
    seen: set[str] = set()

    def emptied(path: str, answer: Any) -> Any:
        if "conversations.history" in path and "cursor=" not in path and path not in seen and answer.get("messages"):
            seen.add(path)
            first = answer["messages"]
            answer |= {"messages": [], "has_more": True, "response_metadata": {"next_cursor": "MA=="}}
            assert first
        return answer

    answering(puller.company, emptied)
    puller.pull("slack")
    assert {f"{m.ts}" for m in puller.company.world.messages} <= {id_.split(":")[1] for id_ in puller.kept("slack")}


def test_a_batch_that_failed_for_some_deletes_none_of_them_and_a_not_found_does_hubspot_api_ruby_403(
    puller: Puller,
) -> None:
    puller.pull("hubspot")
    before = puller.kept("hubspot")

    def failed(path: str, answer: Any) -> Any:
        if "batch/read" in path and answer.get("results"):
            error = {
                "status": "error",
                "category": "INTERNAL_ERROR",
                "context": {"ids": [answer["results"][0].get("id")]},
            }
            return {"status": "COMPLETE", "results": answer["results"][1:], "numErrors": 1, "errors": [error]}
        return answer

    answering(puller.company, failed)
    puller.sweep("hubspot")
    assert puller.kept("hubspot") == before
    answering(puller.company, lambda path, answer: {"status": "COMPLETE"} if "batch/read" in path else answer)
    puller.sweep("hubspot")
    assert puller.kept("hubspot") == before
    puller.company.config.faults.change = None
    deal = next(record for record in puller.company.world.records if record.type == "deals")
    deal.archived = True
    puller.sweep("hubspot")
    assert f"deals:{deal.id}" not in puller.kept("hubspot")


def test_a_sweep_that_misses_more_than_a_few_per_cent_stops_and_says_so(puller: Puller) -> None:
    story = puller.company.world.issues[-1]
    made = [pickle.loads(pickle.dumps(story)) for _ in range(30)]  # noqa: S301 - made a line above
    for n, issue in enumerate(made):
        issue.id, issue.key = 90_000 + n, f"APP-{9_000 + n}"
    puller.company.world.issues += made
    puller.pull("jira")
    before = puller.kept("jira")
    puller.company.world.issues = puller.company.world.issues[:-25]
    with pytest.raises(sweeps.MassDeletion, match=r"25 of 36 work items seem to be gone.*--force"):
        puller.sweep("jira")
    assert puller.kept("jira") == before
    assert puller.sweep("jira", force=True)["removed"] >= 25


# C: one bad member


def test_a_project_that_is_gone_is_named_and_the_others_are_read_jira_azuredevops_migrator_411(puller: Puller) -> None:
    with pytest.raises(NotReachable, match=r"NOPE.*jira\.projects"):
        puller.pull("jira", projects=[*puller.projects, "NOPE"])
    assert {str(issue.id) for issue in puller.company.world.issues} <= puller.kept("jira")
    assert list(puller.errors()) == ["project NOPE"]
    puller.pull("jira")
    assert puller.errors() == {}


def test_a_project_listed_by_its_former_key_is_read(puller: Puller) -> None:
    puller.company.config.jira_former_keys = {"OLD": puller.projects[0]}
    puller.pull("jira", projects=["OLD", *puller.projects[1:]])
    assert {str(issue.id) for issue in puller.company.world.issues} <= puller.kept("jira")


def test_an_account_that_may_not_list_projects_reads_the_listed_ones_airbyte_64892(puller: Puller) -> None:
    def refused(path: str, body: bytes) -> bytes:
        return b"[]" if path.split("?")[0].endswith("/project") else body

    puller.company.config.faults.change = refused
    puller.pull("jira")
    assert {str(issue.id) for issue in puller.company.world.issues} <= puller.kept("jira")


def test_one_thread_that_is_not_found_costs_no_message_of_the_channel_dust_2285(puller: Puller) -> None:
    root = next(m.thread for m in puller.company.world.messages if m.thread)

    def lost(path: str, body: bytes) -> bytes:
        if "conversations.replies" in path and root.encode() in body:
            return b'{"ok": false, "error": "thread_not_found"}'
        return body

    puller.company.config.faults.change = lost
    puller.pull("slack")
    there = {id_.split(":")[1] for id_ in puller.kept("slack")}
    assert {m.ts for m in puller.company.world.messages if m.thread != root} <= there
    assert list(puller.failures()) == [f"thread/{root}"]
    puller.company.config.faults.change = None
    puller.retry("slack")
    assert {m.ts for m in puller.company.world.messages} <= {id_.split(":")[1] for id_ in puller.kept("slack")}
    assert puller.failures() == {}


def test_an_update_dated_years_ahead_hides_nothing_that_comes_after_it(puller: Puller) -> None:
    world = puller.company.world
    world.issues[-1].touched = max(i.updated for i in world.issues) + timedelta(days=300)
    puller.pull("jira")
    other = world.issues[-2]
    other.comments.append((NOW + timedelta(minutes=1), 1, "said afterwards"))
    puller.pull("jira")
    with puller.sessions() as session:
        assert session.scalar(select(func.count()).where(Signal.text == "said afterwards")) == 1


# D: Jira as it is installed


def test_data_center_is_read_with_its_people_its_epics_and_their_own_names(puller: Puller) -> None:
    puller.company.config.jira_data_center = True
    for settings in ({"email": "", "token": JIRA_TOKEN}, {}):
        puller.pull("jira", **settings)
    world = puller.company.world
    with puller.sessions() as session:
        rows = {row.external_id: row for row in session.scalars(select(WorkItem))}
        signals = session.scalar(select(func.count()).select_from(Signal))
        accounts = set(session.scalars(select(Signal.account).where(Signal.account.is_not(None))))
    assert rows.keys() == {str(issue.id) for issue in world.issues}
    assert {rows[str(i.id)].kind for i in world.issues if i.type == "Epic"} == {"epic"}
    assert all(rows[str(i.id)].parent == str(i.parent.id) for i in world.issues if i.parent)
    assert signals == sum(1 + len(i.changes) + len(i.comments) + len(i.worklogs) for i in world.issues)
    assert all(account.startswith("JIRAUSER") for account in accounts)
    puller.sweep("jira")
    assert rows.keys() <= puller.kept("jira")


def test_an_expired_token_that_is_answered_with_nothing_is_an_error_jira_js_418_n8n_16325(puller: Puller) -> None:
    puller.pull("jira")
    before = puller.kept("jira")
    puller.company.config.jira_expired = True
    with pytest.raises(CredentialError, match="rejected"):
        puller.pull("jira")
    with pytest.raises(CredentialError):
        puller.sweep("jira")
    assert puller.kept("jira") == before


def test_a_history_that_the_issues_own_list_lacks_is_kept_as_the_search_gave_it_estuary_5204(puller: Puller) -> None:
    """The search gives some entries and says that there are more; /changelog then answers with none."""
    puller.pull("jira")
    whole = puller.kept("jira")

    def empty(path: str, answer: Any) -> Any:
        for issue in answer.get("issues", []) if isinstance(answer, dict) else []:
            if "changelog" in issue:
                issue["changelog"]["total"] = len(issue["changelog"]["histories"]) + 50
        return answer | {"values": [], "total": 0} if "/changelog" in path else answer

    answering(puller.company, empty)
    with puller.sessions.begin() as session:
        session.execute(delete(Signal))
        session.execute(delete(StreamCursor))
    puller.pull("jira")
    assert puller.kept("jira") == whole


def test_a_worklog_that_jira_still_has_is_not_taken_for_deleted_insight_3480(puller: Puller) -> None:
    puller.pull("jira")
    before = puller.kept("jira")

    def without(_path: str, answer: Any) -> Any:
        for issue in answer.get("issues", []) if isinstance(answer, dict) else []:
            if "worklog" in issue.get("fields", {}):
                issue["fields"]["worklog"] = {"worklogs": [], "total": 0}
        return answer

    answering(puller.company, without)
    for issue in puller.company.world.issues:
        issue.touched = max(i.updated for i in puller.company.world.issues) + LATER
    puller.pull("jira")
    assert puller.kept("jira") == before


# E: statuses have a life, and what was stored wrongly heals


def test_what_an_older_version_read_is_read_again_by_itself_after_todays_news(puller: Puller) -> None:
    """As after an upgrade: an older parser knew no first values, and nothing says that an issue has changed since."""
    puller.pull("jira")
    with puller.sessions.begin() as session:
        cursor = session.get_one(StreamCursor, ("jira", "issues"))
        cursor.state = {key: value for key, value in cursor.state.items() if key != "parser"}
        for signal in session.scalars(select(Signal).where(Signal.kind == "created")):
            signal.detail = {}
        for item in session.scalars(select(WorkItem)):
            item.effort_from, item.kind = None, "story"
    puller.pull("jira")
    with puller.sessions() as session:
        assert all("state" in one for one in session.scalars(select(Signal.detail).where(Signal.kind == "created")))
        assert set(
            session.scalars(select(WorkItem.kind).where(WorkItem.external_id == str(puller.company.world.issues[0].id)))
        ) == {"epic"}
        assert session.scalar(select(func.count()).where(WorkItem.effort_from.is_not(None))) == len(
            puller.company.world.issues
        )
        assert session.get_one(StreamCursor, ("jira", "issues")).state["parser"] >= 2


@pytest.mark.parametrize("source", ["slack", "hubspot"])
def test_other_sources_read_again_what_an_older_version_read(puller: Puller, source: str) -> None:
    puller.pull(source)
    before = puller.kept(source)
    with puller.sessions.begin() as session:
        for cursor in session.scalars(select(StreamCursor).where(StreamCursor.source == source)):
            cursor.state = {key: value for key, value in cursor.state.items() if key != "parser"}
        for signal in session.scalars(select(Signal).where(Signal.source == source)):
            signal.text = "as an older version read it"
    puller.pull(source)
    with puller.sessions() as session:
        assert session.scalar(select(func.count()).where(Signal.text == "as an older version read it")) == 0
    assert puller.kept(source) == before


# F and G, through the servers


def test_an_open_task_is_taken_for_work_once_it_is_done(puller: Puller) -> None:
    world = puller.company.world
    deal, at = world.records[0], max(record.modified for record in world.records)
    task = Record(
        "tasks",
        777_001,
        {
            "hs_task_subject": "Call",
            "hs_task_status": "NOT_STARTED",
            "hs_timestamp": "2026-07-10T10:00:00Z",
            "hubspot_owner_id": "1",
        },
        at,
        at,
        links=[("deals", deal.id)],
    )
    world.records.append(task)
    puller.pull("hubspot")
    assert "tasks:777001" not in puller.kept("hubspot")
    task.properties |= {"hs_task_status": "COMPLETED", "hs_task_completion_date": "2026-07-11T10:00:00Z"}
    task.modified = at + timedelta(minutes=1)
    puller.pull("hubspot")
    assert "tasks:777001" in puller.kept("hubspot")


def test_a_message_that_is_deleted_goes_because_slack_says_that_it_is_not_there(puller: Puller) -> None:
    puller.pull("slack")
    world = puller.company.world
    alone = next(m for m in world.messages if not m.thread and not any(o.thread == m.ts for o in world.messages))
    world.messages.remove(alone)
    at = max(float(m.ts) for m in world.messages)
    world.messages.append(Message(alone.channel, f"{at + 60:.6f}", 1, "something new"))
    puller.pull("slack")
    assert not any(alone.ts in id_ for id_ in puller.kept("slack"))


def test_a_channel_that_gets_another_id_doubles_nothing_dispatch_560_beproudbot_50(puller: Puller) -> None:
    puller.pull("slack")
    before = puller.kept("slack")
    renumber_channel(puller.company, "platform", "G00000099")
    puller.pull("slack")
    assert puller.kept("slack") == before
    puller.sweep("slack")
    assert puller.kept("slack") == before
    own = [m for m in puller.company.world.messages if m.channel == "platform" and not m.thread]
    newest = max(own, key=lambda m: float(m.ts))
    ts = f"{float(newest.ts) + 60:.6f}"
    puller.company.world.messages.append(replace(newest, ts=ts, text="One more"))
    puller.pull("slack")
    assert {name.rpartition(":")[2] for name in puller.kept("slack") - before} == {ts}
    puller.company.world.messages.remove(newest)
    puller.pull("slack")
    assert not any(name.endswith(newest.ts) for name in puller.kept("slack"))


def test_another_channel_of_the_same_name_has_messages_of_its_own(puller: Puller) -> None:
    """The old one was deleted and a new one made: what was said in the old one stays."""
    puller.pull("slack")
    before = puller.kept("slack")
    own = [m for m in puller.company.world.messages if m.channel == "platform"]
    puller.company.world.messages = [m for m in puller.company.world.messages if m.channel != "platform"]
    renumber_channel(puller.company, "platform", "C00000099")
    ts = f"{max(float(m.ts) for m in own) + 60:.6f}"
    puller.company.world.messages.append(replace(own[0], ts=ts, thread=None, text="A beginning"))
    puller.pull("slack")
    assert puller.kept("slack") - before == {f"C00000099:{ts}"}

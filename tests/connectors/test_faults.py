"""What vendors do to connectors, each by name: after it, the database holds exactly what is there, nothing more or less."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector, CredentialError, NotReachable, SourceError, SourceUnavailable
from models import Failure, Signal, StreamCursor, WorkItem, connect
from pipeline.ingest import pull as ingest
from pipeline.ingest import sweep as sweeps
from simulator.code import Code
from simulator.server import Simulator
from simulator.world import Issue, Message, Record
from tests.conftest import LONG_AGO, connect_to, newest_sqlite
from tests.connectors import truth, truth_github

LATER = timedelta(hours=1)
CHANNELS = ["platform", "sales", "iberia", "care", "random"]
"""All that is written in Slack: a third of the company's, since each channel and thread is a request."""


@dataclass
class Puller:
    """A database, and pulls from the company into it."""

    company: Simulator
    sessions: sessionmaker[Session]

    def pull(self, source: str, since: datetime = LONG_AGO, **changes: object) -> dict[str, int]:
        return ingest.pull(self.connector(source, **changes), self.sessions, since)

    def sweep(self, source: str) -> None:
        sweeps.sweep(self.connector(source), self.sessions)

    def connector(self, source: str, **changes: object) -> Connector:
        return connect_to(self.company, source, **({"channels": CHANNELS} if source == "slack" else {}) | changes)

    def holds_the_truth(self, source: str, channels: list[str] | None = None) -> None:
        """The set of signals, with their times, hours and items, and the items with their words."""
        there = _expected(self, source, channels)
        kept = {row for row in truth.kept_signals(self.sessions) if row[0] == source}
        assert kept == there, (f"missing {sorted(there - kept)[:3]}", f"too much {sorted(kept - there)[:3]}")
        assert there
        if source == "github":
            items = truth_github.items_of(self.company)
        else:
            items = {row for row in truth.items_of(self.company, channels) if row[0] == source}
        assert {row for row in truth.kept_items(self.sessions) if row[0] == source} == items

    def failures(self) -> list[str]:
        with self.sessions() as session:
            return list(session.scalars(select(Failure.external_id)))

    def texts(self, source: str) -> list[str | None]:
        with self.sessions() as session:
            return list(session.scalars(select(Signal.text).where(Signal.source == source)))


@pytest.fixture
def puller(company: Simulator, tmp_path: Path) -> Puller:
    engine = connect(newest_sqlite(tmp_path / "faults.db"))
    company.world.messages = [one for one in company.world.messages if one.channel in CHANNELS]
    company.github.code = Code(company.world, ("fleet",), most=8)
    return Puller(company, sessionmaker(engine))


def newest(company: Simulator) -> datetime:
    return max(issue.updated for issue in company.world.issues)


def once(path: str, act: Callable[[], None]) -> Callable[[str], None]:
    """Run `act` before the second request to that path."""
    seen = 0

    def before(asked: str) -> None:
        nonlocal seen
        if path in asked:
            seen += 1
            if seen == 2:
                act()

    return before


def last_messages(company: Simulator, channel: str) -> float:
    return max(float(m.ts) for m in company.world.messages if m.channel == channel)


# Jira


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles", "Asia/Kathmandu"])
def test_a_jira_account_whose_time_zone_is_not_utc(puller: Puller, zone: str) -> None:
    puller.company.config.jira_time_zone = zone
    puller.pull("jira")
    issue = puller.company.world.issues[-1]
    issue.worklogs.append((newest(puller.company) + timedelta(minutes=1), 1, 1.5))
    puller.pull("jira")
    puller.holds_the_truth("jira")


def test_an_issue_that_changes_every_minute(puller: Puller) -> None:
    """It moves to the end of the walk before each page, so a walk by place would skip a neighbour."""
    company = puller.company
    busy = min((i for i in company.world.issues if i.type != "Epic"), key=lambda i: i.updated)
    company.config.faults.before = lambda path: (
        busy.comments.append((newest(company) + timedelta(minutes=1), 1, "again"))
        if "/search/jql" in path and len(busy.comments) < 40
        else None
    )
    puller.pull("jira")
    company.config.faults.before = None
    puller.pull("jira")
    puller.holds_the_truth("jira")


def test_an_issue_updated_a_moment_ago_is_missing_from_the_search_while_a_later_one_is_there(puller: Puller) -> None:
    puller.pull("jira")
    late, early = puller.company.world.issues[-1], puller.company.world.issues[-2]
    at = newest(puller.company)
    early.comments.append((at + timedelta(minutes=1), 1, "not indexed yet"))
    late.comments.append((at + timedelta(minutes=2), 1, "indexed"))
    puller.company.config.unindexed.add(str(early.id))
    puller.pull("jira")
    assert "indexed" in puller.texts("jira")
    assert "not indexed yet" not in puller.texts("jira")
    puller.company.config.unindexed.clear()
    puller.pull("jira")
    puller.holds_the_truth("jira")


def test_an_issue_that_moves_project_keeps_its_signals(puller: Puller) -> None:
    puller.pull("jira")
    issue = puller.company.world.issues[-1]
    issue.project, issue.key, issue.touched = "PLT", "PLT-9999", newest(puller.company) + LATER
    puller.pull("jira")
    puller.holds_the_truth("jira")
    with puller.sessions() as session:
        row = session.scalar(select(WorkItem).where(WorkItem.external_id == str(issue.id)))
        assert row is not None
        assert (row.key, row.container) == ("PLT-9999", "PLT")


def test_an_issue_that_moves_to_a_project_that_the_account_does_not_see_goes(puller: Puller) -> None:
    puller.pull("jira")
    issue = puller.company.world.issues[-1]
    puller.company.world.issues.remove(issue)  # 404, as for one that is deleted
    puller.pull("jira")
    puller.sweep("jira")
    left = [row for row in truth.kept_items(puller.sessions) if row[1] == str(issue.id)]
    assert left == []
    there = {row for row in truth.signals_of(puller.company) if row[0] == "jira"}
    assert truth.kept_signals(puller.sessions) == there


def test_a_deleted_issue_goes_with_its_signals_though_the_search_lags(puller: Puller) -> None:
    puller.pull("jira")
    world = puller.company.world
    gone = [i for i in world.issues if i.type != "Epic"][:3]
    world.issues = [i for i in world.issues if i not in gone]
    puller.company.config.unindexed.add(str(world.issues[-1].id))  # there, but not in the index: must stay
    puller.sweep("jira")
    puller.holds_the_truth("jira")


def test_a_project_that_is_no_longer_visible_deletes_nothing(puller: Puller) -> None:
    puller.pull("jira")
    kept = truth.kept_signals(puller.sessions)
    puller.company.config.jira_projects = frozenset({"APP"})
    with pytest.raises(NotReachable, match="nothing is taken for deleted"):
        puller.sweep("jira")
    assert truth.kept_signals(puller.sessions) == kept


def test_an_issue_that_is_reparented(puller: Puller) -> None:
    puller.pull("jira")
    issue = next(i for i in puller.company.world.issues if i.parent)
    epic = next(i for i in puller.company.world.issues if i.type == "Epic" and i is not issue.parent)
    issue.parent, issue.touched = epic, newest(puller.company) + LATER
    puller.pull("jira")
    with puller.sessions() as session:
        assert session.scalar(select(WorkItem.parent).where(WorkItem.external_id == str(issue.id))) == str(epic.id)


def test_more_than_100_changelog_entries_and_20_worklogs(puller: Puller) -> None:
    issue, at = puller.company.world.issues[-1], newest(puller.company)
    for n in range(230):
        issue.changes.append((at + timedelta(minutes=n), 1, "status", "To Do", "In Progress"))
        issue.worklogs.append((at + timedelta(minutes=n), 1, 0.25))
        issue.comments.append((at + timedelta(minutes=n), 1, f"comment {n}"))
    puller.pull("jira")
    puller.holds_the_truth("jira")


def test_edited_and_deleted_worklogs_and_comments(puller: Puller) -> None:
    issue, at = puller.company.world.issues[-1], newest(puller.company)
    issue.worklogs += [(at, 1, 1.0), (at, 2, 2.0)]
    issue.comments += [(at, 1, "first"), (at, 2, "second")]
    puller.pull("jira")
    place = len(issue.worklogs)
    issue.worklogs[place - 2], issue.worklogs[place - 1] = (at, 1, 3.5), None
    issue.comments[-2], issue.comments[-1] = (at, 1, "first, edited"), None
    issue.touched = at + LATER
    puller.pull("jira")
    puller.holds_the_truth("jira")
    assert "first, edited" in puller.texts("jira")
    assert "second" not in puller.texts("jira")


def test_issues_updated_between_two_pages(puller: Puller) -> None:
    company = puller.company

    def touch() -> None:
        for issue in sorted(company.world.issues, key=lambda i: i.updated)[:30]:
            issue.comments.append((newest(company) + timedelta(seconds=1), 1, "between two pages"))

    company.config.faults.before = once("/search/jql", touch)
    puller.pull("jira")
    company.config.faults.before = None
    puller.pull("jira")
    puller.holds_the_truth("jira")


def test_two_hundred_and_fifty_issues_of_one_millisecond(puller: Puller) -> None:
    """A bulk change: more than a page shares one time, so only the token leads on."""
    at = newest(puller.company) + LATER
    for n in range(250):
        issue = Issue(90_000 + n, f"APP-{5000 + n}", "APP", "Task", f"bulk {n}", None, 1, at - LATER)
        issue.touched = at
        puller.company.world.issues.append(issue)
    puller.pull("jira")
    puller.holds_the_truth("jira")


def test_daylight_saving_days(puller: Puller) -> None:
    """Work logged in the hour that the clock skips, and in the one that it repeats, by an account in that zone."""
    issue = puller.company.world.issues[-1]
    spring = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    autumn = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    issue.worklogs += [(spring + timedelta(minutes=30 * n), 1, 0.5) for n in range(6)]
    issue.worklogs += [(autumn + timedelta(minutes=30 * n), 1, 0.5) for n in range(6)]
    issue.touched = newest(puller.company)
    puller.pull("jira")
    puller.holds_the_truth("jira")


# Slack


def test_edited_and_deleted_messages_and_replies(puller: Puller) -> None:
    world = puller.company.world
    puller.pull("slack")
    root = next(m for m in world.messages[::-1] if not m.thread and any(r.thread == m.ts for r in world.messages))
    replies = [m for m in world.messages if m.thread == root.ts]
    single = [m for m in world.messages if not m.thread and not any(r.thread == m.ts for r in world.messages)]
    root.text, replies[0].text, single[0].text = "root, edited", "reply, edited", "single, edited"
    world.messages = [m for m in world.messages if m is not single[1]]
    if len(replies) > 1:
        world.messages = [m for m in world.messages if m is not replies[-1]]
    puller.pull("slack")
    puller.sweep("slack")
    puller.pull("slack")
    puller.holds_the_truth("slack")
    assert {"root, edited", "reply, edited", "single, edited"} <= set(puller.texts("slack"))


def test_a_deleted_root_leaves_a_tombstone_and_its_replies(puller: Puller) -> None:
    world = puller.company.world
    puller.pull("slack")
    root = next(m for m in world.messages if not m.thread and any(r.thread == m.ts for r in world.messages))
    root.tombstone, root.text = True, "This message was deleted."
    puller.pull("slack")
    puller.holds_the_truth("slack")


def test_replies_to_a_thread_whose_root_is_60_days_old(puller: Puller) -> None:
    world = puller.company.world
    old = last_messages(puller.company, "platform") - 60 * 86_400
    world.messages.append(Message("platform", f"{old:.6f}", 1, "the old root"))
    puller.pull("slack", thread_days=90)
    world.messages.append(Message("platform", f"{old + 60 * 86_400 + 50_000:.6f}", 2, "late answer", f"{old:.6f}"))
    puller.pull("slack", thread_days=90)
    assert "late answer" in puller.texts("slack")
    puller.holds_the_truth("slack")


def test_a_reply_that_comes_while_its_pass_runs(puller: Puller) -> None:
    """An old thread is answered after its page was read and before a newer answer elsewhere is seen."""
    world = puller.company.world
    puller.pull("slack", channels=["platform"])
    roots = sorted((m for m in world.messages if m.channel == "platform" and not m.thread), key=lambda m: float(m.ts))
    end = last_messages(puller.company, "platform")

    def answer() -> None:
        world.messages.append(Message("platform", f"{end + 100:.6f}", 1, "after its page", roots[-1].ts))
        world.messages.append(Message("platform", f"{end + 200:.6f}", 1, "before its page", roots[0].ts))

    for n in range(450):  # several pages, so that the pass is still under way
        world.messages.append(Message("platform", f"{float(roots[0].ts) + 0.001 * (n + 1):.6f}", 1, f"line {n}"))
    puller.company.config.faults.before = once("conversations.history", answer)
    for _ in range(3):
        puller.pull("slack", channels=["platform"])
    assert {"after its page", "before its page"} <= set(puller.texts("slack"))


def test_a_thread_broadcast_is_one_signal_of_its_thread(puller: Puller) -> None:
    world = puller.company.world
    root = next(m for m in world.messages if m.channel == "platform" and not m.thread)
    ts = f"{last_messages(puller.company, 'platform') + 5:.6f}"
    world.messages.append(Message("platform", ts, 1, "for all to see", root.ts, broadcast=True))
    puller.pull("slack")
    puller.holds_the_truth("slack")


def test_a_thread_of_fifty_megabytes(puller: Puller) -> None:
    """1,050 replies of 40,000 characters, each twice as Slack sends them: read page by page, cut, and none lost."""
    world = puller.company.world
    root = max((m for m in world.messages if m.channel == "platform" and not m.thread), key=lambda m: float(m.ts))
    for n in range(1_050):
        world.messages.append(
            Message("platform", f"{float(root.ts) + 1 + n:.6f}", 1, f"answer {n} " + "word " * 5_000, root.ts)
        )
    puller.pull("slack", channels=["platform"])
    world.messages.append(Message("platform", f"{float(root.ts) + 50_000:.6f}", 1, "one more", root.ts))
    for _ in range(2):
        puller.pull("slack", channels=["platform"])
    puller.holds_the_truth("slack", ["platform"])


def test_an_archived_channel_is_read_to_its_end(puller: Puller) -> None:
    puller.company.slack.archived.add("platform")
    puller.pull("slack")
    puller.holds_the_truth("slack")


def test_a_channel_left_mid_pull_is_said_and_the_others_go_on(puller: Puller) -> None:
    puller.company.config.faults.before = once("conversations.history", lambda: puller.company.slack.left.add("random"))
    with pytest.raises(NotReachable, match="/invite"):
        puller.pull("slack")
    with puller.sessions() as session:
        errors = {row.stream: row.error for row in session.scalars(select(StreamCursor)) if row.error}
    assert list(errors) == ["channel random"]
    puller.company.config.faults.before = None
    puller.company.slack.left.clear()
    puller.pull("slack")
    puller.holds_the_truth("slack")


def test_a_listed_channel_that_is_not_there_is_said_and_the_others_go_on(puller: Puller) -> None:
    with pytest.raises(NotReachable, match="#nowhere does not exist"):
        puller.pull("slack", channels=["platform", "nowhere"])
    puller.holds_the_truth("slack", ["platform"])


def test_a_private_channel_is_read_where_it_is_listed_and_allowed(puller: Puller) -> None:
    puller.company.slack.private.add("platform")
    with pytest.raises(NotReachable, match="platform"):
        puller.pull("slack", channels=["platform"])
    puller.company.config.slack_scopes |= {"groups:read", "groups:history"}
    puller.pull("slack", channels=["platform"])
    puller.holds_the_truth("slack", ["platform"])


def test_direct_messages_are_never_asked_for(puller: Puller) -> None:
    slack = puller.company.slack
    puller.company.config.slack_scopes |= {"groups:read", "groups:history", "im:read", "im:history", "mpim:history"}
    puller.pull("slack", channels=["platform"])
    kinds = {
        kind for method, given in slack.asked if method == "conversations.list" for kind in given["types"].split(",")
    }
    assert kinds == {"public_channel", "private_channel"}
    read = {
        given["channel"]
        for method, given in slack.asked
        if method in ("conversations.history", "conversations.replies")
    }
    assert {slack.channels[id_] for id_ in read} == {"platform"}


# HubSpot


def test_more_than_10000_objects_changed_in_one_window_many_in_the_same_millisecond(puller: Puller) -> None:
    world = puller.company.world
    deal = next(r for r in world.records if r.type == "deals")
    at = max(r.modified for r in world.records)
    for n in range(10_400):
        stamp = at if n % 2 else at + timedelta(milliseconds=n)
        properties = {"hs_note_body": f"<p>{n}</p>", "hs_timestamp": "2026-07-01T10:00:00.000Z"}
        world.records.append(Record("notes", 900_000 + n, properties, stamp, stamp, links=[("deals", deal.id)]))
    puller.company.config.frozen = True
    puller.pull("hubspot")
    puller.holds_the_truth("hubspot")


def test_the_search_lags_behind_what_was_written(puller: Puller) -> None:
    puller.pull("hubspot")
    notes = [r for r in puller.company.world.records if r.type == "notes"]
    at = max(r.modified for r in puller.company.world.records)
    for n, note in enumerate(notes[:2]):
        note.properties["hs_note_body"], note.modified = f"<p>edited {n}</p>", at + timedelta(minutes=n + 1)
    puller.company.config.unindexed.add(str(notes[0].id))
    puller.pull("hubspot")
    assert "edited 0" not in puller.texts("hubspot")
    puller.company.config.unindexed.clear()
    puller.pull("hubspot")
    assert {"edited 0", "edited 1"} <= set(puller.texts("hubspot"))
    puller.holds_the_truth("hubspot")


def test_archived_records_go_with_what_hangs_on_them(puller: Puller) -> None:
    puller.pull("hubspot")
    world = puller.company.world
    deal = next(r for r in world.records if r.type == "deals" and any((r.type, r.id) in o.links for o in world.records))
    call = next(r for r in world.records if r.type == "calls" and ("deals", deal.id) not in r.links)
    deal.archived = call.archived = True
    puller.sweep("hubspot")
    puller.holds_the_truth("hubspot")


def test_a_deal_that_moves_to_a_pipeline_that_is_not_listed_keeps_its_past_and_comes_back(puller: Puller) -> None:
    puller.pull("hubspot")
    kept = truth.kept_signals(puller.sessions)
    deal = next(r for r in puller.company.world.records if r.type == "deals")
    before, at = deal.properties["pipeline"], max(r.modified for r in puller.company.world.records)
    deal.properties["pipeline"], deal.modified = "77", at + timedelta(minutes=1)
    puller.pull("hubspot")
    assert truth.kept_signals(puller.sessions) == kept
    deal.properties["pipeline"], deal.modified = before, at + timedelta(minutes=2)
    for record in puller.company.world.records:
        if ("deals", deal.id) in record.links:
            record.modified = at + timedelta(minutes=2)
    puller.pull("hubspot")
    puller.holds_the_truth("hubspot")


def test_more_than_100_associations_of_one_record(puller: Puller) -> None:
    """Only the last of 250 linked deals is in a listed pipeline."""
    world = puller.company.world
    note = next(r for r in world.records if r.type == "notes" and r.links[0][0] == "deals")
    others = []
    for n in range(249):
        properties = {"dealname": "elsewhere", "pipeline": "77", "dealstage": "1", "createdate": "2026-07-01T10:00:00Z"}
        world.records.append(Record("deals", 700_000 + n, properties, note.created, note.created))
        others.append(("deals", 700_000 + n))
    note.links[:] = [*others, *note.links]
    puller.pull("hubspot")
    kept = {row for row in truth.kept_signals(puller.sessions) if row[0] == "hubspot"}
    assert kept == {row for row in truth.signals_of(puller.company) if row[0] == "hubspot"}
    assert f"notes:{note.id}" in {row[1] for row in kept}


def test_records_updated_between_two_pages(puller: Puller) -> None:
    world = puller.company.world
    deal = next(r for r in world.records if r.type == "deals")
    at = max(r.modified for r in world.records)
    for n in range(450):
        properties = {"hs_note_body": f"<p>{n}</p>", "hs_timestamp": "2026-07-01T10:00:00.000Z"}
        world.records.append(Record("notes", 900_000 + n, properties, at, at, links=[("deals", deal.id)]))

    def touch() -> None:
        for record in world.records:
            if record.type == "notes" and record.id % 3 == 0:
                record.properties["hs_note_body"], record.modified = "<p>touched</p>", at + timedelta(minutes=1)

    puller.company.config.faults.before = once("/objects/notes/search", touch)
    puller.pull("hubspot")
    puller.company.config.faults.before = None
    puller.pull("hubspot")
    puller.holds_the_truth("hubspot")
    touched = sum(r.type == "notes" and r.id % 3 == 0 for r in world.records)
    assert puller.texts("hubspot").count("touched") == touched


def test_owners_without_a_user_and_archived_ones(puller: Puller) -> None:
    puller.company.hubspot.archived_owners += [
        {"id": "88", "email": None, "firstName": "Gone", "lastName": None, "userId": None, "archived": True},
        {"id": "89", "archived": True},
    ]
    puller.pull("hubspot")
    puller.holds_the_truth("hubspot")
    assert puller.failures() == []


def test_an_engagement_of_no_listed_deal_is_not_read(puller: Puller) -> None:
    call = next(r for r in puller.company.world.records if r.type == "calls")
    call.links.clear()
    puller.pull("hubspot")
    puller.holds_the_truth("hubspot")


# Bad answers, of each source


@pytest.mark.parametrize("kind", ["truncate", "cut", "html", "500", "reset", "429"])
@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("jira", "/search/jql"),
        ("slack", "conversations.history"),
        ("hubspot", "/search"),
        ("github", "/issues?"),
    ],
)
def test_a_bad_answer_is_asked_for_again(puller: Puller, source: str, path: str, kind: str) -> None:
    puller.company.config.faults.plan.append([path, kind, 1])
    puller.pull(source)
    assert puller.company.config.faults.seen == {kind: 1}
    puller.holds_the_truth(source)


@pytest.mark.parametrize("source", ["jira", "slack", "hubspot", "github"])
def test_a_server_that_stops_answering_times_out(puller: Puller, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.hubspot.client.TIMEOUT_SECONDS", 0.3)
    path = {
        "jira": "/search/jql",
        "slack": "conversations.history",
        "hubspot": "/objects/calls/search",
        "github": "/issues?",
    }[source]
    puller.company.config.faults.plan.append([path, "timeout", 1])
    puller.company.config.faults.seconds = 1.5
    puller.pull(source, **({} if source == "hubspot" else {"timeout": 0.3 if source == "jira" else 1}))
    puller.holds_the_truth(source)


@pytest.mark.parametrize("source", ["jira", "slack", "hubspot", "github"])
def test_an_outage_is_said_in_a_sentence_and_the_next_pull_goes_on(
    puller: Puller, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.retry.ATTEMPTS", 1)
    puller.company.config.faults.rates = {"500": 1.0}
    with pytest.raises(SourceUnavailable, match="500"):
        puller.pull(source)
    puller.company.config.faults.rates = {}
    puller.pull(source)
    puller.holds_the_truth(source)
    assert puller.failures() == []


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("jira", "/search/jql"),
        ("slack", "conversations.replies"),
        ("hubspot", "/search"),
        ("github", "/timeline"),
    ],
)
def test_a_token_that_expires_mid_pull(puller: Puller, source: str, path: str) -> None:
    seen = 0

    def before(asked: str) -> None:
        nonlocal seen
        seen += path in asked
        if seen == 3:
            puller.company.config.faults.rates = {"401": 1.0}

    puller.company.config.faults.before = before
    with pytest.raises(CredentialError, match="rejected"):
        puller.pull(source)
    puller.company.config.faults.before, puller.company.config.faults.rates = None, {}
    puller.pull(source)
    puller.holds_the_truth(source)


def spoil(company: Simulator, path: str, change: Callable[[Any], None]) -> None:
    """Change the JSON of every answer to that path."""

    def changed(asked: str, body: bytes) -> bytes:
        if path not in asked:
            return body
        answer = json.loads(body)
        change(answer)
        return json.dumps(answer).encode()

    company.config.faults.change = changed


def in_jira(id_: str, field: str, value: Any) -> Callable[[Any], None]:
    def change(answer: Any) -> None:
        for issue in answer.get("issues", []):
            if issue["id"] == id_ and "fields" in issue:
                issue["fields"][field] = value

    return change


DEEP = "x"
for _ in range(3_000):
    DEEP = [DEEP]  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("created", 17),
        ("status", "Done"),
        ("worklog", {"total": 1, "worklogs": [{"id": "1", "started": "soon"}]}),
        ("comment", {"total": 1, "comments": [None]}),
        ("labels", 5),
        ("issuetype", None),
        ("parent", {"key": "no id"}),
        (
            "worklog",
            {
                "total": 1,
                "worklogs": [{"id": "1", "started": "2026-07-01T10:00:00.000+0000", "timeSpentSeconds": "NaN"}],
            },
        ),
    ],
)
def test_a_field_of_the_wrong_type_sets_one_issue_aside_and_is_tried_again(
    puller: Puller, field: str, value: Any
) -> None:
    issue = puller.company.world.issues[-1]
    spoil(puller.company, "/search/jql", in_jira(str(issue.id), field, value))
    puller.pull("jira")
    assert puller.failures() == [str(issue.id)]
    with puller.sessions() as session:
        kept = str(issue.id) in set(session.scalars(select(Signal.item)))
    assert kept is (field in ("worklog", "comment"))  # a part that is odd costs itself alone
    puller.company.config.faults.change = None
    done = sweeps.retry_failed(connect_to(puller.company, "jira"), puller.sessions)
    assert done == {"read": 1, "failures": 0}
    puller.holds_the_truth("jira")


@pytest.mark.parametrize("source", ["slack", "hubspot"])
def test_a_broken_message_or_record_is_set_aside_and_tried_again(puller: Puller, source: str) -> None:
    def change(answer: Any) -> None:
        if source == "slack":
            for message in answer.get("messages", [])[:1]:
                message["text"] = {"not": "text"}
        else:
            for record in answer.get("results", [])[:1]:
                if "hs_timestamp" in record["properties"]:
                    record["properties"]["hs_timestamp"] = "yesterday"

    spoil(puller.company, "conversations.history" if source == "slack" else "/objects/calls/search", change)
    puller.pull(source)
    assert puller.failures()
    puller.company.config.faults.change = None
    assert sweeps.retry_failed(puller.connector(source), puller.sessions)["failures"] == 0
    puller.holds_the_truth(source)


def test_an_issue_that_breaks_every_answer_it_is_in_is_set_aside(
    puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server fails for each page that holds it, so the page is read one by one."""
    monkeypatch.setattr("connectors.retry.ATTEMPTS", 1)
    issue = puller.company.world.issues[-1]
    marker = f'"id":"{issue.id}"'.encode()

    def broken(asked: str, body: bytes) -> bytes:
        compact = body.replace(b'"id": "', b'"id":"')
        return b"<html>Oops" if marker in compact and b"description" in compact else body

    puller.company.config.faults.change = broken
    puller.pull("jira")
    assert puller.failures() == [str(issue.id)]
    puller.company.config.faults.change = None
    sweeps.retry_failed(connect_to(puller.company, "jira"), puller.sessions)
    puller.holds_the_truth("jira")


def test_an_issue_that_changes_while_its_page_is_read_one_by_one_hides_no_other(
    puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read by itself it is newer than its page: the walk must go on from the page, not from it."""
    monkeypatch.setattr("connectors.retry.ATTEMPTS", 1)
    monkeypatch.setattr("connectors.jira.client.PAGE_SIZE", 40)
    company, broken = puller.company, 0
    recent = sorted((i for i in company.world.issues if i.type != "Epic"), key=lambda i: i.updated)[-90]

    def spoiled(asked: str, body: bytes) -> bytes:
        nonlocal broken
        if "/search/jql" in asked and b"description" in body and broken < 1:
            broken += 1
            return b"<html>Oops"
        return body

    def touch(asked: str) -> None:
        if "bulkfetch" in asked and recent.touched is None:
            for issue in company.world.issues:
                issue.touched = newest(company) + LATER if issue is recent else issue.touched

    company.config.faults.change, company.config.faults.before = spoiled, touch
    puller.pull("jira", recent.updated - timedelta(seconds=1))
    assert broken == 1
    assert recent.touched is not None
    kept = {row[2] for row in truth.kept_signals(puller.sessions)}
    assert {str(i.id) for i in company.world.issues if i.touched is None and i.updated >= recent.changes[-1][0]} <= kept


@pytest.mark.parametrize(
    "description",
    [
        {"type": "doc", "content": "not a list"},
        {"type": "doc", "content": [None, 7, {"type": 3}]},
        [1, 2],
        {"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "wörd " * 2_000_000}]}]},
        {"type": "doc", "content": [{"type": "text", "text": "half \ud83d a pair, and a nul \x00"}]},
    ],
    ids=["no list", "no nodes", "a list", "enormous", "surrogates"],
)
def test_a_broken_or_enormous_description_loses_nothing_else(puller: Puller, description: Any) -> None:
    issue = puller.company.world.issues[-1]
    spoil(puller.company, "/search/jql", in_jira(str(issue.id), "description", description))
    puller.pull("jira")
    assert puller.failures() == []
    puller.holds_the_truth("jira")
    with puller.sessions() as session:
        text = session.scalar(select(WorkItem.text).where(WorkItem.external_id == str(issue.id)))
    assert text is None or len(text) <= 20_000


def test_surrogates_and_overlong_names_everywhere(puller: Puller) -> None:
    def change(answer: Any) -> None:
        for issue in answer.get("issues", []):
            if "fields" in issue:
                issue["fields"]["status"]["name"] = "In Progress \ud83d" + "!" * 400
                issue["fields"]["labels"] = ["\udc00label\x00"]
                for history in issue.get("changelog", {}).get("histories", []):
                    history["author"]["displayName"] = "Ann \ud83d" + "x" * 500

    spoil(puller.company, "/search/jql", change)
    puller.pull("jira")
    puller.holds_the_truth("jira")
    with puller.sessions() as session:
        assert all(len(s or "") <= 200 for s in session.scalars(select(WorkItem.status)))


def test_an_answer_nested_deeper_than_json_can_be_read(puller: Puller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.retry.ATTEMPTS", 1)
    issue = puller.company.world.issues[-1]
    deep = b"[" * 100_000 + b"]" * 100_000

    def nested(asked: str, body: bytes) -> bytes:
        answer = json.loads(body) if "/search/jql" in asked or "bulkfetch" in asked else {}
        for one in answer.get("issues", []):
            if one["id"] == str(issue.id) and "description" in one.get("fields", {}):
                return body[:-1] + b', "deep": ' + deep + b"}"
        return body

    puller.company.config.faults.change = nested
    puller.pull("jira")
    assert puller.failures() == [str(issue.id)]


# Killed and cut short


_WALKS = {"jira": "client", "slack": "connector", "hubspot": "search"}
"""Where the size of a page is read."""


@pytest.mark.parametrize("source", ["jira", "slack", "hubspot", "github"])
def test_killed_at_any_page_it_goes_on_and_ends_at_the_truth(
    puller: Puller, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if source == "github":
        monkeypatch.setattr("connectors.github.walk.LOT", 3)
    else:
        monkeypatch.setattr(f"connectors.{source}.{_WALKS[source]}.PAGE_SIZE", 20)

    class KilledError(Exception):
        pass

    killed = 0
    for allowed in itertools.count(1):
        pages = allowed

        def die(stream: str, new: int) -> None:
            nonlocal pages
            pages -= 1
            if pages < 0:
                raise KilledError

        before = len(truth.kept_signals(puller.sessions))
        try:
            ingest.pull(
                connect_to(puller.company, source, channels=["platform", "sales", "iberia"])
                if source == "slack"
                else connect_to(puller.company, source),
                puller.sessions,
                LONG_AGO,
                die,
            )
            break
        except KilledError:
            killed += 1
            assert len(truth.kept_signals(puller.sessions)) >= before
    assert killed >= 2
    puller.holds_the_truth(source, ["platform", "sales", "iberia"] if source == "slack" else None)


def _expected(puller: Puller, source: str, channels: list[str] | None = None) -> set[truth.Row]:
    if source == "github":
        return truth_github.signals_of(puller.company)
    return {row for row in truth.signals_of(puller.company, channels) if row[0] == source}


def test_a_backfill_runs_newest_first_and_is_cut_by_its_budget(puller: Puller) -> None:
    """With no time for the past, what is recent is there, and the next pull goes on from it."""
    done = ingest.pull(connect_to(puller.company, "jira"), puller.sessions, LONG_AGO, budget=timedelta())
    assert done["unfinished"] == 1
    recent = {row for row in _expected(puller, "jira") if row[3] > datetime(2026, 7, 3, tzinfo=UTC)}
    assert recent <= truth.kept_signals(puller.sessions)
    assert truth.kept_signals(puller.sessions) != _expected(puller, "jira")
    assert ingest.pull(connect_to(puller.company, "jira"), puller.sessions, LONG_AGO)["unfinished"] == 0
    puller.holds_the_truth("jira")


def test_a_longer_history_is_read_when_the_setting_grows(puller: Puller) -> None:
    since = newest(puller.company) - timedelta(days=3)
    puller.pull("jira", since)
    assert truth.kept_signals(puller.sessions) != _expected(puller, "jira")
    puller.pull("jira")
    puller.holds_the_truth("jira")


# At the vendor's speed


@pytest.mark.usefixtures("real_clock")
def test_the_vendors_limits_are_never_overstepped(puller: Puller) -> None:
    """At 40 times the vendors' pace nobody says 429, though four streams pull at once."""
    company = puller.company
    company.config.speed = 40
    company.slack.limits._speed = 40
    for limits in (company.jira.limits, company.hubspot.searches, company.hubspot.others):
        limits._speed, limits._burst = 40, 40 * limits._burst  # what a second allows at once grows with it
    for source in ("jira", "hubspot"):
        puller.pull(source)
        puller.holds_the_truth(source)
    puller.pull("slack", channels=["platform", "iberia", "sales", "care"])
    refused = (
        company.jira.limits.refused,
        company.slack.limits.refused,
        company.hubspot.searches.refused,
        company.hubspot.others.refused,
    )
    assert refused == (0, 0, 0, 0)


@pytest.mark.usefixtures("real_clock")
def test_slacks_strict_regime_of_one_request_a_minute_and_15_messages(puller: Puller) -> None:
    """Sixty times faster than a minute, so that the test ends: 15 messages a request, one request a second."""
    company = puller.company
    company.config.slack_page, company.config.slack_per_minute = 15, 1
    company.slack.limits.__init__(rate=1 / 60, burst=1, speed=240)  # type: ignore[misc]
    since = datetime.fromtimestamp(last_messages(company, "iberia") - 3 * 86_400, UTC)
    puller.pull("slack", since, channels=["iberia"], requests_per_minute=240)
    kept = {row[1] for row in truth.kept_signals(puller.sessions)}
    roots = {
        m.ts
        for m in company.world.messages
        if m.channel == "iberia" and not m.thread and float(m.ts) > since.timestamp()
    }
    there = {m.ts for m in company.world.messages if m.channel == "iberia" and (m.thread or m.ts) in roots}
    assert {id_.split(":")[1] for id_ in kept} == there


@pytest.mark.parametrize("source", ["jira", "slack", "hubspot", "github"])
def test_no_secret_is_in_any_error(puller: Puller, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.retry.ATTEMPTS", 1)
    token = str((puller.company.settings() | puller.company.more_settings())[source]["token"])
    for kind in ("500", "html", "truncate", "reset", "401", "cut"):
        puller.company.config.faults.rates = {kind: 1.0}
        with pytest.raises(SourceError) as caught:
            puller.pull(source)
        assert token not in str(caught.value)
        assert token not in repr(caught.value.__cause__)
        assert caught.value.__cause__ is None

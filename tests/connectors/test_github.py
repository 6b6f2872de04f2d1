"""What users of other GitHub connectors reported, each by name, and what is GitHub's own."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import NotReachable, ScopeError, SignalKind, SourceError
from connectors.github.client import api_address
from connectors.github.parse import Parts, is_merge, parse_commit, parse_item
from connectors.github.parse import Repository as Named
from connectors.github.people import People
from connectors.github.text import from_markdown, mentions
from connectors.limits import Limiter
from leeway import logs
from models import Account, Failure, Person, Signal, WorkItem, connect
from pipeline.ingest import pull as ingest
from pipeline.ingest import sweep as sweeps
from pipeline.people import identity
from pipeline.register.document import Member, Register, Team
from simulator.api.config import GITHUB_TOKEN
from simulator.code import Code, Remark, Repository, Ticket
from simulator.server import Simulator
from tests.conftest import LONG_AGO, NOW, connect_to, newest_sqlite
from tests.connectors import truth, truth_github
from tests.connectors.clock import SetClock

DAY = timedelta(days=1)


@dataclass
class Hub:
    """The company's GitHub, one repository of it, and a database that pulls it."""

    company: Simulator
    sessions: sessionmaker[Session]

    @property
    def code(self) -> Code:
        return self.company.github.code

    @property
    def repository(self) -> Repository:
        return self.code.repositories[0]

    def pull(self, since: datetime = LONG_AGO, **changes: Any) -> dict[str, int]:
        return ingest.pull(connect_to(self.company, "github", **changes), self.sessions, since)

    def sweep(self, **changes: Any) -> None:
        sweeps.sweep(connect_to(self.company, "github", **changes), self.sessions)

    def holds_the_truth(self) -> None:
        kept, there = truth.kept_signals(self.sessions), truth_github.signals_of(self.company)
        assert kept == there, (f"missing {sorted(there - kept)[:3]}", f"too much {sorted(kept - there)[:3]}")
        assert truth.kept_items(self.sessions) == truth_github.items_of(self.company)
        with self.sessions() as session:
            assert list(session.scalars(select(Failure.reason))) == []

    def add(self, count: int, at: datetime, step: timedelta = timedelta()) -> list[Ticket]:
        """Issues that nobody has touched since."""
        first = max(self.repository.tickets, default=0) + 1
        user = next(iter(self.code.numbers.values()))
        for n in range(count):
            ticket = Ticket(self.code.next_id(), first + n, f"issue {n}", None, user, at + n * step)
            self.repository.tickets[ticket.number] = ticket
        return [self.repository.tickets[first + n] for n in range(count)]

    def issue(self) -> Ticket:
        return next(one for one in self.repository.tickets.values() if one.branch is None and one.comments)

    def pull_request(self) -> Ticket:
        return next(one for one in self.repository.tickets.values() if one.branch and one.reviews)

    def signals(self) -> list[Signal]:
        with self.sessions() as session:
            return list(session.scalars(select(Signal)))


@pytest.fixture
def hub(company: Simulator, tmp_path: Path) -> Iterator[Hub]:
    engine = connect(newest_sqlite(tmp_path / "github.db"))
    company.github.code = Code(company.world, ("fleet",), most=8)
    yield Hub(company, sessionmaker(engine))
    engine.dispose()


# Lists that change


def test_an_issue_that_changes_between_two_pages_hides_no_neighbour(hub: Hub) -> None:
    tickets = hub.add(250, NOW - 3 * DAY, timedelta(seconds=1))
    asked = 0

    def touch(path: str) -> None:
        nonlocal asked
        asked += "/issues?" in path
        if asked == 2:
            for ticket in tickets[:40]:
                ticket.touched = NOW - DAY

    hub.company.config.faults.before = touch
    hub.pull()
    hub.company.config.faults.before = None
    hub.holds_the_truth()


def test_three_hundred_issues_of_one_second_that_leave_it_while_they_are_read(hub: Hub) -> None:
    """A change in bulk gives more than a page one time: pages are numbered there, and shift."""
    tickets = hub.add(300, NOW - 3 * DAY)
    asked = 0

    def touch(path: str) -> None:
        nonlocal asked
        asked += "/issues?" in path and "page=2" in path.split("&")
        if asked == 1:
            for ticket in tickets[:60]:
                ticket.touched = NOW - DAY

    hub.company.config.faults.before = touch
    hub.pull()
    hub.company.config.faults.before = None
    assert asked > 0
    hub.holds_the_truth()


def test_a_list_longer_than_github_pages_through(hub: Hub) -> None:
    """Beyond 10,000 rows a page number answers 422; here beyond 300, so that the test is quick."""
    hub.company.github.most_rows = 300
    hub.add(700, NOW - 60 * DAY, timedelta(hours=2))
    hub.pull()
    hub.holds_the_truth()


def test_a_quiet_repository_costs_nothing_of_the_hours_requests(hub: Hub) -> None:
    for _ in range(2):
        hub.pull()
    github = hub.company.github
    github.requests.clear()
    github.unchanged = 0
    hub.pull()
    assert (len(github.requests), github.unchanged) == (5, 4)  # what the repository is called now, and four streams


def test_an_issue_of_the_last_minutes_is_read_again_until_nothing_changes(hub: Hub) -> None:
    hub.pull()
    ticket = hub.issue()
    ticket.comments.append(Remark(hub.code.next_id(), ticket.user, NOW - timedelta(minutes=1), "late"))
    hub.pull()
    hub.holds_the_truth()


# What became of repositories and issues


def test_a_renamed_repository_is_read_whole_under_its_former_name(hub: Hub) -> None:
    """Following a redirect, PyGithub drops the query: open issues only, thirty of them, without `since`."""
    hub.add(80, NOW - 40 * DAY, timedelta(minutes=7))
    for ticket in list(hub.repository.tickets.values())[-40:]:
        ticket.closed = ticket.created
    hub.pull()
    hub.repository.former.append(hub.repository.name)
    hub.repository.name = "velora/vehicles"
    hub.pull(repositories=["velora/fleet"])
    hub.sweep(repositories=["velora/fleet"])
    hub.holds_the_truth()


def test_a_transferred_issue_goes_to_its_new_place_and_is_not_held_twice(hub: Hub) -> None:
    other = Repository(900, "velora/elsewhere")
    hub.code.repositories.append(other)
    hub.pull()
    ticket = hub.issue()
    del hub.repository.tickets[ticket.number]
    hub.repository.lost[ticket.number] = (other, 1)
    ticket.number, ticket.touched = 1, NOW - timedelta(hours=1)
    other.tickets[1] = ticket
    hub.pull()
    hub.sweep()
    hub.holds_the_truth()


def test_an_issue_that_is_transferred_or_deleted_while_its_page_is_read_stops_nothing(hub: Hub) -> None:
    ticket = hub.issue()

    def delete(path: str) -> None:
        if f"/issues/{ticket.number}/timeline" in path and ticket.number in hub.repository.tickets:
            del hub.repository.tickets[ticket.number]
            hub.repository.lost[ticket.number] = "deleted"

    hub.company.config.faults.before = delete
    hub.pull()
    hub.holds_the_truth()


def test_deleted_issues_and_comments_go_in_the_sweep(hub: Hub) -> None:
    hub.pull()
    gone = hub.issue()
    del hub.repository.tickets[gone.number]
    hub.repository.lost[gone.number] = "deleted"
    for ticket in hub.repository.tickets.values():
        ticket.comments, ticket.lines = ticket.comments[1:], ticket.lines[1:]
    hub.sweep()
    hub.holds_the_truth()


def test_a_list_that_leaves_something_out_deletes_nothing(hub: Hub) -> None:
    """What a list does not show is asked for by itself; only 404, 410 or another place is taken for gone."""
    hub.pull()

    def shorten(path: str, body: bytes) -> bytes:
        return b"[]" if "direction=desc" in path else body

    hub.company.config.faults.change = shorten
    hub.sweep()
    hub.company.config.faults.change = None
    hub.holds_the_truth()


def test_a_timeline_that_leaves_something_out_deletes_nothing_and_what_is_gone_goes(hub: Hub) -> None:
    hub.pull()
    pull = hub.pull_request()
    pull.touched = NOW - timedelta(minutes=3)

    def shorten(path: str, body: bytes) -> bytes:
        rows = json.loads(body) if "/timeline" in path else []
        return (
            json.dumps([row for row in rows if row["event"] not in ("reviewed", "commented")]).encode()
            if rows
            else body
        )

    hub.company.config.faults.change = shorten
    hub.pull()
    hub.company.config.faults.change = None
    hub.holds_the_truth()
    pull.reviews, pull.commits, pull.touched = [], pull.commits[:1], NOW - timedelta(minutes=2)
    hub.pull()
    hub.holds_the_truth()


def test_a_repository_that_is_no_longer_visible_deletes_nothing(hub: Hub) -> None:
    hub.pull()
    kept = truth.kept_signals(hub.sessions)
    hub.company.github.hidden.add(hub.repository.name)
    with pytest.raises(NotReachable, match="velora/fleet does not exist"):
        hub.sweep()
    with pytest.raises(NotReachable, match="owner/name"):
        hub.pull()
    assert truth.kept_signals(hub.sessions) == kept


def test_pull_requests_are_read_where_issues_are_switched_off(hub: Hub) -> None:
    hub.repository.has_issues = False
    hub.pull()
    hub.holds_the_truth()
    pull = hub.pull_request()
    pull.touched, pull.title = NOW - timedelta(minutes=2), "renamed"
    hub.pull()
    hub.holds_the_truth()


def test_issues_that_are_switched_off_later_are_not_taken_for_deleted(hub: Hub) -> None:
    hub.pull()
    kept = truth.kept_signals(hub.sessions)
    hub.repository.has_issues = False
    hub.pull()
    hub.sweep()
    assert truth.kept_signals(hub.sessions) == kept


def test_an_empty_repository_and_one_under_single_sign_on_leave_the_others_alone(hub: Hub) -> None:
    hub.code.repositories += [Repository(901, "velora/empty"), Repository(902, "velora/closed")]
    hub.company.github.sso.add("velora/closed")
    with pytest.raises(NotReachable, match="Configure SSO"):
        hub.pull()
    hub.holds_the_truth()


# Commits


def test_commits_older_than_the_last_pull_that_are_pushed_late(hub: Hub) -> None:
    hub.pull()
    person = next(iter(hub.code.people.values()))
    old = hub.repository.push(hub.code.commit(person, NOW - 20 * DAY, "Written on a train\n\nFixes PAY-12"))
    hub.pull()
    hub.holds_the_truth()
    with hub.sessions() as session:
        item = session.scalar(select(WorkItem).where(WorkItem.external_id == f"{hub.repository.id}:{old.sha}"))
        assert item is not None
        assert (item.kind, item.mentions) == ("commit", ["PAY-12"])


@pytest.mark.parametrize("kept", [True, False], ids=["old commits still there", "old commits gone"])
def test_a_default_branch_that_is_overwritten(hub: Hub, kept: bool) -> None:
    person = next(iter(hub.code.people.values()))
    base = hub.repository.main
    lost = [hub.repository.push(hub.code.commit(person, NOW - 2 * DAY, f"to be lost {n}")) for n in range(2)]
    hub.pull()
    hub.repository.main = base
    if not kept:
        for commit in lost:
            del hub.repository.commits[commit.sha]
    hub.repository.push(hub.code.commit(person, NOW - DAY, "instead"))
    hub.pull()
    if kept:
        hub.holds_the_truth()
    else:  # nobody can say any more what was there
        assert truth_github.signals_of(hub.company) <= truth.kept_signals(hub.sessions)


def test_a_merge_counts_for_those_who_wrote_and_not_for_who_pressed_the_button(hub: Hub) -> None:
    hub.pull()
    pressed = {one.sha for one in hub.repository.commits.values() if one.by_github or len(one.parents) > 1}
    assert pressed
    assert not [
        one for one in hub.signals() if one.kind == SignalKind.COMMIT and one.external_id.split(":")[-1] in pressed
    ]
    commits = [one for one in hub.signals() if one.kind == SignalKind.COMMIT]
    assert len({one.external_id for one in commits}) == len(commits)
    hub.holds_the_truth()


def test_a_release_counts_no_work_again_insight_2792_foundry_257_lfx_1917(hub: Hub) -> None:
    """A pull request of the default branch into another holds what many others held, and each of their squashes."""
    pulls = [one for one in hub.repository.tickets.values() if one.branch and one.commits]
    release, merged = pulls[0], pulls[1:4]
    loose = hub.code.commit(next(iter(hub.code.people.values())), NOW - DAY, "Straight to the branch")
    hub.repository.push(loose)
    release.branch, release.commits = "main", [*(commit for one in merged for commit in one.commits), loose]
    hub.pull()
    found = [one for one in hub.signals() if one.kind == SignalKind.COMMIT]
    assert not [one for one in found if one.item.endswith(f":{release.number}")]
    for commit in release.commits:
        assert len({one.item for one in found if commit.sha in one.external_id}) == 1


def test_what_was_squashed_into_a_branch_is_its_own_pull_requests_work() -> None:
    person = {"id": 7, "login": "ann", "type": "User"}
    signed = {"name": "Ann", "email": "ann@velora.example", "date": "2026-07-06T09:00:00Z"}
    rows = [
        {"sha": sha, "author": person, "committer": by, "parents": [{}], "commit": {**both, "message": message}}
        for sha, by, message in (("a", {"login": "web-flow"}, "Pay faster (#11)"), ("b", person, "Tidy up (#11)"))
        for both in [{"author": signed, "committer": signed}]
    ]
    issue = {
        "number": 12,
        "title": "Release",
        "pull_request": {"url": "x"},
        "user": person,
        "state": "open",
        "body": "",
    }
    times = {"created_at": "2026-07-06T10:00:00Z", "updated_at": "2026-07-06T10:00:00Z"}
    _, signals = parse_item(
        Named(1, "velora/fleet", "main"), issue | times, Parts(commits=rows), People(lambda _: None)
    )
    assert [one.external_id for one in signals if one.kind == SignalKind.COMMIT] == ["1:12:commit:b"]


def test_every_co_author_has_a_signal(hub: Hub) -> None:
    one, other, third = list(hub.code.people.values())[:3]
    number, login = hub.code.numbers[third.number], "third-person"
    message = (
        f"Together\n\nCo-authored-by: {other.name} <{other.email}>\n"
        f"co-authored-by: {third.name} <{number}+{login}@users.noreply.github.com>"
    )
    hub.repository.push(hub.code.commit(one, NOW - DAY, message))
    hub.pull()
    hub.holds_the_truth()
    accounts = [row.account for row in hub.signals() if row.text == "Together"]
    assert {other.email, str(number)} < set(accounts)
    assert len(accounts) == 3


def test_a_pull_request_of_more_than_250_commits(hub: Hub) -> None:
    pull, person = hub.pull_request(), next(iter(hub.code.people.values()))
    parent = next(iter(hub.repository.commits))
    pull.commits = []
    for n in range(260):
        commit = hub.code.commit(person, NOW - 3 * DAY + n * timedelta(minutes=1), f"part {n}")
        commit.parents, parent = [parent], commit.sha
        hub.repository.commits[commit.sha] = commit
        pull.commits.append(commit)
    hub.pull()
    hub.holds_the_truth()


def test_a_commit_of_a_broken_clock_and_one_of_nobody() -> None:
    def row(date: str, **changes: Any) -> dict[str, Any]:
        by = {"name": "Ann", "email": "ann@velora.example", "date": date}
        return {
            "sha": "a" * 40,
            "parents": [],
            "author": {},
            "committer": {},
            "commit": {"author": by, "committer": {"date": "2026-07-01T10:00:00Z"}, "message": "x"},
        } | changes

    people, repository = People(lambda login: None), Named(1, "velora/fleet", "main")
    for date in ("1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z"):
        _, [signal] = parse_commit(repository, row(date), people)
        assert (signal.at, signal.account) == (datetime(2026, 7, 1, 10, tzinfo=UTC), "ann@velora.example")
    nobody = row("2026-07-01T09:00:00Z")
    nobody["commit"]["author"] |= {"name": "", "email": ""}
    _, [signal] = parse_commit(repository, nobody, people)
    assert signal.account is None
    with pytest.raises(ValueError, match="zone"):
        parse_commit(repository, row("2026-07-01T09:00:00"), people)
    web = {"committer": {"login": "web-flow"}}
    edited = row("2026-07-01T09:00:00Z", **web)
    assert not is_merge(edited)  # written in GitHub's own editor: work
    edited["commit"]["message"] = "Faster starts (#12)\n\n* one"
    assert is_merge(edited)


# What is said


def test_deleted_accounts_pending_reviews_and_reviews_without_words(hub: Hub) -> None:
    pull, at = hub.pull_request(), NOW - timedelta(hours=3)
    mate = list(hub.code.numbers.values())[1]
    pull.reviews = [
        Remark(hub.code.next_id(), mate, at, None, "approved"),
        Remark(hub.code.next_id(), mate, at, "", "commented"),  # only holds its comments on lines
        Remark(hub.code.next_id(), mate, at, "half written", "pending"),
        Remark(hub.code.next_id(), None, at, "by somebody who has left", "changes_requested"),
    ]
    pull.lines.append(Remark(hub.code.next_id(), None, at, "on a line"))
    pull.events.append((hub.code.next_id(), at, "reopened", None, None))
    hub.pull()
    hub.holds_the_truth()
    assert (
        len([one for one in hub.signals() if one.kind == SignalKind.REVIEW and one.item.endswith(f":{pull.number}")])
        == 2
    )


def test_reviews_and_comments_of_accounts_that_are_gone_cost_no_pull_request_elastic_2427_perceval_459(
    hub: Hub,
) -> None:
    def nobody(path: str, body: bytes) -> bytes:
        answer = json.loads(body)
        for row in answer if "/timeline" in path or "/comments" in path else []:
            row |= dict.fromkeys(("user", "actor", "author"))
        return json.dumps(answer).encode()

    hub.company.config.faults.change = nobody
    hub.pull()
    with hub.sessions() as session:
        assert session.scalars(select(Failure.reason)).all() == []
    kept = {row[:3] for row in truth.kept_signals(hub.sessions)}
    assert kept == {row[:3] for row in truth_github.signals_of(hub.company)}
    assert all(signal.account is None for signal in hub.signals() if ":review:" in signal.external_id)


def test_an_event_or_commit_that_cannot_be_read_costs_only_itself(hub: Hub) -> None:
    number = hub.pull_request().number

    def spoil(path: str, body: bytes) -> bytes:
        answer = json.loads(body)
        if f"/issues/{number}/timeline" in path:
            answer.append({"event": "assigned", "id": 5, "created_at": None, "actor": {}})
            answer.append({"event": "commented", "id": 6, "created_at": "yesterday", "user": None, "body": "x"})
        if f"/pulls/{number}/commits" in path:
            answer.append({"sha": "f" * 40, "commit": {"author": None, "message": "x"}, "parents": []})
        return json.dumps(answer).encode()

    hub.company.config.faults.change = spoil
    hub.pull()
    assert truth.kept_signals(hub.sessions) == truth_github.signals_of(hub.company)
    with hub.sessions() as session:
        (failure,) = session.scalars(select(Failure))
    assert failure.external_id == str(number)
    assert all(words in failure.reason for words in ("event 6: ValueError", "commit " + "f" * 40))
    hub.company.config.faults.change = None
    sweeps.retry_failed(connect_to(hub.company, "github"), hub.sessions)
    hub.holds_the_truth()


def test_a_timeline_of_more_than_one_page(hub: Hub) -> None:
    ticket, at = hub.issue(), NOW - 2 * DAY
    for n in range(230):
        ticket.comments.append(Remark(hub.code.next_id(), ticket.user, at + n * timedelta(minutes=1), f"comment {n}"))
    hub.pull()
    hub.holds_the_truth()


def test_an_edited_comment_is_read_though_its_issue_is_not_touched(hub: Hub) -> None:
    hub.pull()
    ticket = hub.issue()
    updated = ticket.comments[0].at

    def edit(path: str, body: bytes) -> bytes:
        """GitHub moves a comment's own time alone."""
        rows = json.loads(body)
        if "/issues/comments" in path:
            rows = [row | {"updated_at": "2026-07-10T21:59:00Z", "body": "edited"} for row in rows][-1:]
        return json.dumps(rows).encode()

    ticket.comments[0].text, ticket.comments[0].at = "edited", NOW  # so that the list holds it
    hub.company.config.faults.change = lambda path, body: edit(path, body).replace(
        b"2026-07-10T22:00:00Z", updated.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    )
    connector = connect_to(hub.company, "github")
    pages = list(connector.pull("comments velora/fleet", {"updated": "2026-07-10T21:00:00Z", "back": ""}, LONG_AGO))
    assert [(one.text, one.at) for page in pages for one in page.signals] == [("edited", updated)]


def test_a_record_that_cannot_be_understood_is_set_aside_and_tried_again(hub: Hub) -> None:
    number = hub.issue().number

    def spoil(path: str, body: bytes) -> bytes:
        rows = json.loads(body)
        for row in rows if isinstance(rows, list) else []:
            if row.get("number") == number:
                row["created_at"] = 17
        return json.dumps(rows).encode()

    hub.company.config.faults.change = spoil
    assert hub.pull()["failures"] == 1
    hub.company.config.faults.change = None
    assert sweeps.retry_failed(connect_to(hub.company, "github"), hub.sessions) == {"read": 1, "failures": 0}
    hub.holds_the_truth()


# Who it was


def test_accounts_of_one_person_become_one(hub: Hub) -> None:
    """A login without an address, a commit with the company's, one with GitHub's placeholder, one with a private one."""
    people = list(hub.code.people.values())
    known = next(p for p in people if p.number % 7 != 3 and p.number % 5 != 2)
    hidden = next(p for p in people if p.number % 7 != 3 and p.number % 5 == 2)
    private = next(p for p in people if p.number % 7 == 3)
    for person in (known, hidden, private):
        hub.repository.push(hub.code.commit(person, NOW - DAY, "work"))
        ticket = hub.issue()
        ticket.comments.append(Remark(hub.code.next_id(), hub.code.numbers[person.number], NOW - DAY, "I did"))
    hub.pull()
    with hub.sessions.begin() as session:
        # Another source knows the names: whoever hides every address is found by it.
        for person in (hidden, private):
            session.add(
                Account(source="jira", external_id=person.name, name=person.name, email=person.email, groups="")
            )
        members = tuple(Member(email=p.email) for p in (known, hidden, private))
        register = Register.model_construct(teams=(Team(key="fleet", name="Fleet", members=members),))
        identity.resolve(session, register)
    with hub.sessions() as session:
        owner = dict(
            session.execute(
                select(Account.external_id, Person.email)
                .join(Person, Person.id == Account.person_id)
                .where(Account.source == "github")
            ).all()
        )
    for person in (known, hidden, private):
        assert owner[str(hub.code.numbers[person.number])] == person.email
    assert owner[f"{private.email.partition('@')[0].replace('.', '-')}@private.example"] == private.email


def test_bots_are_marked_and_belong_to_nobody(hub: Hub) -> None:
    hub.pull()
    with hub.sessions() as session:
        assert session.scalar(select(Account.bot).where(Account.external_id == "49699333"))
        bumps = list(session.scalars(select(WorkItem).where(WorkItem.title.startswith("Bump"))))
    assert [one.automated for one in bumps] == [True]


# Words


def test_a_jira_issue_is_named_in_a_title_a_body_a_branch_or_a_link() -> None:
    assert mentions("velora/fleet", "Faster starts", "Fixes PAY-12") == ("PAY-12",)
    assert mentions("velora/fleet", "x", branch="feature/PAY-12-faster-starts") == ("PAY-12",)
    assert mentions("velora/fleet", from_markdown("See [the issue](https://velora.example/browse/PAY-13).")) == (
        "PAY-13",
    )
    assert mentions(
        "velora/fleet", "Closes #12, velora/app#7 and https://github.com/velora/app/issues/8; UTF-8, PAY-12"
    ) == ("PAY-12", "velora/fleet#12", "velora/app#7", "velora/app#8")
    assert mentions("velora/fleet", "colour #123abc, C#7, a&#39;b, page/#4, #0") == ()


@pytest.mark.parametrize(
    ("title", "branch", "named"),
    [
        ("x", "feature/lief-12155-test-jira", ("LIEF-12155",)),
        ("x", "test1-1234-my-branch", ("TEST1-1234",)),
        ("x", "nudge-live-chat-users-Es-172", ("ES-172",)),
        ("[pay-12] Faster starts", "", ("PAY-12",)),
        ("pay-12: Faster starts", "main", ("PAY-12",)),
        ("Faster starts of pay-12", "", ()),
        ("Closes #7", "ann/pay-12", ("velora/fleet#7", "PAY-12")),
        ("PAY-3 x", "pay-12-y", ("PAY-3", "PAY-12")),
        ("step-1: begin", "release-2", ()),
        ("x", "dependabot/npm/lodash-4.17.21", ()),
        ("x", "issue-12-fix", ()),
        ("x", "fix-utf-8", ()),
    ],
)
def test_keys_in_small_letters_where_branches_have_them_github_for_jira_179_188_220_388_493_jira_lint_5_atlascode_188(
    title: str, branch: str, named: tuple[str, ...]
) -> None:
    """They are looked up, so that a word with a number names nothing unless there is such an issue; they come last."""
    assert mentions("velora/fleet", title, "", branch=branch) == named


def test_markdown_keeps_what_people_wrote() -> None:
    text = (
        "<!-- Describe your change -->\n## Why\n\nRiders *wait* for `unlock`\n\n> quoted\n\n```sh\nrm -rf x\n```\n"
        "- [x] tested\n\n<details><summary>More</summary>words</details>\n\n![shot](https://x/y.png)"
    )
    assert from_markdown(text).split("\n") == ["Why", "Riders wait for unlock", "[x] tested", "Morewords"]


@given(st.text(alphabet=st.sampled_from("ab #<>`*_[]()!\n-/:.\\&;\x00\ud83d|~123"), max_size=200))
def test_any_markdown_gives_words_that_can_be_stored(text: str) -> None:
    plain = from_markdown(text)
    plain.encode()
    assert "\x00" not in plain
    assert len(plain) <= 20_000
    mentions("velora/fleet", plain)


def test_a_pull_request_is_its_authors_work_from_its_first_day_to_its_end() -> None:
    user = {"id": 7, "login": "ann", "type": "User"}
    issue = {
        "number": 12,
        "title": "Fixes PAY-12: faster starts",
        "body": None,
        "user": user,
        "assignees": [],
        "state": "closed",
        "created_at": "2026-07-01T10:00:00Z",
        "updated_at": "2026-07-03T10:00:00Z",
        "closed_at": "2026-07-03T10:00:00Z",
        "labels": [{"name": "speed"}, "old"],
        "milestone": {"title": "Q3"},
        "pull_request": {"merged_at": "2026-07-03T10:00:00Z"},
    }
    item, signals = parse_item(Named(1, "velora/fleet", "main"), issue, Parts(), People(lambda login: None))
    assert (item.kind, item.status, item.assignee, item.key) == ("pull request", "merged", "7", "velora/fleet#12")
    assert (item.labels, item.mentions) == (("speed", "old", "Q3"), ("PAY-12",))
    moves = [(one.at.day, one.detail["to"], one.account) for one in signals if one.kind == SignalKind.TRANSITION]
    assert moves == [(1, "indeterminate", None), (3, "done", None)]  # an import has no timeline


# Limits and credentials


@pytest.mark.usefixtures("real_clock")
def test_the_limits_are_never_overstepped(hub: Hub) -> None:
    github, speed = hub.company.github, 60
    hub.company.config.speed = speed
    for limits in (github.hour, github.minute):
        limits._speed = speed
    hub.pull()
    assert (github.hour.refused, github.minute.refused) == (0, 0)
    hub.holds_the_truth()


def test_a_secondary_limit_is_waited_for_as_github_asks(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SetClock()
    monkeypatch.setattr("tenacity.nap.time", clock)  # what the retries sleep by
    hub.company.github.refusals.append(
        ("/timeline", 403, "You have exceeded a secondary rate limit.", {"Retry-After": "7"})
    )
    hub.pull(limiter=Limiter(now=clock.time, sleep=clock.sleep))
    assert 7 in clock.slept
    hub.holds_the_truth()


def test_an_hour_that_is_used_up_ends_the_pull_at_once_and_the_next_goes_on(hub: Hub) -> None:
    """Nobody sleeps for most of an hour: other sources wait behind this one."""
    used = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(datetime.now(UTC).timestamp()) + 3000)}
    hub.company.github.refusals.append(("/timeline", 403, "API rate limit exceeded for user ID 1.", used))
    with pytest.raises(SourceError, match="used up, for 50 more minutes"):
        hub.pull()
    hub.pull()
    hub.holds_the_truth()


def test_links_that_name_a_host_behind_the_proxy_are_followed_on_our_own(hub: Hub) -> None:
    hub.company.github.host = "http://github.internal:8080"
    hub.add(250, NOW - 3 * DAY)
    hub.pull()
    hub.holds_the_truth()


def test_a_permission_that_is_missing_is_named_and_the_rest_is_read(hub: Hub) -> None:
    hub.company.github.permissions.discard("contents")
    with pytest.raises(ScopeError, match="contents=read"):
        hub.pull()
    assert [row for row in hub.signals() if row.kind == SignalKind.CREATED] == []  # people are found in commits
    hub.company.github.kind = "fine-grained"
    rows = {row.name: row for row in connect_to(hub.company, "github", requests_per_hour=4800).check(LONG_AGO)}
    assert rows["token"].found == "leeway-reader, a fine-grained token"
    assert rows["velora/fleet issues"].ok if "velora/fleet issues" in rows else True
    assert not rows["velora/fleet commits"].ok
    assert "Contents: read" in rows["velora/fleet commits"].fix


def test_check_says_whose_token_it_is_its_scopes_its_end_and_how_much_there_is(hub: Hub) -> None:
    github = hub.company.github
    github.expires = datetime.now(UTC) + timedelta(days=3, hours=1)
    rows = {row.name: row for row in connect_to(hub.company, "github", requests_per_hour=4800).check(LONG_AGO)}
    assert rows["scope repo"].found == "leeway-reader, a classic token with repo"
    assert (rows["expiry"].ok, rows["expiry"].found) == (False, "the token expires in 3 days")
    github.expires = None
    github.hidden.add("velora/nope")
    connector = connect_to(hub.company, "github", requests_per_hour=4800)
    assert f"about {len(hub.repository.tickets)} issues" in connector.check(LONG_AGO)[-1].found
    connector = connect_to(hub.company, "github", requests_per_hour=4800, repositories=["velora/fleet", "velora/nope"])
    rows = {row.name: row for row in connector.check(LONG_AGO)}
    assert (rows["repository velora/fleet"].ok, rows["repository velora/nope"].ok) == (True, False)
    wrong = connect_to(hub.company, "github", token="ghp_wrong").check(LONG_AGO)
    assert [(row.name, row.ok) for row in wrong] == [("token", False)]


def test_an_app_signs_itself_in(hub: Hub) -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    app = {"token": "", "app_id": "12", "private_key": pem, "installation_id": 34}
    hub.company.github.kind = "app"
    hub.pull(**app)
    hub.holds_the_truth()
    assert (
        connect_to(hub.company, "github", requests_per_hour=4800, **app)
        .check(LONG_AGO)[0]
        .found.startswith("from an app")
    )
    broken = connect_to(hub.company, "github", **(app | {"private_key": "no key"})).check(LONG_AGO)
    assert (broken[0].ok, "whole .pem file" in broken[0].fix) == (False, True)
    assert pem not in repr(broken)


def test_no_token_is_in_any_log(hub: Hub, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(level=logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        hub.pull()
    said = caplog.text + "".join(capsys.readouterr())
    assert GITHUB_TOKEN not in said


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://www.github.com/", "https://api.github.com"),
        ("https://velora.ghe.com", "https://api.velora.ghe.com"),
        ("https://github.velora.example", "https://github.velora.example/api/v3"),
        ("https://github.velora.example/api/v3/", "https://github.velora.example/api/v3"),
        ("https://api.github.com", "https://api.github.com"),
    ],
)
def test_enterprise_by_address(url: str, address: str) -> None:
    assert api_address(url) == address

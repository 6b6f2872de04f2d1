"""Pages into the database: nothing twice, nothing lost, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Cursor, Page, SourceUnavailable
from connectors.base import Failure as SetAside
from connectors.base import Signal as Seen
from connectors.base import WorkItem as Item
from models import Failure, Signal, StreamCursor, WorkItem
from pipeline.ingest.left import have_left
from pipeline.ingest.pull import pull
from pipeline.ingest.store import store
from simulator.server import Simulator
from tests.conftest import LONG_AGO, connect_to

AT = datetime(2026, 7, 1, 9, tzinfo=UTC)


class Scripted:
    """A source of three pages that breaks after `good` of them; pages are what a killed puller leaves behind."""

    name = "jira"

    def __init__(self, good: int) -> None:
        self.good = good

    def check(self) -> list[object]:  # type: ignore[override]
        return []

    def streams(self) -> list[str]:
        return ["issues"]

    def earlier(self, stream: str, cursor: Cursor, since: datetime) -> Iterator[Page]:
        return iter(())

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        for n in range(int(cursor["next"]) if cursor else 0, 3):
            if n == self.good:
                raise SourceUnavailable("jira", "gone.")
            item = Item("jira", str(n), "task", "A", f"title {n}", created_at=AT, updated_at=AT)
            yield Page(
                stream,
                {"next": n + 1},
                [item],
                [Seen("jira", f"s{n}", str(n), "created", AT)],
                failures=[SetAside("jira", stream, f"bad{n}", "broken")],
            )


def counted(**counts: int) -> dict[str, int]:
    return {"signals": 0, "failures": 0, "removed": 0, "unfinished": 0} | counts


def count(sessions: sessionmaker[Session], table: type) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a_pull_that_breaks_keeps_its_pages_and_goes_on_from_there(sessions: sessionmaker[Session]) -> None:
    with pytest.raises(SourceUnavailable):
        pull(Scripted(2), sessions, AT)  # type: ignore[arg-type]
    with sessions() as session:
        cursor = session.get_one(StreamCursor, ("jira", "issues"))
        assert cursor.state == {"next": 2}
        assert cursor.error == "jira: gone."
    assert pull(Scripted(9), sessions, AT) == counted(signals=1, failures=1)  # type: ignore[arg-type]
    assert count(sessions, Signal) == count(sessions, WorkItem) == count(sessions, Failure) == 3
    with sessions() as session:
        assert session.get_one(StreamCursor, ("jira", "issues")).error is None


def test_a_second_pull_adds_nothing_and_a_change_is_taken_over(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    connector = connect_to(company, "jira")
    first = pull(connector, sessions, LONG_AGO)
    signals = count(sessions, Signal)
    assert first["signals"] == signals > 500
    assert pull(connector, sessions, LONG_AGO) == counted()
    assert count(sessions, Signal) == signals
    issue = company.world.issues[-1]
    issue.title = "renamed"
    issue.comments.append((max(i.updated for i in company.world.issues) + timedelta(minutes=3), 0, "hello"))
    assert pull(connector, sessions, LONG_AGO)["signals"] == 1
    with sessions() as session:
        row = session.scalar(select(WorkItem).where(WorkItem.external_id == str(issue.id)))
        assert row is not None
        assert row.title == "renamed"
        assert row.stale


def test_unchanged_items_of_the_overlap_are_not_stale_again(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    connector = connect_to(company, "jira")
    pull(connector, sessions, LONG_AGO)
    with sessions.begin() as session:
        for row in session.scalars(select(WorkItem)):
            row.stale = False
    pull(connector, sessions, LONG_AGO)
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(WorkItem).where(WorkItem.stale)) == 0


def test_what_has_left_keeps_its_signals_and_is_as_before_once_it_is_back(sessions: sessionmaker[Session]) -> None:
    """A call whose own deal left stays with the deal that is listed, without its words."""
    items = [Item("hubspot", id_, "deal", "A", id_, f"about {id_}", created_at=AT, updated_at=AT) for id_ in "ab"]
    said = [Seen("hubspot", f"call{id_}{n}", id_, "call", AT, text="words") for id_ in "ab" for n in "12"]
    whole = Page("deals", None, items, said)

    def kept() -> dict[str, str | None]:
        with sessions() as session:
            return {
                row.external_id: row.text
                for row in (*session.scalars(select(WorkItem)), *session.scalars(select(Signal)))
            }

    with sessions.begin() as session:
        store(session, "hubspot", whole)
        session.execute(update(WorkItem).values(stale=False))
    before = kept()
    for _ in range(2):
        with sessions.begin() as session:
            store(session, "hubspot", Page("deals", None, left=["a", "callb2", "never read"]))
        assert kept() == before | {"a": None, "calla1": None, "calla2": None, "callb2": None, "left:a": None}
    with sessions() as session:
        assert have_left(session, "hubspot") == {"a"}
    with sessions.begin() as session:
        store(session, "hubspot", whole)
    assert kept() == before

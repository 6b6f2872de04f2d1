"""What is listed, or shown to the account, only later: its past is read too, and nothing is judged by half of it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from models import Signal, StreamCursor, WorkItem, connect
from pipeline.effort.load import horizon
from pipeline.ingest.cursors import drop_sources
from pipeline.ingest.pull import pull
from pipeline.ingest.reach import is_read_from, read_back_to
from pipeline.ready import Ready
from simulator.server import Simulator
from tests.conftest import LONG_AGO, NOW, connect_to, newest_sqlite

FIRST, LATER = "IBE", "SAL"


@pytest.fixture
def sessions(tmp_path: Path) -> sessionmaker[Session]:
    return sessionmaker(connect(newest_sqlite(tmp_path / "later.db")))


def read(
    company: Simulator,
    sessions: sessionmaker[Session],
    *projects: str,
    progress: Callable[[str, int], None] | None = None,
) -> None:
    pull(connect_to(company, "jira", projects=list(projects)), sessions, LONG_AGO, progress)


def items(sessions: sessionmaker[Session], *containers: str) -> set[str]:
    with sessions() as session:
        return {*session.scalars(select(WorkItem.external_id).where(WorkItem.container.in_(containers)))}


def test_the_past_of_a_project_that_is_listed_later_is_read_once_insight_1316(
    three_weeks: Simulator, sessions: sessionmaker[Session]
) -> None:
    read(three_weeks, sessions, FIRST)
    asked = []
    for _ in range(3):
        before = three_weeks.jira.requests
        read(three_weeks, sessions, FIRST, LATER)
        asked.append(three_weeks.jira.requests - before)
    wanted = {str(issue.id) for issue in three_weeks.world.issues if issue.project == LATER}
    assert items(sessions, LATER) == wanted
    assert asked[0] > asked[1] == asked[2]


def test_what_changed_in_a_project_while_it_could_not_be_read_is_read(
    three_weeks: Simulator, sessions: sessionmaker[Session]
) -> None:
    issue = next(issue for issue in three_weeks.world.issues if issue.project == LATER)
    other = next(issue for issue in three_weeks.world.issues if issue.project == FIRST)
    read(three_weeks, sessions, FIRST, LATER)
    issue.title, issue.touched, other.touched = "Said meanwhile", NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    read(three_weeks, sessions, FIRST)
    read(three_weeks, sessions, FIRST, LATER)
    with sessions() as session:
        kept = session.scalars(select(WorkItem.title).where(WorkItem.external_id == str(issue.id))).one()
    assert kept == issue.title


def test_no_week_is_judged_by_the_half_of_a_project_that_was_read_yet(
    three_weeks: Simulator, sessions: sessionmaker[Session]
) -> None:
    def stop(_stream: str, new: int) -> None:
        if new:
            raise InterruptedError

    issue = next(issue for issue in three_weeks.world.issues if issue.project == FIRST)
    issue.touched = NOW - timedelta(minutes=1)  # so that nothing in the others is newer
    read(three_weeks, sessions, FIRST)
    with sessions() as session:
        assert is_read_from(session, LONG_AGO.date(), ["jira"])
    later = ("APP", "PLT", "WRK")  # more than one page
    with pytest.raises(InterruptedError):
        read(three_weeks, sessions, FIRST, *later, progress=stop)
    with sessions() as session:
        assert not is_read_from(session, LONG_AGO.date(), ["jira"])
        assert session.scalars(select(StreamCursor.finished_at)).all() == [None]
    read(three_weeks, sessions, FIRST, *later)
    with sessions() as session:
        assert is_read_from(session, LONG_AGO.date(), ["jira"])


def test_what_is_taken_from_the_list_while_its_past_is_read_holds_up_no_week_and_no_drift(
    three_weeks: Simulator, sessions: sessionmaker[Session]
) -> None:
    def read_channels(*names: str) -> None:
        pull(connect_to(three_weeks, "slack", channels=list(names)), sessions, LONG_AGO)

    def waiting(sources: list[str]) -> bool:
        with sessions() as session:
            return read_back_to(session) is not None or not Ready(NOW, sources).can_judge(session)

    read_channels("payroll", "general")
    with sessions.begin() as session:
        session.execute(update(WorkItem).values(stale=False, unmatched=False))
        row = update(StreamCursor).where(StreamCursor.stream == "channel payroll")
        session.execute(row.values(finished_at=None, reached=NOW.date()))
    assert waiting(["slack"])
    read_channels("general")
    assert not waiting(["slack"])
    with sessions.begin() as session:  # the same of a source as a whole
        session.execute(update(StreamCursor).values(finished_at=None))
        drop_sources(session, ["jira"])
        assert read_back_to(session) is None


@pytest.mark.parametrize("source", ["jira", "slack", "hubspot"])
def test_a_longer_history_that_is_asked_for_later_is_read_and_counts(
    three_weeks: Simulator, sessions: sessionmaker[Session], source: str
) -> None:
    listed = {"jira": {"projects": [FIRST]}, "slack": {"channels": ["payroll"]}, "hubspot": {"pipelines": ["Iberia"]}}
    connector = connect_to(three_weeks, source, **listed[source])
    first = NOW - timedelta(days=10)
    for since, known in ((first, first), (LONG_AGO, LONG_AGO), (first, LONG_AGO)):
        pull(connector, sessions, since)
        with sessions() as session:
            assert horizon(session) == known.date()


def test_the_past_of_a_pipeline_that_is_listed_later_is_read_with_what_hangs_on_it(
    three_weeks: Simulator, sessions: sessionmaker[Session]
) -> None:
    def signals() -> set[str]:
        with sessions() as session:
            return {*session.scalars(select(Signal.external_id))}

    def read_pipelines(*names: str) -> None:
        pull(connect_to(three_weeks, "hubspot", pipelines=list(names)), sessions, LONG_AGO)

    read_pipelines("Support", "Iberia")
    wanted, deals = signals(), items(sessions, "Iberia")
    with sessions.begin() as session:
        for table in (Signal, WorkItem, StreamCursor):
            session.query(table).delete()
    read_pipelines("Support")
    assert signals() < wanted
    read_pipelines("Support", "Iberia")
    assert items(sessions, "Iberia") == deals
    assert signals() == wanted

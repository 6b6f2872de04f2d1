"""On a first run the last weeks stand before the past was read and encoded, and no week stands that is half known."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from alerts.first_weeks import first_weeks_note
from alerts.words import full_day
from connectors.base import Account, Page, Signal, WorkItem
from models import Cycle, DayWork, Share, StreamCursor
from models import WorkItem as Row
from pipeline import ready
from pipeline.cycle import Analysis, Report
from pipeline.drift.detector import DriftSettings
from pipeline.encode import stage as encode_stage
from pipeline.encode.encoder import Vectors
from pipeline.ingest.cursors import finish
from pipeline.ingest.store import store
from pipeline.ready import first_weeks
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from pipeline.register.workdays import monday
from tests.conftest import HashedWords

REGISTER = """
period: {name: Q2, start: 2026-04-01, end: 2026-06-30}
calendar: {country: DE, time_zone: Europe/Berlin}
teams: [{key: a, name: A, members: [p0@x.example, p1@x.example, p2@x.example, p3@x.example, p4@x.example]}]
objectives: [{key: O1, title: Faster checkout, priority: 1, key_results: [{key: O1.1, title: checkout in two clicks}]}]
"""
NOW = datetime(2026, 6, 19, 22, tzinfo=UTC)
LAST = date(2026, 6, 19)
WEEKS = [monday(LAST) - timedelta(weeks=n) for n in range(12)]


class Watched(HashedWords):
    """An encoder that knows what it was asked for."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.seen += texts
        return super().encode(texts)


@pytest.fixture
def sessions(lite: Engine, monkeypatch: pytest.MonkeyPatch) -> sessionmaker[Session]:
    monkeypatch.setattr(encode_stage, "BATCH", 10)
    monkeypatch.setattr(ready, "WORTH", 0)
    made = sessionmaker(lite)
    with made.begin() as session:
        load_register(session, parse(REGISTER), REGISTER)
    return made


def pull(sessions: sessionmaker[Session], weeks: Sequence[date], back_to: date | None) -> None:
    """A page of five people's work in each of the weeks; the stream has been read back to that day, or to its end."""
    accounts = [Account("jira", f"p{n}", email=f"p{n}@x.example") for n in range(5)]
    for week in weeks:
        at = datetime.combine(week, datetime.min.time(), UTC) + timedelta(hours=9)
        names = [f"{week} {n}" for n in range(5)]
        items = [
            WorkItem("jira", one, "story", "C", f"checkout of {one}", assignee=f"p{n}", created_at=at, updated_at=at)
            for n, one in enumerate(names)
        ]
        logs = [Signal("jira", f"log {one}", one, "worklog", at, f"p{n}", 8.0) for n, one in enumerate(names)]
        reached = datetime.combine(back_to - timedelta(days=1), datetime.min.time(), UTC) if back_to else None
        with sessions.begin() as session:
            store(session, "jira", Page("issues", {"at": str(week)}, items, logs, accounts, reached=reached))
    if back_to is None:
        finish(sessions, "jira", "issues", None, since=datetime(2025, 1, 1, tzinfo=UTC))


def shown(sessions: sessionmaker[Session]) -> list[date]:
    with sessions() as session:
        return sorted(session.scalars(select(Share.week).where(Share.scope == "company").distinct()))


def stale(sessions: sessionmaker[Session]) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Row).where(Row.stale)) or 0


def test_the_last_four_weeks_stand_before_the_past_is_encoded(sessions: sessionmaker[Session]) -> None:
    pull(sessions, WEEKS, None)
    encoder = Watched()
    analysis = Analysis(sessions, encoder, DriftSettings(), NOW, ["jira"])
    analysis.encode(Report())
    assert stale(sessions) > 20
    assert all(week.isoformat() in " ".join(encoder.seen) for week in WEEKS[:5])
    assert analysis.join(Report())
    first = shown(sessions)
    assert first[-5:] == sorted(WEEKS[:5])
    assert len(first) < len(WEEKS)
    with sessions() as session:
        assert session.scalars(select(Cycle.through)).all() == [None]  # no drift is looked for in half a history
        said = first_weeks_note(first_weeks(session)) or ""
    assert f"The weeks since {full_day(first[0])} stand." in said
    assert f"{stale(sessions)} of 60 work items wait" in said
    analysis.encode(Report())
    assert stale(sessions) == 0
    assert analysis.join(Report())
    assert shown(sessions) == sorted(WEEKS)
    with sessions() as session:
        assert LAST in session.scalars(select(Cycle.through)).all()
        assert first_weeks_note(first_weeks(session)) is None


def test_where_little_is_left_everything_is_encoded_first(
    sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready, "WORTH", 100)
    pull(sessions, WEEKS, None)
    Analysis(sessions, HashedWords(), DriftSettings(), NOW, ["jira"]).encode(Report())
    assert stale(sessions) == 0


def test_a_week_that_is_not_read_yet_has_no_share(sessions: sessionmaker[Session]) -> None:
    pull(sessions, WEEKS[:8], WEEKS[5])
    analysis = Analysis(sessions, HashedWords(), DriftSettings(), NOW, ["jira"])
    analysis.encode(Report())
    assert analysis.join(Report())
    assert shown(sessions) == sorted(WEEKS[:6])
    pull(sessions, WEEKS[8:], None)
    analysis.encode(Report())
    assert analysis.join(Report())
    assert shown(sessions) == sorted(WEEKS)


@pytest.mark.parametrize(
    ("sources", "back_to", "enough"),
    [
        (["jira"], WEEKS[2], False),
        (["jira", "slack"], WEEKS[5], False),
        (["jira"], WEEKS[4], True),
    ],
)
def test_encoding_pauses_for_the_first_analysis_once_every_source_was_read_back_far_enough(
    sessions: sessionmaker[Session], sources: list[str], back_to: date, enough: bool
) -> None:
    pull(sessions, WEEKS, back_to)
    Analysis(sessions, HashedWords(), DriftSettings(), NOW, sources).encode(Report())
    assert (stale(sessions) > 0) == enough


def test_a_new_stream_with_a_past_takes_no_week_away(sessions: sessionmaker[Session]) -> None:
    pull(sessions, WEEKS, None)
    analysis = Analysis(sessions, HashedWords(), DriftSettings(), NOW, ["jira"])
    for _ in range(2):
        analysis.encode(Report())
        assert analysis.join(Report())
    with sessions.begin() as session:
        session.add(StreamCursor(source="slack", stream="C1", state={"a": 1}, pulled_at=NOW, reached=WEEKS[1]))
    again = Analysis(sessions, HashedWords(), DriftSettings(), NOW + timedelta(days=1), ["jira", "slack"])
    again.encode(Report())
    assert again.join(Report())
    assert shown(sessions) == sorted(WEEKS)


def test_a_week_in_which_the_history_begins_has_no_share(sessions: sessionmaker[Session]) -> None:
    days = [
        *WEEKS[:3],
        WEEKS[3] + timedelta(days=3),
        WEEKS[4] + timedelta(days=2),
    ]  # worked on a Thursday, on a Wednesday
    pull(sessions, days, None)
    analysis = Analysis(sessions, HashedWords(), DriftSettings(), NOW, ["jira"])

    def read_from(day: date) -> list[date]:
        """The weeks that have shares where the first pull went back to that day."""
        with sessions.begin() as session:
            session.execute(update(StreamCursor).values(horizon=day))
        analysis.encode(Report())
        assert analysis.join(Report())
        return shown(sessions)

    assert read_from(WEEKS[4]) == sorted(WEEKS[:5])
    assert read_from(WEEKS[4] + timedelta(days=1)) == sorted(WEEKS[:4])
    assert read_from(WEEKS[3]) == sorted(WEEKS[:4])
    assert read_from(WEEKS[3] + timedelta(days=2)) == sorted(WEEKS[:3])
    with sessions() as session:
        assert days[3] in session.scalars(select(DayWork.day)).all()  # a day is whole: the detector counts in days


def test_a_cycle_that_looked_for_no_drift_does_not_say_that_it_did(
    sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it waited for may have come between the two questions; a digest would be sent that knows of no fall."""
    pull(sessions, WEEKS, None)
    monkeypatch.setattr(ready, "WORTH", 1000)
    analysis = Analysis(sessions, HashedWords(), DriftSettings(), NOW, ["jira"])
    analysis.encode(Report())
    asked = iter([False])
    real = ready.Ready.can_judge
    monkeypatch.setattr(ready.Ready, "can_judge", lambda one, session: next(asked, True) and real(one, session))
    assert analysis.join(Report())
    with sessions() as session:
        assert session.scalars(select(Cycle.through)).all() == [None]
    analysis.join(Report())
    with sessions() as session:
        assert session.scalars(select(Cycle.through).order_by(Cycle.id)).all()[-1] == LAST

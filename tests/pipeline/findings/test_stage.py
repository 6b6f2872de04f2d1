"""Diagnoses in the database: one that fails leaves the others, what ends ends, what comes back soon is the same."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from alerts.diagnoses import diagnoses
from alerts.streams import streams
from alerts.words import plain
from models import Diagnosis, Effort, Judged, Match, Person, Stream, StreamItem, Theme, ThemeAnswer, WorkItem
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value
from pipeline.findings.kinds import KINDS, Kind
from pipeline.findings.load import load_inputs
from pipeline.findings.stage import keep_diagnoses
from pipeline.findings.thresholds import Thresholds
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register

MONDAY = date(2026, 7, 6)
LAST = date(2026, 7, 12)
TEXT = """
company: Velora
period: {name: Q3, start: 2026-05-04, end: 2026-09-30}
teams:
  - {key: app, name: App, members: [a@x.example, b@x.example, c@x.example, d@x.example, e@x.example, f@x.example]}
objectives:
  - {key: O1, title: Riders, priority: 1, key_results: [{key: O1.1, title: Riders open the app, teams: [app]}]}
"""


@pytest.fixture
def register(sessions: sessionmaker[Session]) -> Register:
    """Six people of one team who worked ten weeks on two streams: half on the key result, half on none."""
    with sessions.begin() as session:
        version, _ = load_register(session, parse(TEXT), TEXT)
        people = [Person(email=f"{name}@x.example", team="app") for name in "abcdef"]
        session.add_all(people)
        streams = []
        for n, served in enumerate((0.95, 0.05)):
            item = WorkItem(source="jira", external_id=str(n), kind="epic", container="A", title=f"Work {n}")
            stream = Stream(anchor=f"jira:{n}", name=f"Work {n}", first_day=date(2026, 4, 1), last_day=LAST, answer="")
            session.add_all([item, stream])
            session.flush()
            streams.append((item, stream))
            session.add(StreamItem(work_item_id=item.id, stream_id=stream.id, own=True))
            session.add(Match(work_item_id=item.id, version_id=version, probabilities={"O1.1": served}, evidence=[]))
        for week in range(10):
            for person in people:
                for item, _ in streams:
                    day = MONDAY - timedelta(weeks=week)
                    session.add(Effort(day=day, person_id=person.id, work_item_id=item.id, person_days=0.5))
    return parse(TEXT)


def read(sessions: sessionmaker[Session]) -> list[tuple[str, str, date | None]]:
    with sessions() as session:
        rows = session.scalars(select(Diagnosis).order_by(Diagnosis.id))
        return [(row.kind, row.scope, row.ended_on) for row in rows]


def keep(sessions: sessionmaker[Session], register: Register, last: date = LAST, **find: object) -> int:
    kinds = {name: replace(KINDS["shadow"], find=one) for name, one in find.items()} or KINDS
    with sessions.begin() as session:
        return keep_diagnoses(session, register, last, 5, Thresholds(), kinds)  # type: ignore[arg-type]


def test_effort_is_read_by_stream_team_week_and_belief(sessions: sessionmaker[Session], register: Register) -> None:
    with sessions() as session:
        given = load_inputs(session, register, LAST, 5, Thresholds())
        lately = load_inputs(session, register, LAST, 5, Thresholds(), effort=False)
        assert lately is not None
        # Of what happened on items alone, effort is read once it is looked at: that of the window.
        assert lately.work.total == pytest.approx(48)
        assert lately.work.last(8).weeks == tuple(MONDAY - timedelta(weeks=7 - n) for n in range(8))
    assert given is not None
    assert given.work.weeks == tuple(MONDAY - timedelta(weeks=9 - n) for n in range(10))
    assert given.work.total == pytest.approx(60)
    assert given.work.off.sum() == pytest.approx(30)
    assert len(given.work.of("app").people()) == 6
    assert sorted(given.work.by_stream().values()) == pytest.approx([30, 30])
    assert {facts.first for facts in given.streams.values()} == {date(2026, 4, 1)}


def test_a_running_week_is_not_looked_at(sessions: sessionmaker[Session], register: Register) -> None:
    with sessions() as session:
        given = load_inputs(session, register, LAST - timedelta(days=3), 5, Thresholds())
    assert given is not None
    assert given.work.weeks[-1] == MONDAY - timedelta(weeks=1)


def test_the_whole_walk_finds_the_shadow_roadmap(sessions: sessionmaker[Session], register: Register) -> None:
    keep(sessions, register)
    assert ("shadow", "company", None) in read(sessions)
    with sessions() as session:
        row = session.scalar(select(Diagnosis).where(Diagnosis.kind == "shadow", Diagnosis.scope == "company"))
        judged = {one.kind: one.because for one in session.scalars(select(Judged))}
    assert row is not None
    assert row.strength == pytest.approx(0.475)
    assert "Work 1" not in str(row.figures), "names are looked up, so that they can be forgotten"
    assert judged["shadow"] == ""
    assert set(judged) == set(KINDS)


def _since(sessions: sessionmaker[Session]) -> date | None:
    with sessions() as session:
        return session.scalar(select(Diagnosis.since).where(Diagnosis.kind == "shadow", Diagnosis.scope == "company"))


def test_since_is_the_first_day_of_work_not_of_the_oldest_issue(
    sessions: sessionmaker[Session], register: Register
) -> None:
    keep(sessions, register)
    assert _since(sessions) == MONDAY - timedelta(weeks=9), "the epic was written on 1 April, and worked on from 4 May"


def test_since_is_what_the_page_of_its_stream_says(sessions: sessionmaker[Session], register: Register) -> None:
    began = date(2026, 6, 1)
    of_theme = {"name": "Work 1", "first_day": began, "person_days": 30, "recent_person_days": 12, "items": [2]}
    with sessions.begin() as session:
        session.add(Theme(**of_theme, teams=[["app", 30.0]], weeks={"app": {MONDAY.isoformat(): 3.0}}))
    keep(sessions, register)
    assert _since(sessions) == began
    with sessions() as session:
        pages = {one.name: one.since for one in streams(session, register)}
    assert pages == {"Work 1": began}


def test_one_that_fails_leaves_the_others_and_what_was_known(
    sessions: sessionmaker[Session], register: Register
) -> None:
    def fine(_: Inputs) -> Outcome:
        return [Found("company", "", 0.3, None)]

    def broken(_: Inputs) -> Outcome:
        raise ZeroDivisionError("somebody's words")

    assert keep(sessions, register, shadow=fine, creep=fine) == 2
    assert keep(sessions, register, shadow=broken, creep=fine) == 1
    assert read(sessions) == [("shadow", "company", None), ("creep", "company", None)]
    with sessions() as session:
        row = session.get_one(Judged, "shadow")
    assert row.failed
    assert "ZeroDivisionError" in row.because
    assert "somebody" not in row.because


def test_what_ends_ends_and_what_comes_back_soon_is_the_same(
    sessions: sessionmaker[Session], register: Register
) -> None:
    says: Sequence[Found] = [Found("app", "stream:1", 0.3, date(2026, 6, 1))]
    keep(sessions, register, shadow=lambda _: says)
    keep(sessions, register, LAST + timedelta(days=1), shadow=lambda _: [])
    assert read(sessions) == [("shadow", "app", LAST + timedelta(days=1))]
    keep(sessions, register, LAST + timedelta(days=7), shadow=lambda _: says)
    assert read(sessions) == [("shadow", "app", None)]
    keep(sessions, register, LAST + timedelta(days=8), shadow=lambda _: Unjudged("nothing is known"))
    assert read(sessions) == [("shadow", "app", LAST + timedelta(days=8))]
    keep(sessions, register, LAST + timedelta(days=60), shadow=lambda _: says)
    assert [ended for _, _, ended in read(sessions)] == [LAST + timedelta(days=8), None]


def test_two_of_one_subject_are_one_diagnosis_that_ends(sessions: sessionmaker[Session], register: Register) -> None:
    twice: Sequence[Found] = [Found("company", "stream:1", strength, None) for strength in (0.6, 0.4)]
    for day in range(3):
        assert keep(sessions, register, LAST + timedelta(days=day), stopping=lambda _: twice) == 1
    assert read(sessions) == [("stopping", "company", None)]
    with sessions() as session:
        assert session.scalar(select(Diagnosis.strength)) == pytest.approx(0.6), "the first of them is kept"
    keep(sessions, register, LAST + timedelta(days=4), stopping=lambda _: [])
    assert read(sessions) == [("stopping", "company", LAST + timedelta(days=4))]


def test_older_open_rows_of_the_same_diagnosis_are_ended(sessions: sessionmaker[Session], register: Register) -> None:
    says: Sequence[Found] = [Found("company", "stream:1", 0.6, None)]
    keep(sessions, register, shadow=lambda _: says)
    with sessions.begin() as session:
        row = Diagnosis(kind="shadow", scope="company", subject="stream:1", found_on=LAST, seen_on=LAST, strength=0.5)
        session.add(row)
    keep(sessions, register, LAST + timedelta(days=1), shadow=lambda _: says)
    assert read(sessions) == [("shadow", "company", LAST + timedelta(days=1)), ("shadow", "company", None)]


def test_a_stop_is_read_with_the_work_of_its_stream(sessions: sessionmaker[Session], register: Register) -> None:
    with sessions.begin() as session:
        session.add(ThemeAnswer(theme="Work 1", by="company", answer="stop", at=datetime(2026, 6, 2, 9, tzinfo=UTC)))
    keep(sessions, register)
    with sessions() as session:
        row = session.scalar(select(Diagnosis).where(Diagnosis.kind == "stopping"))
    assert row is not None
    assert row.figures["said"] == "day:2026-06-02"
    assert row.strength == pytest.approx(1.0)


def test_every_kind_has_its_sentences() -> None:
    for kind in KINDS.values():
        assert isinstance(kind, Kind)
        for text in (kind.title, kind.signal, kind.insight, kind.reinforcement, kind.asks, kind.brief):
            assert text
            assert "{stream}" not in kind.title


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("creep", {"streams": [], "count": 2, "weeks": 4}, "none of them has enough people to be named."),
        (
            "support",
            {"key_result": "kr:O1.1", "few": 1, "weeks": 3, "teams": ["team:app"]},
            "too few people for a figure",
        ),
        ("green", {"key_result": "kr:O1.1", "few": 1, "weeks": 4}, "too few people for a figure."),
    ],
)
def test_what_may_not_be_shown_is_said_in_other_words(
    sessions: sessionmaker[Session], register: Register, kind: str, values: dict[str, Value], said: str
) -> None:
    keep(sessions, register, **{kind: lambda _: [Found("company", "", 0.3, None, 0.2, 0.4, values)]})
    with sessions() as session:
        (one,) = diagnoses(session, register, 5)
    assert said in plain(one.signal)
    assert "nobody in particular" not in plain(one.signal)
    assert "person-days" not in plain(one.signal)


def test_a_strength_that_is_no_part_keeps_its_decimals(sessions: sessionmaker[Session], register: Register) -> None:
    keep(sessions, register, inflation=lambda _: [Found("app", "", 1.456, None, 1.234, 1.8)])
    with sessions() as session:
        (one,) = diagnoses(session, register, 5)
    assert (one.strength, one.low, one.high) == (1.46, 1.23, 1.8)

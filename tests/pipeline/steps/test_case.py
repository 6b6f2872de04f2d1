"""One case against its path, and the clock that its times are counted by."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.register.document import Register, parse
from pipeline.register.steps import within
from pipeline.steps.case import LATE, MISSING, ORDER, TWICE, Case, Happened, judge
from pipeline.steps.clock import WorkingClock

FILE = """\
period: {name: Q4, start: 2026-10-01, end: 2026-12-31}
calendar: {country: DE, time_zone: Europe/Berlin}
teams: [{key: ops, name: Operations}]
objectives: [{key: O1, title: Customers start well, priority: 1, key_results: [{key: O1.1, title: Kick-offs in time}]}]
steps:
  - key: handover
    title: From a won deal to the kick-off
    case: {source: hubspot}
    begin: {stage: Closed won}
    path:
      - {key: seen, title: Acknowledged, happens: reply, by: ops, within: 24 working hours}
      - {key: kickoff, title: Kick-off, stage: Kick-off, within: 3 days}
      - {key: plan, title: Plan filled, field: plan}
    end: {stage: Live}
"""
MONDAY = datetime(2026, 10, 5, 8, tzinfo=UTC)  # ten in Berlin
LATER = MONDAY + timedelta(days=60)


@pytest.fixture(scope="module")
def register() -> Register:
    return parse(FILE)


def case(*rows: tuple[float, str, str]) -> Case:
    """Rows are days after the Monday, a kind and its word: a stage, a field, a team."""
    made = []
    for days, kind, word in rows:
        names = {"stage": "name", "field": "field"}
        made.append(Happened(MONDAY + timedelta(days=days), kind, **{names.get(kind, "team"): word}))  # type: ignore[arg-type]
    return Case(1, happened=sorted(made, key=lambda one: one.at))


def found(register: Register, *rows: tuple[float, str, str], now: datetime = LATER) -> dict[str, tuple[str, ...] | str]:
    path = register.paths[0]
    judged = judge(path, case((0, "stage", "Closed won"), *rows), WorkingClock(register, path), now)
    assert judged is not None
    return {one.key: "open" if one.open else one.deviations for one in judged.outcomes}


def test_a_case_that_went_as_written(register: Register) -> None:
    rows = [(1.0, "comment", "ops"), (2.0, "stage", "kick-off"), (3.0, "field", "plan"), (9.0, "stage", "Live")]
    assert found(register, *rows) == {"seen": (), "kickoff": (), "plan": ()}


def test_each_deviation_is_told_apart(register: Register) -> None:
    late = found(register, (9.0, "comment", "ops"), (10.0, "stage", "Kick-off"), (11.0, "field", "plan"))
    assert late == {"seen": (LATE,), "kickoff": (), "plan": ()}
    other_team = found(register, (1.0, "comment", "sales"), (2.0, "stage", "Kick-off"), (3.0, "field", "plan"))
    assert other_team["seen"] == (MISSING,)
    early = found(register, (1.0, "comment", "ops"), (0.5, "stage", "Kick-off"), (2.0, "field", "plan"))
    assert early["kickoff"] == (ORDER,)
    twice = found(register, (1.0, "comment", "ops"), (2.0, "stage", "Kick-off"), (3.0, "stage", "Kick-off"))
    assert twice["kickoff"] == (TWICE,)
    ended = found(register, (1.0, "comment", "ops"), (2.0, "stage", "Kick-off"), (8.0, "stage", "Live"))
    assert ended["plan"] == (MISSING,)


def test_what_still_has_time_is_open_and_not_late(register: Register) -> None:
    soon = MONDAY + timedelta(days=1)
    assert found(register, now=soon) == {"seen": "open", "kickoff": "open", "plan": "open"}
    answered = found(register, (0.5, "comment", "ops"), now=MONDAY + timedelta(days=2))
    assert answered["kickoff"] == "open"
    assert found(register, (0.5, "comment", "ops"))["plan"] == "open"  # it has no time, and nothing after it has come


def test_a_word_before_the_case_begins_is_no_answer_to_it(register: Register) -> None:
    assert found(register, (-3.0, "comment", "ops"))["seen"] == (MISSING,)
    path = register.paths[0]
    assert judge(path, case((1.0, "comment", "ops")), WorkingClock(register, path), LATER) is None


@pytest.mark.parametrize(
    ("begun", "limit", "due"),
    [
        ("2026-10-05T10:00+02:00", "24 working hours", "2026-10-08T10:00+02:00"),
        ("2026-10-02T16:00+02:00", "2 working hours", "2026-10-05T10:00+02:00"),  # over a weekend
        ("2026-10-04T12:00+02:00", "1 working day", "2026-10-05T17:00+02:00"),
        ("2026-12-24T16:00+01:00", "2 working hours", "2026-12-28T10:00+01:00"),  # Christmas and its weekend
        ("2026-10-23T16:00+02:00", "9 working hours", "2026-10-26T17:00+01:00"),  # the clock goes back in between
        ("2026-10-05T10:00+02:00", "3 days", "2026-10-08T10:00+02:00"),
    ],
)
def test_working_hours_know_weekends_holidays_and_the_time_zone(
    register: Register, begun: str, limit: str, due: str
) -> None:
    clock = WorkingClock(register, register.paths[0])
    assert clock.due(datetime.fromisoformat(begun), within(limit)) == datetime.fromisoformat(due)

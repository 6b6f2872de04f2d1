"""The first weeks of a new plan are held against the weeks before it, for what both plans ask for; nothing alarms."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from alerts.figures import standing
from alerts.packs.weekly import weekly_pack
from alerts.plan_turn import plan_turn
from alerts.view import Terms
from alerts.words import plain
from models import Cycle, RegisterVersion, Share
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register

SINCE = date(2026, 10, 5)  # a Monday
OLD = """\
company: Acme
period: {name: Q3, start: 2026-07-06, end: 2026-10-04}
objectives:
  - {key: O1, title: Customers stay, priority: 1, key_results: [{key: O1.1, title: Churn from 4 % to 2 %}]}
  - {key: O2, title: The shop sells abroad, priority: 2, key_results: [{key: O2.1, title: "Orders, 0 to 500"}]}
"""
NEW = """\
company: Acme
period: {name: Q4, start: 2026-10-05, end: 2026-12-31}
objectives:
  - {key: O1, title: Warehouses run themselves, priority: 1, key_results: [{key: O1.1, title: "Picks, 10 to 60 %"}]}
  - {key: O2, title: Customers stay, priority: 2, key_results: [{key: O2.1, title: Churn from 4 % to 2 %}]}
"""


def fill(sessions: sessionmaker[Session], weeks: int) -> Register:
    """Twelve weeks before the plan's turn and some after it."""
    with sessions.begin() as session:
        for text, at in ((OLD, datetime(2026, 7, 6, tzinfo=UTC)), (NEW, datetime(2026, 10, 2, tzinfo=UTC))):
            version, _ = load_register(session, parse(text), text)
            session.get_one(RegisterVersion, version).loaded_at = at
        for n in range(-12, weeks):
            keep(session, SINCE + timedelta(weeks=n), {"O1": 0.1, "O2": 0.5} if n < 0 else {"O1": 0.4, "O2": 0.3})
        last = SINCE + timedelta(weeks=weeks, days=-1)
        session.add(Cycle(started_at=datetime.now(UTC), finished_at=datetime.now(UTC), through=last))
    return parse(NEW)


def keep(session: Session, week: date, by: Mapping[str, float]) -> None:
    top = sum(by.values())
    for objective, share in {**by, "": 1 - top, "top": top}.items():
        bounds = {"low": share - 0.05, "high": share + 0.05}
        session.add(
            Share(week=week, scope="company", objective=objective, share=share, coverage=0.9, person_days=50, **bounds)
        )


def test_what_both_plans_have_is_compared_by_what_it_says(sessions: sessionmaker[Session]) -> None:
    register = fill(sessions, 2)
    with sessions() as session:
        turn = plan_turn(session, register, "company", SINCE + timedelta(weeks=1))
    assert turn is not None
    assert [(one.key, one.title, one.before, one.now) for one in turn.kept] == [("O2", "Customers stay", 50, 30)]
    assert (turn.since, turn.weeks, turn.ended) == (SINCE, 2, ("The shop sells abroad",))
    said = plain(turn.words())
    assert "first 2 weeks of the plan of 5 October" in said
    assert "“Customers stay” 50% to 30%" in said


@pytest.mark.parametrize(("weeks", "against"), [(1, ""), (2, "the week before"), (4, "the 3 weeks before")])
def test_a_week_of_a_new_plan_is_held_against_weeks_of_it_alone(
    sessions: sessionmaker[Session], weeks: int, against: str
) -> None:
    register = fill(sessions, weeks)
    with sessions() as session:
        found = standing(session, register, "company")
    assert found is not None
    assert found.against == against
    assert found.top.before == (None if weeks == 1 else 70)  # the old plan's weeks are 60 in the terms of the new one


def test_before_the_plan_turned_weeks_are_held_against_their_own(sessions: sessionmaker[Session]) -> None:
    register = fill(sessions, 4)
    days = SINCE - timedelta(weeks=2), SINCE - timedelta(days=1)
    with sessions() as session:
        found = standing(session, register, "company", span=days)
    assert found is not None
    assert (found.top.now, found.top.before, found.against) == (60, 60, "the eight weeks before")


@pytest.mark.parametrize("after", [-1, 4, 9])
def test_it_is_said_in_the_first_four_weeks_alone(sessions: sessionmaker[Session], after: int) -> None:
    register = fill(sessions, 10)
    with sessions() as session:
        assert plan_turn(session, register, "company", SINCE + timedelta(weeks=after)) is None
        assert plan_turn(session, register, "company", SINCE + timedelta(weeks=3)) is not None


def test_a_first_plan_turns_from_nothing(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        load_register(session, parse(NEW), NEW)
        keep(session, SINCE, {"O1": 0.5})
    with sessions() as session:
        assert plan_turn(session, parse(NEW), "company", SINCE) is None


def test_the_weekly_pack_of_a_plans_first_week_holds_it_against_no_week_of_another(
    sessions: sessionmaker[Session],
) -> None:
    register = fill(sessions, 1)
    with sessions() as session:
        pack = weekly_pack(session, register, Terms())
    assert pack is not None
    said = [plain(one.words) for one in pack.sections[0].lines]
    assert len(said) == 1
    assert said[0].startswith(
        "In the first week of the plan of 5 October, compared with the weeks before: “Customers stay”"
    )

"""Effort is of the team of its day, wherever a team's is asked for: what somebody did before they came is another team's."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import Effort, Match, Membership, Person, RegisterVersion, WorkItem
from pipeline.progress.work import shares_by_week
from pipeline.register.document import parse
from pipeline.register.membership import load_teams, of_team, stay_of_effort
from tests.conftest import NOW
from web.key_result_days import key_result_days

MONDAY = date(2026, 9, 7)
PLAN = """
company: X
period: {name: 2026-Q3, start: 2026-07-01, end: 2026-09-30}
teams: [{key: app, name: App, members: []}, {key: ops, name: Ops, members: []}]
objectives: [{key: O1, title: Claims in a day, priority: 1, key_results: [{key: O1.1, title: Claims paid, teams: [app]}]}]
"""


@pytest.fixture
def moved(sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    """Person 1 went from app to ops on Wednesday, 2 is in app without dates, 3 left on Monday, 4 are those who are forgotten."""
    with sessions.begin() as session:
        session.add(RegisterVersion(id=1, loaded_at=NOW, document=PLAN, digest="x"))
        session.add_all(
            [
                Person(id=1, email="a@x.example", team="ops"),
                Person(id=2, email="b@x.example", team="app"),
                Person(id=3, email="c@x.example", team=None),
                Person(id=4, team="app", forgotten=True),
                WorkItem(id=1, source="jira", external_id="1", kind="task", container="OPS", labels=[], mentions=[]),
            ]
        )
        session.flush()
        session.add(Match(work_item_id=1, version_id=1, probabilities={"O1.1": 1.0}, none=0.0, evidence=[]))
        wednesday = MONDAY + timedelta(days=2)
        session.add(Membership(person_id=1, first=date.min, last=wednesday - timedelta(days=1), team="app"))
        session.add(Membership(person_id=1, first=wednesday, team="ops"))
        session.add(Membership(person_id=3, first=date.min, last=MONDAY, team="app"))
        for n in range(5):
            for person in range(1, 5):
                session.add(
                    Effort(day=MONDAY + timedelta(days=n), person_id=person, work_item_id=1, person_days=person)
                )
    return sessions


def test_a_teams_effort_is_asked_for_as_it_is_looked_up_by_the_day(moved: sessionmaker[Session]) -> None:
    with moved() as session:
        teams, (stay, on_its_days) = load_teams(session), stay_of_effort()
        rows = session.execute(
            select(Effort.person_id, Effort.day, stay.c.team).outerjoin(stay, on_its_days).order_by(Effort.day)
        ).all()
        assert len(rows) == 20
        assert all(team == teams.on(person, day) for person, day, team in rows)
        days = {
            team: sum(session.scalars(of_team(select(Effort.person_days), team))) for team in ("app", "ops", "fleet")
        }
    assert days == {"app": 2 * 1 + 5 * 2 + 1 * 3 + 5 * 4, "ops": 3 * 1, "fleet": 0}


def test_days_of_a_key_result_stay_with_the_team_they_were_done_in_next_pms_549(moved: sessionmaker[Session]) -> None:
    """After a move the page took them along, so that the same weeks said something else, by one person's days."""
    with moved() as session:
        found = key_result_days(session, parse(PLAN), MONDAY, MONDAY + timedelta(days=6))
    assert found.days == pytest.approx({("app", "O1.1"): 35.0, ("ops", "O1.1"): 3.0, ("", "O1.1"): 12.0})
    assert found.people == {("app", "O1.1"): {1, 2, 3}, ("ops", "O1.1"): {1}, ("", "O1.1"): {3}}
    assert found.by_team("O1.1", ["app", "ops"], 3) == {"app": None, "ops": None}  # else the rest were two people's
    assert found.by_team("O1.1", ["app", "ops"], 1) == {"app": 35.0, "ops": 3.0}


@pytest.mark.parametrize(("least", "weeks"), [(3, 1), (4, 0)])
def test_those_who_are_forgotten_are_no_person_that_a_week_is_told_of(
    moved: sessionmaker[Session], least: int, weeks: int
) -> None:
    with moved() as session:
        found = shares_by_week(session, parse(PLAN), MONDAY, MONDAY + timedelta(days=6), least)
    assert len(found) == weeks

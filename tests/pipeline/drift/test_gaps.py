"""A share below its plan: told from the first weeks on, once, when it is sure; never of a suggestion or of few people."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import Drift, RegisterVersion, Share
from pipeline.drift.finding import Analysis, reconcile
from pipeline.drift.findings import KINDS
from pipeline.drift.history import DriftSettings
from pipeline.drift.stage import intended_starts
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register
from tests.conftest import lite as engine  # noqa: F401 - the fixture of that name, here

START = date(2026, 9, 28)
"""A Monday."""
SUNDAY = timedelta(days=6)


def text(plan: str | None = "40 %", team: str | None = None, start: date = START, weeks: int = 13) -> str:
    first: dict[str, Any] = {
        "key": "O1",
        "title": "Riders open the app",
        "priority": 1,
        "key_results": [{"key": "O1.1", "title": "Daily riders", "teams": ["app"]}],
    }
    other = {"key": "O2", "title": "Orders", "priority": 2, "key_results": [{"key": "O2.1", "title": "Orders a day"}]}
    app: dict[str, Any] = {"key": "app", "name": "App", "members": [f"p{n}@x.example" for n in range(6)]}
    return str(
        yaml.safe_dump(
            {
                "company": "Acme",
                "period": {"name": "Q4", "start": start, "end": start + timedelta(weeks=weeks, days=-1)},
                "teams": [app | ({"plan": {"O1": team}} if team else {})],
                "objectives": [first | ({"plan": plan} if plan else {}), other],
            }
        )
    )


def load(sessions: sessionmaker[Session], document: str, at: date) -> Register:
    with sessions.begin() as session:
        version, _ = load_register(session, parse(document), document)
        session.get_one(RegisterVersion, version).loaded_at = datetime.combine(at, datetime.min.time(), UTC)
    return parse(document)


def work(
    sessions: sessionmaker[Session],
    weeks: int,
    share: float = 0.2,
    scope: str = "company",
    since: date = START,
    half: float = 0.05,
    key: str = "O1",
) -> date:
    """Weeks of a share; returns the last Sunday."""
    with sessions.begin() as session:
        for n in range(weeks):
            session.merge(
                Share(
                    week=since + timedelta(weeks=n),
                    scope=scope,
                    objective=key,
                    share=share,
                    low=share - half,
                    high=share + half,
                    coverage=0.9,
                    person_days=100.0,
                )
            )
    return since + timedelta(weeks=weeks) - timedelta(days=1)


def look(
    sessions: sessionmaker[Session], register: Register, last: date, gap_points: float = 0.1, **settings: Any
) -> list[Drift]:
    with sessions.begin() as session:
        given: Any = DriftSettings(gap_points=gap_points, **settings)
        detector: Any = None  # a gap asks nothing of it
        reconcile(Analysis(session, register, last, given, detector, ()), "gap", KINDS["gap"])
    with sessions() as session:
        return list(session.scalars(select(Drift).where(Drift.kind == "gap").order_by(Drift.id)))


def test_a_company_off_its_plan_from_the_first_day_is_told_after_four_whole_weeks(
    sessions: sessionmaker[Session],
) -> None:
    register = load(sessions, text(), START)
    assert not look(sessions, register, work(sessions, 3))
    last = work(sessions, 4)
    assert not look(sessions, register, last - timedelta(days=1))  # the fourth week is still running
    (found,) = look(sessions, register, last)
    assert (found.scope, found.subject, found.state, found.start) == ("company", "O1", "raised", START)
    assert (found.before, found.after) == (0.4, 0.2)
    assert found.explanation == {"until": "2026-10-25", "weeks": 4, "person_days": 80.0}
    (again,) = look(sessions, register, work(sessions, 5))
    assert again.id == found.id
    assert again.explanation["weeks"] == 5


@pytest.mark.parametrize(("share", "half"), [(0.35, 0.02), (0.26, 0.05), (0.2, 0.12), (0.45, 0.02)])
def test_a_gap_that_is_small_or_unsure_is_not_told(sessions: sessionmaker[Session], share: float, half: float) -> None:
    register = load(sessions, text(), START)
    assert not look(sessions, register, work(sessions, 8, share, half=half))


def test_the_size_and_the_time_are_settings(sessions: sessionmaker[Session]) -> None:
    register = load(sessions, text(), START)
    last = work(sessions, 2, 0.28)
    assert not look(sessions, register, last, gap_weeks=2)
    assert look(sessions, register, last, gap_weeks=2, gap_points=0.05)


def test_it_ends_when_the_share_is_surely_back(sessions: sessionmaker[Session]) -> None:
    register = load(sessions, text(), START)
    look(sessions, register, work(sessions, 4))
    (still,) = look(sessions, register, work(sessions, 4, 0.29, since=START + timedelta(weeks=4)))
    assert still.state == "raised"  # eleven points: neither surely larger nor surely smaller
    last = work(sessions, 4, 0.39, since=START + timedelta(weeks=8))
    (ended,) = look(sessions, register, last)
    assert (ended.state, ended.ended_on) == ("recovered", last)
    assert len(look(sessions, register, last + timedelta(days=1))) == 1


def test_four_weeks_after_many_on_plan_must_be_surer_than_those_of_a_plan_that_was_never_kept(
    sessions: sessionmaker[Session],
) -> None:
    register = load(sessions, text(), START)
    late = START + timedelta(weeks=5)
    work(sessions, 5, 0.4)
    assert not look(sessions, register, work(sessions, 4, 0.245, since=late))  # as often by chance as any four weeks
    (found,) = look(sessions, register, work(sessions, 4, 0.22, since=late))
    assert found.start == late


def test_a_gap_that_was_made_good_counts_no_further(sessions: sessionmaker[Session]) -> None:
    register = load(sessions, text(weeks=26), START)
    look(sessions, register, work(sessions, 6, 0.05))
    (ended,) = look(sessions, register, work(sessions, 4, 0.41, since=START + timedelta(weeks=6)))
    assert ended.state == "recovered"
    assert len(look(sessions, register, work(sessions, 4, 0.28, since=START + timedelta(weeks=10)))) == 1


def test_a_changed_plan_holds_from_the_day_it_was_loaded_on(sessions: sessionmaker[Session]) -> None:
    look(sessions, load(sessions, text(), START), work(sessions, 4))
    changed = date(2026, 10, 28)  # a Wednesday
    register = load(sessions, text("45 %"), changed)
    (ended,) = look(sessions, register, work(sessions, 5))
    assert (ended.state, ended.ended_on) == ("replanned", changed)
    assert len(look(sessions, register, work(sessions, 8))) == 1  # three whole weeks of the new plan
    _, raised = look(sessions, register, work(sessions, 9))
    assert (raised.start, raised.before, raised.state) == (date(2026, 11, 2), 0.45, "raised")


def test_a_correction_within_a_week_is_the_first_plan(sessions: sessionmaker[Session]) -> None:
    load(sessions, text("10 %"), START)
    register = load(sessions, text("40 %"), START + timedelta(days=3))
    (found,) = look(sessions, register, work(sessions, 4))
    assert (found.start, found.before) == (START, 0.4)


def test_without_a_plan_nothing_is_told_and_taking_it_out_ends_what_is_open(sessions: sessionmaker[Session]) -> None:
    register = load(sessions, text(None), START)
    last = work(sessions, 8, 0.01)
    assert not look(sessions, register, last)
    planned = load(sessions, text(), START - timedelta(days=30))
    with sessions.begin() as session:  # as if the plan had been there from the first day
        session.delete(session.get_one(RegisterVersion, 1))
    assert look(sessions, planned, last)[0].state == "raised"
    assert look(sessions, load(sessions, text(None), last), last)[0].state == "replanned"


def test_never_after_the_period(sessions: sessionmaker[Session]) -> None:
    register = load(sessions, text(weeks=6), START)
    (found,) = look(sessions, register, work(sessions, 6))
    assert found.state == "raised"
    (over,) = look(sessions, register, work(sessions, 8))
    assert (over.state, over.ended_on, over.explanation["weeks"]) == (
        "replanned",
        register.period.end + timedelta(days=1),
        6,
    )


def test_nothing_new_is_told_after_the_period(sessions: sessionmaker[Session]) -> None:
    register = load(sessions, text(weeks=6), START)
    assert not look(sessions, register, work(sessions, 8))


def fall(scope: str, severity: str = "high", teams: tuple[str, ...] = ()) -> Drift:
    rows = [{"team": team, "points": -5.0} for team in teams]
    return Drift(
        kind="drift",
        scope=scope,
        state="raised",
        severity=severity,
        raised_on=START,
        start=START,
        before=0.6,
        after=0.3,
        low=-0.4,
        high=-0.2,
        absorbed_by=[],
        explanation={"teams": rows},
    )


def test_an_open_fall_of_the_scope_says_it_already(sessions: sessionmaker[Session]) -> None:
    register, last = load(sessions, text(), START), work(sessions, 4)
    with sessions.begin() as session:
        session.add(one := fall("company"))
    assert not look(sessions, register, last)
    with sessions.begin() as session:
        session.merge(one).state = "recovered"
    assert len(look(sessions, register, last)) == 1


def test_a_fall_that_nobody_was_told_of_says_nothing(sessions: sessionmaker[Session]) -> None:
    register, last = load(sessions, text(), START), work(sessions, 4)
    with sessions.begin() as session:
        session.add(fall("company", "low"))
    assert len(look(sessions, register, last)) == 1


def test_a_team_is_held_against_its_own_plan(sessions: sessionmaker[Session]) -> None:
    register = load(sessions, text(None, "60 %"), START)
    work(sessions, 4, 0.05)
    (found,) = look(sessions, register, work(sessions, 4, 0.3, scope="app"))
    assert (found.scope, found.before, found.after) == ("app", 0.6, 0.3)


def test_a_teams_gap_is_a_line_of_the_companys(sessions: sessionmaker[Session]) -> None:
    register = load(sessions, text("40 %", "60 %"), START)
    work(sessions, 4)
    assert [one.scope for one in look(sessions, register, work(sessions, 4, 0.3, scope="app"))] == ["company"]


def test_a_team_that_the_companys_fall_names_is_not_told_again(sessions: sessionmaker[Session]) -> None:
    register, last = load(sessions, text(None, "60 %"), START), work(sessions, 4, 0.3, scope="app")
    with sessions.begin() as session:
        session.add(fall("company", teams=("app",)))
    assert not look(sessions, register, last)


def test_a_team_that_the_companys_alert_has_no_room_for_is_told(sessions: sessionmaker[Session]) -> None:
    register, last = load(sessions, text(None, "60 %"), START), work(sessions, 4, 0.3, scope="app")
    with sessions.begin() as session:
        session.add(fall("company", teams=("a", "b", "c", "d", "app")))
    assert [one.scope for one in look(sessions, register, last)] == ["app"]


def test_a_team_without_weeks_of_enough_people_is_not_judged(sessions: sessionmaker[Session]) -> None:
    register = load(sessions, text(None, "60 %"), START)
    work(sessions, 4, 0.3, scope="app")
    late = START + timedelta(weeks=7)  # its last three weeks had too few people, so there are no shares of them
    assert not look(sessions, register, late)


def test_what_was_called_intended_is_not_told_again_until_the_plan_changes(sessions: sessionmaker[Session]) -> None:
    register = load(sessions, text(), START)
    (found,) = look(sessions, register, work(sessions, 4))
    with sessions.begin() as session:
        session.get_one(Drift, found.id).state = "intended"
        assert intended_starts(session) == {}  # no new baseline of the shares: they did not change
    assert [one.state for one in look(sessions, register, work(sessions, 6))] == ["intended"]
    register = load(sessions, text("50 %"), START + timedelta(weeks=6))
    assert [one.state for one in look(sessions, register, work(sessions, 10))] == ["intended", "raised"]

"""Who is there: told once, never as a drift, and never a share of nothing."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from models.vocabulary import COMPANY
from pipeline.drift.detector import Detector, Event
from pipeline.drift.observations import Observations, Priorities

DAYS, BUILDERS, EVENT = 130, 12, 90
"""Half of the people build what the plan asks for, half do not."""


def company(seed: int = 1, spare: int = 0) -> tuple[list[date], list[str], NDArray[np.float64]]:
    """Effort (on the plan, off it) of builders, supporters and `spare` idle rows; everybody has good and bad days."""
    rng = np.random.default_rng(seed)
    days = [date(2025, 1, 6) + timedelta(days=n) for n in range(DAYS * 2)]
    days = [day for day in days if day.weekday() < 5][:DAYS]
    people = 2 * BUILDERS
    own = np.where(np.arange(people) < BUILDERS, 0.9, 0.2)[:, None]
    on = np.clip(own + rng.normal(0, 0.15, (people, DAYS)), 0, 1)
    effort = np.concatenate([np.stack([on, 1 - on]), np.zeros((2, spare, DAYS))], 1)
    teams = ["build"] * BUILDERS + ["support"] * BUILDERS + ["support"] * spare
    return days, teams, effort


def run(days: list[date], teams: list[str], effort: NDArray[np.float64]) -> list[Event]:
    detector = Detector(Observations(days, ["O1"], teams, effort), [Priorities(days[0], {"O1": 1})])
    events = detector.run()
    assert not detector.failed
    return events


def test_builders_on_leave_change_the_mix_and_nothing_else() -> None:
    days, teams, effort = company()
    effort[:, : BUILDERS // 2, EVENT : EVENT + 20] = 0
    events = run(days, teams, effort)
    assert not [e for e in events if e.kind == "drift"]
    mixed = [e for e in events if e.kind == "mix"]
    assert [e.scope for e in mixed] == [COMPANY]
    assert mixed[0].mix < -0.1
    assert days[EVENT] <= mixed[0].at <= days[EVENT + 20]


def test_a_real_fall_is_found_while_many_are_hired_elsewhere() -> None:
    days, teams, effort = company(spare=6)
    effort[1, 2 * BUILDERS :, EVENT:] = 1.0
    calm = run(days, teams, effort)
    moved = 0.3 * effort[0, :, EVENT:]
    effort[0, :, EVENT:] -= moved
    effort[1, :, EVENT:] += moved
    events = run(days, teams, effort)
    assert not [e for e in calm if e.kind == "drift"]
    found = next(e for e in events if e.kind == "drift" and e.scope == COMPANY)
    assert abs((found.start - days[EVENT]).days) <= 4
    assert abs((found.before - found.after) - 0.3 * found.before) < 0.05  # what the same people do less of


def test_a_team_whose_members_all_leave_is_gone_once_and_has_no_share() -> None:
    days, teams, effort = company()
    effort[:, :BUILDERS, EVENT:] = 0
    events = run(days, teams, effort)
    assert not [e for e in events if e.kind == "drift"]
    gone = [(e.scope, e.start) for e in events if e.kind == "data" and e.subject == "gone"]
    assert gone == [("build", days[EVENT])]


def test_people_who_change_team_leave_nothing_behind_and_take_nothing_along() -> None:
    days, teams, effort = company(spare=4)
    teams[-4:] = ["support"] * 4
    movers, after = slice(0, 4), slice(2 * BUILDERS, 2 * BUILDERS + 4)
    effort[:, after, EVENT:] = effort[:, BUILDERS : BUILDERS + 4, EVENT:]
    effort[:, movers, EVENT:] = 0
    assert not [e for e in run(days, teams, effort) if e.kind == "drift"]


def test_after_the_end_of_the_plan_nothing_is_drift() -> None:
    days, teams, effort = company()
    effort[:, :BUILDERS, EVENT:] = effort[::-1, :BUILDERS, EVENT:]
    seen = Observations(days, ["O1"], teams, effort)
    assert [e for e in Detector(seen, [Priorities(days[0], {"O1": 1})]).run() if e.kind == "drift"]
    ended = Detector(seen, [Priorities(days[0], {"O1": 1}, end=days[EVENT + 2])])
    assert not [e for e in ended.run() if e.kind == "drift"]
    assert not ended.open


def test_one_scope_that_cannot_be_computed_leaves_the_others() -> None:
    days, teams, effort = company()
    effort[:, :, EVENT:] = effort[::-1, :, EVENT:]
    effort[0, BUILDERS + 1, EVENT + 10 :] = np.nan
    detector = Detector(Observations(days, ["O1"], teams, effort), [Priorities(days[0], {"O1": 1})])
    assert all(np.isfinite([e.before, e.after, e.low, e.high]).all() for e in detector.run())

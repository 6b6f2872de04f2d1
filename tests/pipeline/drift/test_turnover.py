"""Who is there: told once, never as a drift, and never a share of nothing."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.drift.three_ways import BUILDERS, DAYS, EVENT, company
from models.vocabulary import COMPANY
from pipeline.drift.data_health import check
from pipeline.drift.detector import Detector, Event
from pipeline.drift.lineage import joined
from pipeline.drift.observations import Observations, Priorities


def run(days: list[date], teams: list[str], effort: NDArray[np.float64], people: Sequence[int] = ()) -> list[Event]:
    seen = Observations(days, ["O1"], teams, effort, people=people)
    detector = Detector(seen, [Priorities(days[0], {"O1": 1})])
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


@pytest.mark.parametrize(("joiners", "told"), [(1, False), (4, False), (5, True)])
def test_a_change_of_mix_is_none_of_a_few_people_s_work_teammates_11793(joiners: int, told: bool) -> None:
    """Who knows that one person joined would read that person's work in it."""
    days, _, _ = company()
    people = 7 + joiners
    on = np.full((people, DAYS), 0.9)
    on[7:] = 0.1
    effort = np.stack([on, 1 - on])
    effort[:, 7:, :EVENT] = 0
    mixed = [e for e in run(days, ["a"] * people, effort) if e.kind == "mix"]
    assert {e.scope for e in mixed} == ({COMPANY, "a"} if told else set())


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


def called(teams: list[str], seed: int, *, falls: bool) -> list[Event]:
    """What is told where everybody of `teams` goes on in these from the event on, and what they do may fall."""
    days, names, effort = company(seed, spare=2 * BUILDERS)
    if falls:
        moved = 0.4 * effort[0, :, EVENT + 3 :]
        effort[0, :, EVENT + 3 :] -= moved
        effort[1, :, EVENT + 3 :] += moved
    everybody = range(2 * BUILDERS)
    here = [person for person in everybody if teams[person] != names[person]]
    for person in here:
        effort[:, 2 * BUILDERS + person, EVENT:] = effort[:, person, EVENT:]
        effort[:, person, EVENT:] = 0
    return run(days, [*names[: 2 * BUILDERS], *teams], effort, [*everybody, *everybody])


RENAMED = {
    "renamed": ["make"] * BUILDERS + ["help"] * BUILDERS,
    "merged": ["all"] * 2 * BUILDERS,
    "split": ["one"] * 6 + ["two"] * 6 + ["three"] * 6 + ["four"] * 6,
}


@pytest.mark.parametrize("teams", RENAMED.values(), ids=RENAMED)
def test_who_goes_on_in_a_team_of_another_name_is_compared_with_their_own_past(teams: list[str]) -> None:
    assert {e.kind for e in called(teams, seed=3, falls=False)} == {"data"}  # a key that ended
    found = [e for e in called(teams, seed=3, falls=True) if e.kind == "drift" and e.scope == COMPANY]
    stayed = [e for e in called(["build"] * BUILDERS + ["support"] * BUILDERS, seed=3, falls=True) if e.kind == "drift"]
    assert [(e.at, e.start) for e in found] == [(e.at, e.start) for e in stayed if e.scope == COMPANY]


def test_what_is_told_of_a_renamed_team_rests_on_the_days_up_to_it() -> None:
    days, names, effort = company(seed=3, spare=BUILDERS)
    effort[:, 2 * BUILDERS :, EVENT:] = effort[:, :BUILDERS, EVENT:]
    effort[:, :BUILDERS, EVENT:] = 0
    effort[:, 2 * BUILDERS : 2 * BUILDERS + 9, EVENT : EVENT + 3] = 0  # most of them come some days later
    people = [*range(2 * BUILDERS), *range(BUILDERS)]
    teams = names[: 2 * BUILDERS] + ["make"] * BUILDERS
    whole = joined(Observations(days, ["O1"], teams, effort, people=people))
    assert not whole.effort[:, :9, EVENT : EVENT + 3].any()
    assert whole.effort[:, :9, EVENT + 3].any()
    for until in (EVENT + 1, EVENT + 3, EVENT + 4):
        part = joined(Observations(days[:until], ["O1"], teams, effort[:, :, :until], people=people))
        assert (part.effort == whole.effort[:, :, :until]).all()


def test_a_team_that_comes_later_makes_nobody_surer_before() -> None:
    days, teams, effort = company(spare=6)
    teams[-6:] = ["late"] * 6
    effort[1, -6:, EVENT:] = 1
    effort[:, :BUILDERS, EVENT + 10 :] = 0
    count = Detector(Observations(days, ["O1"], teams, effort), [Priorities(days[0], {"O1": 1})]).teams_at.tolist()
    assert count == [2] * EVENT + [3] * (DAYS - EVENT)
    before = Observations(days[:EVENT], ["O1"], teams, effort[:, :, :EVENT])
    assert Detector(before, [Priorities(days[0], {"O1": 1})]).teams_at.tolist() == count[:EVENT]


def test_who_is_on_leave_for_four_weeks_is_no_team_that_is_gone() -> None:
    days, teams, effort = company()
    effort[:, :BUILDERS, EVENT : EVENT + 20] = 0
    assert not [e for e in run(days, teams, effort) if e.kind == "data"]


def test_after_the_end_of_the_plan_nothing_is_drift() -> None:
    days, teams, effort = company()
    effort[:, :BUILDERS, EVENT:] = effort[::-1, :BUILDERS, EVENT:]
    seen = Observations(days, ["O1"], teams, effort)
    assert [e for e in Detector(seen, [Priorities(days[0], {"O1": 1})]).run() if e.kind == "drift"]
    ended = Detector(seen, [Priorities(days[0], {"O1": 1}, end=days[EVENT + 2])])
    assert not [e for e in ended.run() if e.kind == "drift"]
    assert not ended.open


def fallen() -> tuple[list[date], list[str], NDArray[np.float64]]:
    days, teams, effort = company()
    moved = 0.4 * effort[0, :, EVENT:]
    effort[0, :, EVENT:] -= moved
    effort[1, :, EVENT:] += moved
    return days, teams, effort


def test_objectives_that_change_places_at_the_top_or_below_it_begin_no_new_baseline() -> None:
    days, teams, effort = fallen()
    seen, rank = Observations(days, ["O1"], teams, effort), {"O1": 1, "O2": 2, "O3": 4}
    later = [Priorities(days[EVENT - 5], {"O1": 2, "O2": 1, "O3": 5, "O4": 4})]
    events = [Detector(seen, [Priorities(days[0], rank), *more]).run() for more in ([], later)]
    assert [e.kind for e in events[0] if e.scope == COMPANY] == ["drift"]
    assert events[1] == events[0]


def test_a_fall_that_was_told_before_a_plan_ended_is_not_told_again_where_the_next_one_comes_late() -> None:
    days, teams, effort = fallen()
    plan = Priorities(days[0], {"O1": 1}, end=days[EVENT + 20])
    detector = Detector(Observations(days, ["O1"], teams, effort), [plan, Priorities(days[EVENT + 30], {"O1": 1})])
    events = [e for e in detector.run() if e.scope == COMPANY]
    assert [(e.kind, e.at < days[EVENT + 20]) for e in events] == [("drift", True)]
    assert detector.open[COMPANY] == events[0]


@pytest.mark.parametrize("back", [True, False])
def test_days_between_two_plans_are_no_fall_of_the_next_one_synthetic_monitoring_231(back: bool) -> None:
    """A cool-down or a week of planning: what is done then no plan asks for. Who goes on so falls in the new plan's days."""
    days, teams, effort = company()
    effort[:, :BUILDERS, EVENT : EVENT + 15 if back else None] = effort[
        ::-1, :BUILDERS, EVENT : EVENT + 15 if back else None
    ]
    plans = [Priorities(days[0], {"O1": 1}, end=days[EVENT]), Priorities(days[EVENT + 15], {"O1": 1})]
    events = Detector(Observations(days, ["O1"], teams, effort), plans).run()
    found = [e for e in events if e.scope == COMPANY and e.kind == "drift"]
    assert len(found) == (not back)
    assert all(e.at > days[EVENT + 20] and e.start == days[EVENT + 15] for e in found)


def test_one_scope_that_cannot_be_computed_leaves_the_others() -> None:
    days, teams, effort = company()
    effort[:, :, EVENT:] = effort[::-1, :, EVENT:]
    effort[0, BUILDERS + 1, EVENT + 10 :] = np.nan
    detector = Detector(Observations(days, ["O1"], teams, effort), [Priorities(days[0], {"O1": 1})])
    assert all(np.isfinite([e.before, e.after, e.low, e.high]).all() for e in detector.run())


@pytest.mark.parametrize("known", [True, False])
def test_fridays_on_which_many_are_always_off_are_days_like_others_sentry_66906(known: bool) -> None:
    """Two in three do not work on Fridays, as their days in the register say or as nobody says; one Friday everybody is off."""
    days = [day for n in range(140) if (day := date(2026, 1, 5) + timedelta(days=n)).weekday() < 5]
    fridays = np.array([day.weekday() == 4 for day in days])
    worked = np.random.default_rng(1).uniform(0.7, 1, (12, len(days)))
    worked[:8, fridays] = 0
    holiday = np.flatnonzero(fridays)[15]
    worked[:, holiday] *= 0.05
    expected = np.where(fridays & known, 4.0, 12.0)
    health = check(Observations(days, ["O1"], ["t"] * 12, worked[None], expected=expected))
    assert np.flatnonzero(health.bad[30:]).tolist() == [holiday - 30]
    assert not health.faults

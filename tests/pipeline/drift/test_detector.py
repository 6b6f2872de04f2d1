"""The detector on organisations with and without an event; benchmarks/drift has the table."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from benchmarks.drift import run as benchmark
from benchmarks.drift.organisation import OBJECTIVES, SOURCES, Case, Organisation, generate
from models.vocabulary import COMPANY
from pipeline.drift.data_health import check
from pipeline.drift.detector import Detector, Event
from pipeline.drift.observations import Observations, Priorities
from pipeline.drift.tuning import TUNING


def observe(o: Organisation, days: int | None = None) -> Observations:
    return Observations(o.days[:days], OBJECTIVES, o.teams, o.effort[:, :, :days], SOURCES, o.by_source[:, :days])


def built(o: Organisation, days: int | None = None, *, teams: bool = True) -> Detector:
    """Without teams and shifts a walk takes a quarter of the time, and says the same of the company's drifts."""
    kind = Detector if teams else benchmark.CompanyOnly
    return kind(observe(o, days), [Priorities(start, rank) for start, rank in o.periods])


def run(o: Organisation, days: int | None = None, *, teams: bool = True) -> list[Event]:
    return built(o, days, teams=teams).run()


def drifts(events: list[Event], scope: str = COMPANY) -> list[Event]:
    return [e for e in events if e.kind == "drift" and e.scope == scope]


@pytest.fixture(scope="module")
def fallen() -> Organisation:
    return generate(Case("step", 60, 30), seed=1)


@pytest.fixture(scope="module")
def walked(fallen: Organisation) -> tuple[Detector, list[Event]]:
    """A detector that has gone through all of it, and what it told."""
    its = built(fallen)
    return its, its.run()


@pytest.fixture(scope="module")
def told(walked: tuple[Detector, list[Event]]) -> list[Event]:
    """What is told of it, to its last day."""
    return walked[1]


def test_a_fall_is_raised_within_three_weeks_with_its_start_and_what_absorbed_it(
    fallen: Organisation, told: list[Event]
) -> None:
    assert fallen.start is not None
    event = next(e for e in drifts(told) if e.at >= fallen.start)
    assert event.at <= fallen.start + timedelta(weeks=3)
    assert abs((event.start - fallen.start).days) <= 7
    assert event.start_low is not None
    assert event.start_high is not None
    assert event.start_low <= event.start <= event.start_high
    assert event.absorbed_by[0][0] == fallen.absorber
    assert event.low < event.after - event.before < event.high < 0


@pytest.mark.parametrize("quiet", ["missing", "thin"])
def test_what_began_while_nothing_was_known_may_have_begun_on_any_day_of_that_ldats_15(quiet: str) -> None:
    """A gap of three weeks, in a file or of a source that was silent: the first day after it is no surer than those in it."""
    days = [day for n in range(150) if (day := date(2026, 1, 5) + timedelta(days=n)).weekday() < 5]
    gone = np.arange(60, 75)
    top = np.where(np.arange(len(days)) < 60, 0.7, 0.2) + np.random.default_rng(1).normal(0, 0.05, (12, len(days)))
    effort = np.stack([top, 1 - top])
    effort[:, 2:, gone] = 0
    there = np.delete(np.arange(len(days)), gone if quiet == "missing" else [])
    seen = Observations([days[n] for n in there], ["O1"], ["t"] * 12, effort[:, :, there])
    told = Event(days[-1], "drift", COMPANY, "high", days[75], 0.7, 0.2, -0.6, -0.4)
    found = Detector(seen, [Priorities(days[0], {"O1": 1})]).now(told)
    assert (found.start_low, found.start, found.start_high) == (days[60], days[75], days[75])


def test_what_absorbed_the_work_adds_up_to_the_fall(told: list[Event]) -> None:
    for event in drifts(told):
        assert sum(points for _, points in event.absorbed_by) == pytest.approx(
            100 * (event.before - event.after), abs=0.1
        )


def test_severity_grows_with_what_is_left_of_a_fall_without_its_worst_week(
    fallen: Organisation, walked: tuple[Detector, list[Event]]
) -> None:
    last, told = walked
    raised = next(e for e in drifts(told) if fallen.start and e.at >= fallen.start)
    first = built(fallen, fallen.days.index(raised.at) + 1, teams=False)
    assert first.run() == [e for e in told if e.at <= raised.at and e.scope == COMPANY and e.kind != "objective"]
    for its, wanted in ((first, {"low", "medium", "high"}), (last, {"high"})):
        assert its.now(its.open[COMPANY]).severity in wanted


def test_a_further_fall_of_what_has_fallen_is_raised_against_its_own_level() -> None:
    o, deeper = generate(Case("step", 60, 20), seed=2), generate(Case("step", 60, 50), seed=2)
    o.effort[:, :, 165:] = deeper.effort[:, :, 165:]
    assert o.start is not None
    found = run(o, teams=False)
    first, second = [e for e in drifts(found) if e.at >= o.start][:2]
    assert abs((second.start - o.days[165]).days) <= 10
    assert second.before == pytest.approx(first.after, abs=0.08)
    assert "recovery" not in [e.kind for e in found if first.at <= e.at <= second.at and e.scope == COMPANY]


def test_a_shift_between_top_objectives_is_told_as_one_and_once() -> None:
    o = generate(Case("swap", 60), seed=1)
    assert o.start is not None
    found = [e for e in run(o) if e.at >= o.start]
    shifts = [e for e in found if e.kind == "objective"]
    assert [(e.subject, e.absorbed_by[0][0]) for e in shifts] == [("O1", "O2")]
    assert abs((shifts[0].start - o.start).days) <= 7
    assert sum(points for _, points in shifts[0].absorbed_by) == pytest.approx(
        100 * (shifts[0].before - shifts[0].after), abs=0.1
    )
    assert not drifts(found)


def test_an_open_drift_ends_where_the_priorities_change() -> None:
    o = generate(Case("step", 60, 30), seed=1)
    priorities = [Priorities(o.days[0], {"O1": 1, "O2": 2, "O3": 3}), Priorities(o.days[160], {"O4": 1, "O5": 2})]
    detector = Detector(observe(o), priorities)
    events = detector.run()
    assert any(e.scope == COMPANY and o.start and e.at >= o.start for e in drifts(events))
    assert COMPANY not in detector.open
    assert not [e for e in events if o.days[160] <= e.at < o.days[187]]  # and a new baseline is gathered first


def test_an_event_rests_only_on_the_days_up_to_it(fallen: Organisation, told: list[Event]) -> None:
    for days in (130, 160):
        last = fallen.days[days - 1]
        assert run(fallen, days) == [e for e in told if e.at <= last]


def test_a_dip_of_a_week_is_not_raised_above_low() -> None:
    loud = 0
    for seed in range(6):
        o = generate(Case("dip", 60, 20), seed)
        assert o.start is not None
        end = o.start + timedelta(weeks=4)
        told = drifts(run(o, sum(day <= end for day in o.days), teams=False))
        loud += any(e.at >= o.start and e.severity != "low" for e in told)
    assert loud <= 1


def test_a_silent_source_is_a_data_fault_and_holds_drift_back() -> None:
    o = generate(Case("outage", 60), seed=2)
    assert o.start is not None
    found = [e for e in run(o) if o.start <= e.at <= o.start + timedelta(days=10)]
    assert [(e.kind, e.subject) for e in found] == [("data", "hubspot")]
    assert found[0].at <= o.start + timedelta(days=3)


@pytest.mark.parametrize(("left", "silent"), [(0.2, []), (1.0, ["jira"])])
def test_a_source_whose_people_are_known_to_be_away_is_not_silent_runs_on_167(left: float, silent: list[str]) -> None:
    """Two offices, each with a tool of its own; the larger one has two weeks of holidays, as its calendar says, or has none."""
    days = [day for n in range(100) if (day := date(2026, 1, 5) + timedelta(days=n)).weekday() < 5]
    worked = np.random.default_rng(1).uniform(0.7, 1, (20, len(days)))
    expected = np.full(len(days), 20.0)
    worked[4:, 50:60], expected[50:60] = 0, 20 * left
    by_source = np.stack([worked[4:].sum(0), worked[:4].sum(0)])
    seen = Observations(days, ["O1"], ["t"] * 20, worked[None], ["jira", "github"], by_source, expected)
    health = check(seen)
    assert [fault.what for fault in health.faults] == silent
    assert health.bad[50:60].all()


def test_a_replan_begins_a_new_baseline() -> None:
    o = generate(Case("replan", 60), seed=3)
    assert o.start is not None
    assert [e for e in drifts(run(o, teams=False)) if e.at >= o.start] == []
    unaware = Organisation(**{**vars(o), "periods": o.periods[:1]})
    assert [e for e in drifts(run(unaware, teams=False)) if e.at >= o.start] != []


def test_one_team_that_collapses_is_named_though_the_company_stands() -> None:
    o = generate(Case("team", 60, 50), seed=4)
    assert o.start is not None
    found = [e for e in run(o) if e.kind == "drift" and e.at >= o.start]
    assert o.team in {e.scope for e in found}
    assert COMPANY not in {e.scope for e in found}


def test_a_recovery_is_told() -> None:
    o = generate(Case("step", 60, 30), seed=5)
    back = 160
    healthy = generate(Case("none", 60), seed=5)
    o.effort[:, :, back:] = healthy.effort[:, :, back:]
    kinds = [e.kind for e in run(o, teams=False) if e.scope == COMPANY and o.start is not None and e.at >= o.start]
    assert kinds == ["drift", "recovery"]


@pytest.mark.parametrize("seed", [6, 9])
def test_a_team_that_fell_and_came_back_with_the_company_fell_again_since_the_second_time(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days = [date(2026, 6, 1) + timedelta(days=7 * w + d) for w in range(26) for d in range(5)]
    teams, week = ["app"] * 14 + ["ops"] * 12 + ["sales"] * 14, np.arange(len(days)) // 5
    top = np.full((len(teams), len(days)), 0.75)
    top[:14, ((week >= 11) & (week < 16)) | (week >= 20)] = 0.2
    top[14:26, week >= 19] = 0.15
    on = (rng.random((2, *top.shape)) < top).mean(0)
    detector = Detector(Observations(days, ["O1"], teams, np.stack([on, 1 - on])), [Priorities(days[0], {"O1": 1})])
    assert [event.kind for event in detector.run() if event.scope == COMPANY] == ["drift", "recovery", "drift"]
    assert min(detector.now(event).start for event in detector.open.values()) >= days[19 * 5 - 5]


@pytest.mark.parametrize("seed", [2, 5])
def test_a_fall_that_went_on_is_over_as_its_days_were_and_a_further_one_is_told_from_its_own_level(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days = [date(2026, 6, 1) + timedelta(days=7 * w + d) for w in range(24) for d in range(5)]
    week = np.arange(len(days)) // 5
    top = np.full((40, len(days)), 0.75)
    for at, share in enumerate((0.62, 0.58, 0.52, 0.48, 0.45, 0.45, 0.45, 0.45), 11):
        top[:, week == at] = share
    on = (rng.random((2, *top.shape)) < top).mean(0)

    def looked(known: int) -> Detector:
        seen = Observations(days[:known], ["O1"], ["app"] * 40, np.stack([on, 1 - on])[:, :, :known])
        detector = Detector(seen, [Priorities(days[0], {"O1": 1})])
        detector.run()
        return detector

    during, after = looked(19 * 5), looked(24 * 5)
    told = during.now(during.open[COMPANY])
    company = [one.event for one in after.closed.values() if one.event.scope == COMPANY]
    assert company[-1].start == told.start
    assert 100 * (company[-1].after - told.after) == pytest.approx(0, abs=2.5)
    assert [one.base for one in company] == [None, *(one.start for one in company[:-1])]
    for first, further in pairwise(company):
        assert further.start > first.start
        assert 100 * (further.before - first.after) == pytest.approx(0, abs=2.5)  # what the two say adds up


def test_a_history_that_is_too_short_says_nothing(fallen: Organisation) -> None:
    assert run(fallen, 25) == []


def test_days_without_any_effort_tell_nothing() -> None:
    o = generate(Case("none", 60), seed=2)
    o.effort[:, :, 16:150] = 0
    o.by_source[:, 16:150] = 0
    assert not drifts(run(o, 183))


def test_small_teams_stay_silent() -> None:
    days = [
        date(2026, 1, 5) + timedelta(days=n) for n in range(200) if (date(2026, 1, 5) + timedelta(days=n)).weekday() < 5
    ]
    effort = np.zeros((2, 8, len(days)))
    effort[0] = 1.0
    effort[0, :3, 100:], effort[1, :3, 100:] = 0.0, 1.0
    seen = Observations(days, ["O1"], ["tiny"] * 3 + ["rest"] * 5, effort)
    assert "tiny" not in {e.scope for e in Detector(seen, [Priorities(days[0], {"O1": 1})]).run()}


@pytest.mark.parametrize(
    ("people", "teams", "found"), [(4, 1, False), (3, 2, False), (6, 1, True), (6, 2, True)], ids=str
)
def test_nothing_is_told_of_a_company_of_a_few_teammates_2719(people: int, teams: int, found: bool) -> None:
    """However many teams the few are in: who works for two is one person."""
    days = [date(2026, 1, 5) + timedelta(days=n) for n in range(200)]
    days = [day for day in days if day.weekday() < 5]
    effort = np.zeros((2, people * teams, len(days)))
    effort[0] = np.random.default_rng(1).uniform(0.6, 0.8, effort.shape[1:])
    effort[0, :, 100:] -= 0.5
    effort[1] = 1 - effort[0]
    ids, names = list(range(people)) * teams, [f"t{n}" for n in range(teams) for _ in range(people)]
    detector = Detector(Observations(days, ["O1"], names, effort, people=ids), [Priorities(days[0], {"O1": 1})])
    assert {e.kind for e in detector.run()} == ({"drift"} if found else set())
    if found:  # and no more of it once the others are gone
        (event,) = (one for one in detector.open.values() if one.scope == COMPANY)
        assert detector.now(event).after != event.after
        effort[:, [n for n, who in enumerate(ids) if who < 2], days.index(event.start) - 15 :] = 0
        left = Detector(Observations(days, ["O1"], names, effort, people=ids), [Priorities(days[0], {"O1": 1})])
        assert left.now(event) == event


def test_the_benchmark_finds_a_fall_where_it_looks_at_the_company_alone_too() -> None:
    """The floor of people once kept it from finding anything, so that its false alarms were none."""
    results = [benchmark.one(benchmark.Job("fall-20-12", 61000, company=True))]
    assert "8 w 100%" in benchmark.report("fall-20-12", results)
    assert "8 w 0%" in benchmark.report("fall-20-12", [replace(results[0], events=[])])


def test_fewer_wanted_alarms_mean_a_higher_threshold() -> None:
    days = np.array([8.0, 20.0, 40.0])
    assert (TUNING.threshold(0.1, days) > TUNING.threshold(0.4, days)).all()
    assert (TUNING.threshold(0.4, days) > TUNING.threshold(2.0, days)).all()
    assert (np.diff(TUNING.threshold(0.4, days)) < 0).all()  # a year holds more short stretches than long ones


def test_a_fall_that_was_intended_is_the_new_baseline_for_the_company_and_its_teams(
    fallen: Organisation, told: list[Event]
) -> None:
    assert fallen.start is not None
    periods = [Priorities(start, rank) for start, rank in fallen.periods]
    event = next(e for e in drifts(told) if e.at >= fallen.start)
    after = Detector(observe(fallen), periods, intended={COMPANY: event.start}).run()
    # Nothing is measured against what was before any more; a further fall would be, against the new level.
    old_level = (event.before + event.after) / 2
    assert all(e.start > event.start and e.before < old_level for e in after if e.kind == "drift")
    assert any(e.before > old_level for e in drifts(told))
    # A fall of one team that was meant says nothing of the company's.
    team = sorted(set(fallen.teams))[0]
    assert drifts(Detector(observe(fallen), periods, intended={team: event.start}).run()) == drifts(told)

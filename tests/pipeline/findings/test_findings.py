"""Each finding finds what is planted and stays silent where nothing is; benchmarks/findings counts over many seeds."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from benchmarks.findings.cases import PLANTED, any_of, clean
from benchmarks.findings.numbers import with_numbers
from pipeline.findings.found import Found, Inputs, StatusReport, Unjudged
from pipeline.findings.kinds import KINDS
from pipeline.findings.thresholds import PRESETS
from pipeline.findings.work import Interval, less, part

GREEN = StatusReport("green", date(2026, 4, 1))


@pytest.fixture(scope="module")
def quiet() -> Inputs:
    """A clean company with plans."""
    return clean(2, "pool")


@cache
def planted(name: str) -> Inputs:
    """The company of a case, made once for all that is asked of it."""
    return PLANTED[name][1](0, "pool")


@cache
def diagnosed(name: str) -> Sequence[Found] | Unjudged:
    """What is found of it."""
    return KINDS[PLANTED[name][0]].find(planted(name))


@pytest.mark.parametrize("name", PLANTED)
def test_what_is_planted_is_found(name: str) -> None:
    found, subject = diagnosed(name), PLANTED[name][2]
    assert not isinstance(found, Unjudged)
    assert any_of(list(found), subject)
    for one in found:
        assert one.low is None or one.low <= one.strength <= (one.high or 0)


@pytest.mark.parametrize("name", PLANTED)
def test_every_diagnosis_leads_to_its_evidence(name: str) -> None:
    found = diagnosed(name)
    assert not isinstance(found, Unjudged)
    for one in found:
        named = [one.subject, *(text for value in one.values.values() for text in np.atleast_1d(value))]  # type: ignore[arg-type]
        pages = [text for text in named if str(text).startswith(("objective:", "kr:", "step:"))]
        assert one.streams or one.items or pages, one


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_found_where_nothing_is_planted(kind: str, quiet: Inputs) -> None:
    found = KINDS[kind].find(quiet)
    assert isinstance(found, Unjudged) or not found


OF_SHARES = ("support, plan", "resource", "decay", "metric, met", "green, outcome", "green, total")
"""Cases that read only stored shares, which passed the floor when they were made, or numbers and reports, nobody's work."""


@pytest.mark.parametrize("name", [name for name in PLANTED if name not in OF_SHARES])
def test_nothing_is_said_of_work_that_too_few_people_did(name: str) -> None:
    given = replace(planted(name), least_people=57)  # one more than the company has
    found = KINDS[PLANTED[name][0]].find(given)
    assert isinstance(found, Unjudged) or not [one for one in found if one.subject != "register"]


def test_no_stream_of_few_people_is_named_beside_larger_ones() -> None:
    _, case, _ = PLANTED["shadow"]
    given = case(0, "pool")
    found = KINDS["shadow"].find(given)
    assert not isinstance(found, Unjudged)
    (one,) = [one for one in found if one.scope == "company"]
    few = one.streams[0]
    kept = given.work.where((given.work.stream != few) | (given.work.person < given.work.person.min() + 4))
    left = KINDS["shadow"].find(replace(given, work=kept))
    assert not isinstance(left, Unjudged)
    assert all(few not in one.streams for one in left)


def test_what_an_earlier_plan_asked_for_is_no_shadow_roadmap() -> None:
    _, case, _ = PLANTED["shadow"]
    given = case(0, "pool")
    ranks = {one.key: 9 for one in given.register.objectives}
    old = given.register.model_copy(
        update={
            "objectives": [one.model_copy(update={"priority": ranks[one.key]}) for one in given.register.objectives]
        }
    )
    plans = [(given.last - timedelta(days=300), old), (given.last - timedelta(days=20), given.register)]
    found = KINDS["shadow"].find(replace(given, plans=plans))
    assert isinstance(found, Unjudged)
    assert "the plan is younger than" in found.because
    older = [plans[0], (given.last - timedelta(days=30), given.register)]
    assert not isinstance(KINDS["shadow"].find(replace(given, plans=older)), Unjudged)


def test_a_young_history_cannot_be_judged(quiet: Inputs) -> None:
    work = quiet.work.where(quiet.work.week >= len(quiet.work.weeks) - 2)
    young = replace(quiet, work=work)
    for kind in ("shadow", "support"):
        found = KINDS[kind].find(young)
        assert isinstance(found, Unjudged)
        assert "2 whole weeks of work are known" in found.because


def test_creep_needs_a_plan_with_weeks_on_both_sides(quiet: Inputs) -> None:
    period = quiet.register.period
    for start, reason in ((quiet.last, "too young"), (quiet.work.weeks[0], "before the plan")):
        moved = quiet.register.model_copy(update={"period": period.model_copy(update={"start": start})})
        found = KINDS["creep"].find(replace(quiet, register=moved))
        assert isinstance(found, Unjudged)
        assert reason in found.because


def test_a_key_result_that_nobody_ever_worked_on_is_idle_since_the_period_began() -> None:
    given = planted("support, idle")
    served = given.work.served.copy()
    (told,) = [one for one in KINDS["support"].find(given) if one.subject.startswith("kr:")]  # type: ignore[union-attr]
    served[:, given.work.key_results.index(told.subject.removeprefix("kr:"))] = 0
    never = KINDS["support"].find(replace(given, work=replace(given.work, served=served)))
    assert not isinstance(never, Unjudged)
    assert [one.since for one in never if one.subject == told.subject] == [given.register.period.start]


def test_where_little_is_confirmed_a_key_result_that_was_never_seen_is_not_called_idle() -> None:
    given = planted("support, idle")
    unsure = replace(given, confirmed=0.2)
    (told,) = [one for one in KINDS["support"].judged(unsure) if one.subject.startswith("kr:")]  # type: ignore[union-attr]
    served = given.work.served.copy()
    served[:, given.work.key_results.index(told.subject.removeprefix("kr:"))] = 0
    for kind in ("support", "green"):
        never = replace(unsure, work=replace(given.work, served=served), reports={told.subject[3:]: GREEN})
        found = KINDS[kind].judged(never)
        assert isinstance(found, Unjudged), "its work may be taken for something else"
        assert "20% of the last weeks' work" in found.because
        assert any_of(list(KINDS[kind].judged(replace(never, confirmed=0.6))), told.subject)  # type: ignore[arg-type]


def test_where_little_is_confirmed_an_objective_that_was_never_seen_is_not_called_starved() -> None:
    given = clean(1, "pool")
    bare = given.register.model_copy(
        update={"objectives": tuple(one.model_copy(update={"plan": None}) for one in given.register.objectives)}
    )
    rows = [replace(row, share=0.01, low=0.0, high=0.04) for row in given.shares["company"]["O1"]]
    never = replace(given, register=bare, shares={"company": {**given.shares["company"], "O1": rows}})
    lately = [*given.shares["company"]["O1"][:-4], *rows[-4:]]
    ended = replace(never, shares={"company": {**given.shares["company"], "O1": lately}})
    for confirmed, some, told in ((1.0, never, True), (0.2, never, False), (0.2, ended, True)):
        found = KINDS["support"].find(replace(some, confirmed=confirmed))
        assert any_of(list(found), "objective:O1") is told  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.confirmed])
def test_nothing_found_means_none_only_where_enough_is_confirmed(kind: str, quiet: Inputs) -> None:
    given = with_numbers(replace(quiet, confirmed=KINDS[kind].confirmed, reports={"O1.1": GREEN}), 2, "pool", {})
    assert KINDS[kind].judged(given) == []
    assert isinstance(KINDS[kind].judged(replace(given, confirmed=given.confirmed - 0.01)), Unjudged)


def test_support_is_not_judged_outside_the_period(quiet: Inputs) -> None:
    found = KINDS["support"].find(replace(quiet, last=quiet.register.period.start - timedelta(days=1)))
    assert isinstance(found, Unjudged)
    assert "period" in found.because


def test_a_part_has_an_interval_that_grows_with_doubt(quiet: Inputs) -> None:
    sure = part(quiet.work, np.where(quiet.work.off > 0.5 * quiet.work.days, quiet.work.days, 0.0))
    unsure = part(quiet.work, 0.5 * quiet.work.days)
    assert sure.low < sure.value < sure.high
    assert unsure.high - unsure.low > sure.high - sure.low
    assert part(quiet.work.where(quiet.work.days < 0), np.zeros(0)) == Interval(0.0, 0.0, 1.0)
    both = less(unsure, sure)
    assert both.high - both.low >= unsure.high - unsure.low


def test_every_stream_has_the_cells_that_looking_for_it_finds(quiet: Inputs) -> None:
    found = dict(quiet.work.each())
    assert [*found] == sorted(quiet.work.by_stream())
    for stream, cells in found.items():
        assert np.array_equal(cells.served, quiet.work.on([stream]).served)
        assert np.array_equal(cells.person, quiet.work.on([stream]).person)
    nothing = quiet.work.where(quiet.work.days < 0)
    assert [cells.total for _, cells in nothing.each()] == []


def test_streams_that_may_be_shown_are_those_of_enough_people(quiet: Inputs) -> None:
    now = quiet.work.last(4)
    sizes = now.by_stream()
    assert now.shown_streams(8) == {one for one in sizes if now.on([one]).shown(8)}
    assert set() < now.shown_streams(8) < set(sizes)
    off = now.by_stream(now.off)
    assert all(abs(off[one] - now.on([one]).off.sum()) < 1e-9 for one in sizes)


def test_what_the_data_cannot_carry_says_so(quiet: Inputs) -> None:
    for kind, reason in (
        ("green", "no key result has a status"),
        ("metric", "no objective says in the register which outcome"),
        ("resource", "one plan"),
    ):
        found = KINDS[kind].find(quiet)
        assert isinstance(found, Unjudged)
        assert reason in found.because
    lately = replace(quiet, plans=[(quiet.last - timedelta(weeks=3), quiet.register)])
    found = KINDS["decay"].find(lately)
    assert isinstance(found, Unjudged)
    assert "less than 12 weeks ago" in found.because


def test_too_many_top_priorities_are_told_of_the_register(quiet: Inputs) -> None:
    objectives = tuple(one.model_copy(update={"priority": 1}) for one in quiet.register.objectives)
    crowded = replace(quiet, register=quiet.register.model_copy(update={"objectives": objectives}))
    few = replace(crowded, thresholds=PRESETS["50"])
    found = KINDS["inflation"].find(few)
    assert not isinstance(found, Unjudged)
    assert [(one.subject, one.values["top"]) for one in found if one.scope == "company"] == [("register", 5)]
    assert not KINDS["inflation"].find(crowded), "five can be told apart in a larger company"


def test_a_green_report_with_a_metric_that_stands_still_is_told(quiet: Inputs) -> None:
    key = quiet.work.key_results[0]
    slow = StatusReport("green", quiet.work.weeks[-6], progress=0.1, expected=0.6)
    found = KINDS["green"].find(replace(quiet, reports={key: slow}))
    assert not isinstance(found, Unjudged)
    assert [(one.subject, one.values["slow"]) for one in found] == [(f"kr:{key}", "1")]
    not_since = replace(
        slow, progress=0.0, expected=0.0
    )  # of the first day: it says neither that it stands still nor that it keeps up
    assert not KINDS["green"].find(replace(quiet, reports={key: not_since}))
    on_pace = replace(slow, progress=0.5)
    assert not KINDS["green"].find(replace(quiet, reports={key: on_pace}))


def test_help_is_credited_only_where_the_register_says_whose_it_is(quiet: Inputs) -> None:
    bare = tuple(
        o.model_copy(update={"key_results": tuple(k.model_copy(update={"teams": ()}) for k in o.key_results)})
        for o in quiet.register.objectives
    )
    found = KINDS["contributions"].find(replace(quiet, register=quiet.register.model_copy(update={"objectives": bare})))
    assert isinstance(found, Unjudged)
    assert "names the teams" in found.because


def _renumbered(given: Inputs, names: dict[str, str]) -> Inputs:
    """The last plan with other keys; what was planned and worked stays."""
    at, new = given.plans[-1]
    objectives = tuple(one.model_copy(update={"key": names.get(one.key, one.key)}) for one in new.objectives)
    register = new.model_copy(update={"objectives": objectives})
    shares = {scope: {names.get(key, key): rows for key, rows in its.items()} for scope, its in given.shares.items()}
    return replace(given, register=register, plans=[*given.plans[:-1], (at, register)], shares=shares)


def test_the_last_plan_is_followed_under_whatever_keys() -> None:
    given = PLANTED["resource"][1](0, "pool")
    before = KINDS["resource"].find(given)
    swapped = KINDS["resource"].find(_renumbered(given, {"O1": "O4", "O4": "O1"}))
    assert not isinstance(before, Unjudged)
    assert not isinstance(swapped, Unjudged)
    assert [one.strength for one in swapped] == pytest.approx([one.strength for one in before])
    assert before[0].values["gains"] == "objective:O4"
    assert swapped[0].values["gains"] == "objective:O1"


def test_an_objective_that_the_last_plan_did_not_have_is_one_that_work_does_not_go_to() -> None:
    given = PLANTED["resource"][1](0, "pool")
    at, old = given.plans[-2]
    without = old.model_copy(update={"objectives": tuple(one for one in old.objectives if one.key != "O4")})
    new = [replace(row, share=0.02, low=0.0, high=0.06) for row in given.shares["company"]["O4"]]
    shares = {"company": given.shares["company"] | {"O4": new}}
    plans = [*given.plans[:-2], (at, without), given.plans[-1]]
    found = KINDS["resource"].find(replace(given, plans=plans, shares=shares))
    assert not isinstance(found, Unjudged)
    assert [one.values["gains"] for one in found] == ["objective:O4"]


def test_other_objectives_under_the_same_keys_are_another_plan() -> None:
    given = PLANTED["resource"][1](0, "pool")
    objectives = tuple(
        one.model_copy(
            update={
                "title": f"Wholly other things {n}",
                "key_results": tuple(k.model_copy(update={"title": f"New {k.key}"}) for k in one.key_results),
            }
        )
        for n, one in enumerate(given.register.objectives)
    )
    register = given.register.model_copy(update={"objectives": objectives})
    found = KINDS["resource"].find(
        replace(given, register=register, plans=[*given.plans[:-1], (given.plans[-1][0], register)])
    )
    assert isinstance(found, Unjudged)
    assert "no objective is planned in both plans" in found.because


def test_a_plan_loaded_before_its_period_is_followed_from_the_period_on() -> None:
    given = PLANTED["resource"][1](0, "pool")
    at, new = given.plans[-1]
    later = new.period.model_copy(update={"start": given.work.weeks[-4]})
    begun = new.model_copy(update={"period": later})
    found = KINDS["resource"].find(replace(given, register=begun, plans=[*given.plans[:-1], (at, begun)]))
    assert not isinstance(found, Unjudged)
    assert [(one.since, one.values["at"]) for one in found] == [(later.start, f"day:{later.start.isoformat()}")]
    young = new.model_copy(update={"period": new.period.model_copy(update={"start": given.work.weeks[-3]})})
    found = KINDS["resource"].find(replace(given, register=young, plans=[*given.plans[:-1], (at, young)]))
    assert isinstance(found, Unjudged)
    assert "younger than 4 whole weeks" in found.because


def test_no_things_at_once_are_told_beside_weeks_before_that_few_worked_in() -> None:
    given = PLANTED["inflation"][1](0, "pool")
    recent, before = given.thresholds.recent, given.thresholds.before
    weeks = len(given.work.weeks)
    earlier = (given.work.week >= weeks - recent - before) & (given.work.week < weeks - recent)
    work = replace(given.work, stream=np.where(earlier, 1, given.work.stream))
    found = KINDS["inflation"].find(replace(given, work=work))
    assert not isinstance(found, Unjudged)
    scope = found[0].scope
    members = sorted(work.of(scope).people())[: given.least_people - 1]
    few = work.where((work.team != work.teams.index(scope)) | ~earlier | np.isin(work.person, members))
    left = KINDS["inflation"].find(replace(given, work=few))
    assert not isinstance(left, Unjudged)
    assert {one.scope for one in left} == {one.scope for one in found} - {scope}


def test_no_stop_is_told_beside_weeks_before_it_that_few_worked_in() -> None:
    given = PLANTED["stopping"][1](0, "pool")
    found = KINDS["stopping"].find(given)
    assert not isinstance(found, Unjudged)
    wanted = int(found[0].subject.removeprefix("stream:"))
    (stop,) = [one for one in given.stops if one.stream == wanted]
    said = given.work.weeks.index(stop.at.date() - timedelta(days=stop.at.weekday()))
    members = sorted(stop.work.people())
    few = stop.work.where((stop.work.week >= said) | np.isin(stop.work.person, members[:2]))
    left = KINDS["stopping"].find(replace(given, stops=[replace(stop, work=few)]))
    assert left == []


def test_creep_of_streams_that_cannot_be_named_shows_none_of_them() -> None:
    given = replace(planted("creep"), least_people=9)  # one more than a team has
    found = KINDS["creep"].find(given)
    assert not isinstance(found, Unjudged)
    assert [(one.scope, one.streams, one.items, one.values["streams"]) for one in found] == [("company", (), (), [])]


@pytest.mark.parametrize("kind", ["support", "green"])
def test_days_of_a_few_people_are_not_told(kind: str) -> None:
    given = planted("support, idle")
    key, weeks = next(iter(given.work.key_results)), len(given.work.weeks) - 5
    served = given.work.served.copy()
    late = given.work.week >= weeks
    served[late, -1] += served[late, 0]
    served[late, 0] = 0
    reports = {key: StatusReport("green", given.register.period.start)}
    for people in (0, 1):
        one = np.flatnonzero(late & (given.work.days > 0.5) & (given.work.week == len(given.work.weeks) - 1))[:people]
        served[one, 0], served[one, 1:] = given.work.days[one], 0
        found = KINDS[kind].find(replace(given, work=replace(given.work, served=served), reports=reports))
        assert not isinstance(found, Unjudged)
        (mine,) = [one for one in found if one.subject == f"kr:{key}"]
        assert mine.values.get("days") == (None if people else 0.0)
        assert mine.values.get("few") == (1 if people else None)

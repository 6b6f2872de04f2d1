"""Metric optimisation: the measure moves and attracts work, or is met, while the outcome behind it stays where it was."""

from collections.abc import Iterator

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value, enough_weeks
from pipeline.findings.outcomes import LEAST, MET, STILL, Behind, done, due, outcomes, went
from pipeline.findings.work import Interval, less, part

GATHERS = 1.5
"""Multiple of an equal share of the objective's work from which work concentrates on a key result."""
GROWS = 1.3
"""Growth factor from which work concentrates on it, whatever its share."""


def metric_optimisation(given: Inputs) -> Outcome:
    """Key results whose number significantly moves and on which work concentrates, while their objective's outcome is
    significantly below half of the pace due; and objectives whose measured key results are all met while their outcome does not
    move."""
    weeks, gauges = given.thresholds.weeks, given.gauges or {}
    if not any(one.outcome for one in given.register.objectives):
        return Unjudged("no objective says in the register which outcome is behind it (`outcome:` in okrs.yaml)")
    known = outcomes(given)
    if not known:
        return Unjudged(f"no outcome was measured in {LEAST} of the last {weeks} weeks of the period")
    if not any(one.key in gauges for behind in known for one in behind.objective.key_results):
        return Unjudged("no key result of an objective with an outcome is measured itself")
    if (missing := enough_weeks(given, weeks)) is not None:
        return missing
    still = [one for one in known if one.still]
    met = [found for one in still for found in _met(given, one)]
    reported = {one.subject for one in met}
    moved = [one for one in still if f"objective:{one.objective.key}" not in reported]
    return [*met, *(found for one in moved for found in _gathering(given, one))]


def _met(given: Inputs, behind: Behind) -> Iterator[Found]:
    gauges = given.gauges or {}
    measured = [gauges[one.key] for one in behind.objective.key_results if one.key in gauges]
    if measured and all(done(one) >= MET for one in measured):
        values = _values(given, behind) | {"met": "1", "count": len(measured)}
        first = given.work.weeks[-given.thresholds.weeks]
        way = behind.way
        yield Found(COMPANY, f"objective:{behind.objective.key}", way.value, first, way.low, way.high, values)


def _gathering(given: Inputs, behind: Behind) -> Iterator[Found]:
    weeks, gauges = given.thresholds.weeks, given.gauges or {}
    now = given.work.last(weeks)
    for one in behind.objective.key_results:
        column = given.work.key_results.index(one.key)
        way = went(gauges[one.key], given.last, weeks) if one.key in gauges else None
        sure = now.serving(column)
        if way is None or way.low <= STILL * due(given, weeks) or not sure.shown(given.least_people):
            continue
        gathers = _gathers(given, behind, column)
        if gathers is None:
            continue
        share, how = gathers
        values = _values(given, behind) | {"key_result": f"kr:{one.key}", "moved": 100 * way.value, **how}
        days, known = sure.by_stream(), sure.shown_streams(given.least_people)
        streams = tuple(stream for stream in sorted(days, key=lambda one: -days[one]) if stream in known)[:5]
        items = tuple(item for stream in streams for item in given.streams[stream].items[:4])
        first = given.work.weeks[-weeks]
        yield Found(COMPANY, f"kr:{one.key}", share.value, first, share.low, share.high, values, streams, items)


def _gathers(given: Inputs, behind: Behind, column: int) -> tuple[Interval, dict[str, Value]] | None:
    """Return its share of the objective's work if significantly above an equal one, or its share of all work if that grew."""
    weeks, results = given.thresholds.weeks, behind.objective.key_results
    now, before = given.work.last(weeks), given.work.last(weeks, weeks)
    columns = [given.work.key_results.index(one.key) for one in results]
    of_objective = now.of_results(columns)
    share, equal = part(of_objective, now.on_results([column])), 1 / len(columns)
    if len(columns) > 1 and share.value >= GATHERS * equal and share.low > equal:
        return share, {}
    if int((before.by_week() > 0).sum()) < weeks:
        return None
    share, earlier = part(now, now.on_results([column])), part(before, before.on_results([column]))
    grew = share.value >= GROWS * earlier.value and less(share, earlier).low > 0
    return (share, {"grew": "1", "before": 100 * earlier.value}) if grew else None


def _values(given: Inputs, behind: Behind) -> dict[str, Value]:
    weeks = given.thresholds.weeks
    return {**behind.values, "weeks": weeks, "due": 100 * due(given, weeks)}

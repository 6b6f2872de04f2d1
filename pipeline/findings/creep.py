"""Focus creep: work on streams that appeared after the plan was made and serve no key result, by week of appearance."""

from datetime import timedelta

import numpy as np

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value, of
from pipeline.findings.shadow import SERVES_NOTHING
from pipeline.findings.work import Interval, Work, less, part
from pipeline.register.workdays import monday

GRACE = timedelta(weeks=2)
"""Time after the period's first day in which late planning still counts as planned."""
LEAST_STREAM = 0.01
"""Streams below this fraction of the scope's recent work are not named."""


def focus_creep(given: Inputs) -> Outcome:
    """Found if the fraction of work on such streams exceeds `creep`, and the fraction on no key result has grown as much, with
    significance.

    New work without a goal is not creep while old work without a goal ends: only the increase counts.
    """
    began = given.register.period.start + GRACE
    after = sum(week >= monday(began) for week in given.work.weeks)
    recent = given.thresholds.recent
    if after < recent:
        return Unjudged("the plan is too young: it is judged from six weeks after its period began")
    before = len(given.work.weeks) - after
    if before < recent:
        return Unjudged(
            f"fewer than {recent} whole weeks before the plan are known, so there is nothing to compare it with"
        )
    new = {stream for stream, facts in given.streams.items() if facts.first >= began}
    found = []
    for scope in given.scopes:
        work = given.work.of(scope)
        now, then = work.last(recent), work.last(min(before, given.thresholds.before), after)
        if not (now.shown(given.least_people) and then.shown(given.least_people)):
            continue
        streams = _newborn(now, new)
        born = part(now, np.where(np.isin(now.stream, streams), now.off, 0.0))
        grown = less(part(now, now.off), part(then, then.off))
        size = min(born, grown, key=lambda one: one.low)
        # A team's weeks vary more than the company's, and there are many teams.
        most, least = (given.thresholds.creep, 0.01) if scope == COMPANY else (2 * given.thresholds.creep, 0.05)
        if streams and size.value > most and size.low > least and now.on(streams).shown(given.least_people):
            found.append(_found(given, scope, work, streams, size))
    # The company's creep is reported once: a team is named only if it creeps much more than the company.
    whole = next((one.strength for one in found if one.scope == COMPANY), None)
    return [one for one in found if one.scope == COMPANY or whole is None or (one.low or 0) > whole]


def _newborn(now: Work, new: set[int]) -> list[int]:
    rows, off = [], now.by_stream(now.off)
    for stream, days in now.by_stream().items():
        if stream in new and off[stream] >= SERVES_NOTHING * days:
            rows.append((days, stream))
    return [stream for _, stream in sorted(rows, reverse=True)]


def _found(given: Inputs, scope: str, work: Work, streams: list[int], size: Interval) -> Found:
    now = work.last(given.thresholds.recent)
    sizes = now.by_stream()
    first = sorted(streams, key=lambda one: (given.streams[one].since, one))
    known, least = now.shown_streams(given.least_people), LEAST_STREAM * now.total
    shown = [one for one in streams if sizes[one] >= least and one in known]
    births: dict[str, int] = {}
    for one in first:
        week = monday(given.streams[one].since).isoformat()
        births[week] = births.get(week, 0) + 1
    values: dict[str, Value] = {
        "streams": [f"stream:{one}" for one in shown[:3]],
        "count": len(streams),
        "weeks": given.thresholds.recent,
        "births": [f"{week} {count}" for week, count in births.items()],
    }
    items = tuple(item for one in shown[:6] for item in given.streams[one].items[:3])
    since = given.streams[first[0]].since
    return Found(scope, "", since=since, values=values, streams=tuple(shown), items=items, **of(size))

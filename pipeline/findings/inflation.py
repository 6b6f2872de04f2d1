"""Priority inflation: a team works on more things at once than it used to; or the register has too many priorities."""

import numpy as np

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Value, enough_weeks
from pipeline.findings.work import Floats, Interval, Work
from pipeline.share.estimate import Z90

SURELY = 1.1
"""Lower bound required for the ratio."""


def priority_inflation(given: Inputs) -> Outcome:
    """The effective number of streams per week, exp of the entropy of their person-days (Hill number of order 1), per person at
    work: found if the last weeks have `inflation` times as many as those before. For the register: more top priorities than
    `priorities`."""
    recent, before = given.thresholds.recent, given.thresholds.before
    if (missing := enough_weeks(given, recent + before)) is not None:
        return missing
    found = _too_many(given)
    for scope in given.scopes:
        work = given.work.last(recent + before).of(scope)  # select these weeks once
        cells, earlier = work.last(recent), work.last(before, recent)
        if scope == COMPANY or not (cells.shown(given.least_people) and earlier.shown(given.least_people)):
            continue
        things, people = effective(work)
        weeks = len(work.weeks)
        now, then = slice(weeks - recent, weeks), slice(weeks - recent - before, weeks - recent)
        if (people[now] < given.least_people).any() or (people[then] <= 0).any():
            continue
        ratio = _ratio(np.log(things[now] / people[now]), np.log(things[then] / people[then]))
        if ratio.value < given.thresholds.inflation or ratio.low < SURELY:
            continue
        new = {int(one) for one in np.unique(cells.stream)} - {int(one) for one in np.unique(earlier.stream)}
        sizes = cells.on(new).by_stream()
        known = cells.shown_streams(given.least_people)
        shown = sorted(known.intersection(sizes), key=lambda s: (-sizes[s], s))[:5]
        values: dict[str, Value] = {
            "now": float(things[now].mean()),
            "before": float(things[then].mean()),
            "weeks": recent,
            "earlier": before,
            "new": len(new),
        }
        since = work.weeks[weeks - recent]
        items = tuple(item for one in shown for item in given.streams[one].items[:3])
        found.append(Found(scope, "", ratio.value, since, ratio.low, ratio.high, values, tuple(shown), items))
    return found


def effective(work: Work) -> tuple[Floats, Floats]:
    """Return by week the effective number of streams and the number of people at work."""
    things, people = np.ones(len(work.weeks)), np.zeros(len(work.weeks))
    for week in range(len(work.weeks)):
        cells = work.where(work.week == week)
        if cells.total > 0:
            p = np.array(list(cells.by_stream().values())) / cells.total
            things[week] = float(np.exp(-(p[p > 0] * np.log(p[p > 0])).sum()))
            people[week] = len(cells.people())
    return things, people


def _ratio(now: Floats, then: Floats) -> Interval:
    """Return exp of the difference of two mean logarithms, with an interval from the spread of the weeks."""
    spread = float(np.concatenate([now - now.mean(), then - then.mean()]).std(ddof=2))
    half = Z90 * spread * (1 / len(now) + 1 / len(then)) ** 0.5
    value = float(now.mean() - then.mean())
    return Interval(*(float(np.exp(one)) for one in (value, value - half, value + half)))


def _too_many(given: Inputs) -> list[Found]:
    count = len(given.register.top())
    if count <= given.thresholds.priorities:
        return []
    values: dict[str, Value] = {"top": count, "most": given.thresholds.priorities}
    since = given.plans[-1][0] if given.plans else None
    return [Found(COMPANY, "register", float(count), since, None, None, values)]

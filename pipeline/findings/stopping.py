"""Slow to stop: streams that somebody stopped and that still get work."""

from datetime import timedelta

import numpy as np

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Stop, Value, of
from pipeline.findings.work import Floats, Interval
from pipeline.register.workdays import monday
from pipeline.share.estimate import Z90

GRACE = timedelta(weeks=2)
"""Time allowed for winding up a stream."""
LEAST_WEEKS = 2
BEFORE = 4
"""Weeks before the stop that define its usual work."""


def slow_to_stop(given: Inputs) -> Outcome:
    """Found if the work in whole weeks after the grace period is significantly more than `fed` of what it was before.

    Empty if nobody stopped anything.
    """
    return [one for stop in given.stops if (one := _fed(given, stop)) is not None]


def _fed(given: Inputs, stop: Stop) -> Found | None:
    weeks = given.work.weeks
    said = monday(stop.at.date())
    begins = said + GRACE
    after = [n for n, week in enumerate(weeks) if week >= begins]
    before = [n for n, week in enumerate(weeks) if said - timedelta(weeks=BEFORE) <= week < said]
    if len(after) < LEAST_WEEKS or len(before) < LEAST_WEEKS:
        return None
    # Both the work since and the work before are shown, so each needs enough people.
    if not all(stop.work.where(np.isin(stop.work.week, some)).shown(given.least_people) for some in (before, after)):
        return None
    by_week = stop.work.by_week()
    usual = float(by_week[before].mean())
    if usual <= 0:
        return None
    left = _left(by_week[after], usual)
    if left.low <= given.thresholds.fed:
        return None
    values: dict[str, Value] = {
        "stream": f"stream:{stop.stream}",
        "said": f"day:{stop.at.date().isoformat()}",
        "days": float(by_week[after].sum()),
        "weeks": len(after),
    }
    facts = given.streams.get(stop.stream)
    items = facts.items if facts else ()
    subject = f"stream:{stop.stream}"
    return Found(COMPANY, subject, since=begins, values=values, streams=(stop.stream,), items=items, **of(left))


def _left(after: Floats, usual: float) -> Interval:
    """Return the weekly work since, relative to before; weeks are the sample."""
    value = float(after.mean()) / usual
    half = Z90 * float(after.std(ddof=1)) / len(after) ** 0.5 / usual
    return Interval(value, max(0.0, value - half), value + half)

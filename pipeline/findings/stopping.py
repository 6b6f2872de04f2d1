"""Slow to stop: streams of which somebody said "stop", and which are fed on."""

from datetime import timedelta

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Stop, Value
from pipeline.findings.work import Floats, Interval
from pipeline.register.workdays import monday
from pipeline.share.estimate import Z90

GRACE = timedelta(weeks=2)
"""A stream may be wound up for so long."""
LEAST_WEEKS = 2
BEFORE = 4
"""Weeks before the stop that tell what it took."""


def slow_to_stop(given: Inputs) -> Outcome:
    """Found where the work of the whole weeks after the grace is surely more than `fed` of what it was in the weeks before.

    Nothing where nobody stopped anything.
    """
    return [one for stop in given.stops if (one := _fed(given, stop)) is not None]


def _fed(given: Inputs, stop: Stop) -> Found | None:
    weeks = given.work.weeks
    said = monday(stop.at.date())
    begins = said + GRACE
    after = [n for n, week in enumerate(weeks) if week >= begins]
    before = [n for n, week in enumerate(weeks) if said - timedelta(weeks=BEFORE) <= week < said]
    if len(after) < LEAST_WEEKS or len(before) < LEAST_WEEKS or not stop.work.shown(given.least_people):
        return None
    by_week = stop.work.by_week()
    usual = float(by_week[before].mean())
    rest = stop.work.where(stop.work.week >= after[0])
    if usual <= 0 or not rest.shown(given.least_people):
        return None
    left = _left(by_week[after], usual)
    if left.low <= given.thresholds.fed:
        return None
    days = float(by_week[after].sum())
    values: dict[str, Value] = {
        "stream": f"stream:{stop.stream}",
        "said": f"day:{stop.at.date().isoformat()}",
        "days": days,
        "weeks": len(after),
        "usual": usual,
    }
    facts = given.streams.get(stop.stream)
    return Found(
        COMPANY,
        f"stream:{stop.stream}",
        left.value,
        begins,
        left.low,
        left.high,
        values,
        (stop.stream,),
        facts.items if facts else (),
    )


def _left(after: Floats, usual: float) -> Interval:
    """The weekly work since, as a part of what it was; the weeks are the sample."""
    value = float(after.mean()) / usual
    half = Z90 * float(after.std(ddof=1)) / len(after) ** 0.5 / usual
    return Interval(value, max(0.0, value - half), value + half)

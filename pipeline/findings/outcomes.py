"""Progress of key results and outcomes in numbers, and whether an outcome significantly stands still."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Gauge, Inputs, Value
from pipeline.findings.work import Interval
from pipeline.register.document import Objective

LEAST = 6
"""Fewest weeks with a measurement, of the weeks considered."""
STILL = 0.5
"""Fraction of an even pace: an outcome that stands still is significantly below it, a number that moves significantly above."""
MET = 1.0
_STICKS = 0.8
_SURE = 0.95


def went(gauge: Gauge, last: date, weeks: int) -> Interval | None:
    """Return the fraction of its way that a number went in the last weeks, with a 90 % interval; None with too few measurements.

    The slope of a straight line through the weekly means (least squares, Student's t). The residuals are serially correlated, so
    the standard error is that of independent weeks times the square root of (1 + r) / (1 - r), where r is the lag-1
    autocorrelation of the residuals, corrected for its bias in short series (Marriott and Pope 1954, Biometrika 41, 390-402).
    """
    from scipy import special  # slow to import, and not every company has measurements

    way, first = gauge.target - gauge.start, last - timedelta(weeks=weeks)
    by_week: dict[int, list[float]] = {}
    for day, value in gauge.points:
        if first < day <= last:
            by_week.setdefault((day - first).days // 7, []).append(value / way)
    if len(by_week) < min(LEAST, weeks) or min(by_week) > 1 or max(by_week) < weeks - 2:
        return None
    at = np.array(sorted(by_week), dtype=float)
    values = np.array([np.mean(by_week[int(week)]) for week in at])
    away = at - at.mean()
    slope = float((away * values).sum() / (away**2).sum())
    left = values - values.mean() - slope * away
    spread = float((left**2).sum())
    sticks = 0.0 if spread < 1e-12 else float((left[1:] * left[:-1]).sum()) / spread
    sticks = min(_STICKS, max(0.0, sticks + (1 + 3 * sticks) / len(at)))
    free = len(at) - 2
    error = (spread / free / float((away**2).sum())) ** 0.5
    half = error * float(special.stdtrit(free, _SURE)) * ((1 + sticks) / (1 - sticks)) ** 0.5
    return Interval(*(one * weeks for one in (slope, slope - half, slope + half)))


def due(given: Inputs, weeks: int) -> float:
    """Return the fraction of its way that a number should go in that many weeks at an even pace."""
    period = given.register.period
    return 7 * weeks / ((period.end - period.start).days or 1)


def done(gauge: Gauge) -> float:
    """Return the fraction of its way that a number has gone."""
    return (gauge.points[-1][1] - gauge.start) / (gauge.target - gauge.start) if gauge.points else 0.0


@dataclass(frozen=True, slots=True)
class Behind:
    """An objective with its outcome, and how far that went in the last weeks."""

    objective: Objective
    way: Interval
    still: bool

    @property
    def values(self) -> dict[str, Value]:
        """Return its figures for a sentence."""
        return {"objective": f"objective:{self.objective.key}", "outcome": 100 * self.way.value}


def outcomes(given: Inputs) -> Sequence[Behind]:
    """Return every objective whose outcome was measured in enough recent weeks. An outcome on schedule for the whole period
    does not stand still: it may have arrived."""
    weeks, found = given.thresholds.weeks, []
    period = given.register.period
    expected = (given.last - period.start).days / ((period.end - period.start).days or 1)
    for objective in given.register.objectives:
        gauge = (given.gauges or {}).get(objective.key)
        way = went(gauge, given.last, weeks) if gauge else None
        if gauge is not None and way is not None:
            still = way.high < STILL * due(given, weeks) and done(gauge) < min(1.0, expected)
            found.append(Behind(objective, way, still))
    return found


def decoupled(given: Inputs) -> Iterator[Found]:
    """Objectives with at least two reported key results, all green, while the outcome stands still; reported once for the
    company if everything is green and no outcome moves."""
    known, reports = outcomes(given), given.reports or {}
    green = {key for key, report in reports.items() if report.status == "green"}
    figures: dict[str, Value] = {"weeks": given.thresholds.weeks, "due": 100 * due(given, given.thresholds.weeks)}
    if len(known) > 1 and len(green) == len(reports) > 2 and all(one.still for one in known):
        since = max(report.since for report in reports.values())
        values = figures | {"decoupled": "company", "count": len(green), "outcomes": len(known)}
        values["objectives"] = [f"objective:{one.objective.key}" for one in known]
        mean = float(np.mean([one.way.value for one in known]))
        yield Found(COMPANY, "", mean, since, None, None, values)
        return
    for one in known:
        said = {below.key for below in one.objective.key_results if below.key in reports}
        if one.still and len(said) > 1 and said <= green:
            since = max(reports[key].since for key in said)
            values = figures | one.values | {"decoupled": "objective", "count": len(said)}
            yield Found(
                COMPANY, f"objective:{one.objective.key}", one.way.value, since, one.way.low, one.way.high, values
            )

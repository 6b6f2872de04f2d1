"""The standing of a key result or an objective's outcome: its number, pace and forecast, and whether it moves where the work
goes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy.orm import Session

from pipeline.progress.forecast import LEAST_DAYS, LEAST_POINTS, Forecast, forecast
from pipeline.progress.series import Point, latest, series
from pipeline.register.document import KeyResult, Objective, Register
from pipeline.register.figures import beside, exactly

WEEKS = 4
"""Number of whole weeks over which the number and the work are compared."""
HARDLY = 0.5
"""Below this fraction of an equal share, hardly any work goes there; below this fraction of an even pace, a number does not
move."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The standing of a key result, or of an objective's outcome (`outcome`).

    `pace` is the fraction of the distance from start to target that is done; `expected` the fraction of the period that has
    passed; `due` the fraction that had passed when the last number was measured. The pace is compared with `due`, so that a
    monthly number is not late in between. `share` is the fraction of work in the last four whole weeks, `shares` the same by
    week. `keep` is "below" or "above" if the number is to stay on that side of the target.
    """

    key: str
    title: str
    unit: str
    start: float | None
    target: float | None
    points: Sequence[Point]
    pace: float | None
    expected: float
    forecast: Forecast | None
    fault: str
    share: float | None = None
    shares: Mapping[date, float] = field(default_factory=dict)
    sentence: str = ""
    outcome: bool = False
    keep: str = ""
    due: float = 0.0

    @property
    def kept(self) -> bool | None:
        """Whether a number that is to stay below or above its target does; None for other numbers, or if it is unknown."""
        if not self.keep or self.now is None or self.target is None:
            return None
        return _keeps(self.keep, self.now, self.target)

    @property
    def now(self) -> float | None:
        """The last number."""
        return self.points[-1].value if self.points else None


WIDEST = 4.0
"""An interval wider than this many times the distance from start to target is meaningless: a number that jumped once may go
anywhere."""
TOO_EARLY = (
    f"from {LEAST_POINTS} measurements over {LEAST_DAYS} days and a fifth of the way to the period's end on, where they say more "
    "than that it may go anywhere"
)
"""When a forecast is given; before that it is too early."""
Weeks = Mapping[date, Mapping[str, float]]


def standings(
    session: Session, register: Register, today: date, weeks: Weeks, only: str | None = None
) -> list[Progress]:
    """Return the standing of everything that has a number (or only the one with key `only`), in register order.

    `weeks` is the result of shares_by_week; empty to omit work.
    """
    measured = [one for one in register.measured() if only in (None, one.key)]
    return [_standing(session, register, one, today, weeks) for one in measured]


def _standing(session: Session, register: Register, one: KeyResult | Objective, today: date, weeks: Weeks) -> Progress:
    metric, period, last = one.metric, register.period, latest(session, one)
    if metric is None:
        raise ValueError(f"{one.key} has no metric")
    points = [point for point in series(session, one, period.start) if point.day <= period.end]
    start = points[0].value if metric.start is None and points else metric.start
    if metric.keep:
        start = None  # it has no distance to go
    pace = None
    if points and start is not None and metric.target is not None and metric.target != start:
        pace = (points[-1].value - start) / (metric.target - start)
    whole = (period.end - period.start).days or 1
    expected, due = (min(1.0, max(0.0, (day - period.start).days / whole)) for day in (today, _last(points, today)))
    keys = _worked_through(one)
    shares = {week: sum(by_key.get(key, 0.0) for key in keys) for week, by_key in weeks.items() if keys & by_key.keys()}
    lately = list(shares.values())[-WEEKS:]
    share = sum(lately) / len(lately) if lately else None
    ahead = _telling(forecast(points, period.end, None if metric.keep else metric.target, start), start, metric.target)
    fault = last.fault if last is not None else ""
    count = len(register.objectives) if isinstance(one, Objective) else sum(1 for _ in register.key_results())
    said = _sentence(points, start, metric.target, whole, shares, share, count)
    if metric.keep and metric.target is not None:
        said = _held(points, metric.keep, metric.target)
    figures = (metric.unit, start, metric.target, points, pace, expected, ahead, fault, share, shares, said)
    return Progress(one.key, one.title, *figures, isinstance(one, Objective), metric.keep, due)


def _telling(ahead: Forecast | None, start: float | None, target: float | None) -> Forecast | None:
    """Return the forecast; None if its interval is wider than WIDEST times the distance."""
    if ahead is None or start is None or target is None or start == target:
        return ahead
    return ahead if ahead.high - ahead.low <= WIDEST * abs(target - start) else None


def _last(points: Sequence[Point], today: date) -> date:
    """Return the day of the last number."""
    return points[-1].day if points else today


def _keeps(keep: str, value: float, target: float) -> bool:
    return value <= target if keep == "below" else value >= target


def _held(points: Sequence[Point], keep: str, target: float) -> str:
    """Describe how often a number stayed on its side of the target; empty before it was measured."""
    if not points:
        return ""
    held = sum(_keeps(keep, point.value, target) for point in points)
    return (
        f"It is to stay {keep} {exactly(target)}, and did on {held} of {len(points)} days; "
        f"it stands at {beside(points[-1].value, target)}."
    )


def _worked_through(one: KeyResult | Objective) -> set[str]:
    """Return the keys of key results whose work counts towards it."""
    return {below.key for below in one.key_results} if isinstance(one, Objective) else {one.key}


def _sentence(
    points: Sequence[Point],
    start: float | None,
    target: float | None,
    whole: int,
    shares: Mapping[date, float],
    share: float | None,
    count: int,
) -> str:
    """Describe whether the number moves where the work goes, over the last four whole weeks; empty if that is unknown."""
    weeks = list(shares)[-WEEKS:]
    if share is None or len(weeks) < WEEKS or start is None or target is None or start == target:
        return ""
    first, end = weeks[0], weeks[-1] + timedelta(weeks=1)
    known = [point for point in points if point.day >= first - timedelta(weeks=1)]  # older points belong to other weeks
    before = [point for point in known if point.day <= first] or known[:1]
    after = [point for point in known if point.day <= end]
    if not after or after[-1].day - before[-1].day < timedelta(weeks=2):
        return ""
    moved = (after[-1].value - before[-1].value) / (target - start)
    moves = moved >= HARDLY * (after[-1].day - before[-1].day).days / whole
    works = share >= HARDLY / count
    verdict = {
        (True, True): "the number moves where the work goes",
        (True, False): "work goes there, and the number does not move",
        (False, True): "the number moves, though hardly any work goes there",
        (False, False): "hardly any work goes there, and the number does not move",
    }[works, moves]
    last, (was, now) = end - timedelta(days=1), (before[-1].value, after[-1].value)
    return (
        f"In the four weeks to {last.day} {last:%B} {_of_100(share)} of 100 working days went to it, and it went from "
        f"{beside(was, now)} to {beside(now, was, target)}, {_of_100(moved)} of 100 of its way: {verdict}."
    )


def _of_100(part: float) -> int:
    """Return a fraction in whole percent, halves rounded away from zero as everywhere in the product; 100 only for 1 or more."""
    found = math.floor(abs(100 * part) + 0.5)
    return int(math.copysign(min(99, found) if abs(part) < 1 else found, part))

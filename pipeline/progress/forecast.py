"""Forecast a key result's number at the period's end by Monte Carlo simulation on its own history.

The series is interpolated linearly to days. Each path is built from random week-long blocks of its own daily steps, in their
order (the moving-block bootstrap: Künsch 1989, Annals of Statistics 17, 1217-1241; Liu and Singh 1992), which preserves weekends
and bursts:

- The earlier and the later half of the past are resampled separately. Their total gives the path's pace, times a gamma factor
  that is wide if few moves made up the number (`MOVES`): three jumps might as well have been one or six.
- The ratio of the halves shows whether the number is accelerating or slowing. This curvature is extrapolated: progress grows as a
  power of the time since the first measurement, with the exponent that fits both halves. It is 1 for an even pace, more for a
  late start, less near a ceiling. It is shrunk towards 1 (empirical Bayes) by the part that chance explains, and more the shorter
  the history (`SHRINK`, in days).
- The future may differ from the past: the exponent varies around its estimate with standard deviation `EVEN` plus `SPREAD` times
  the curvature, times the square root of the ratio of time ahead to time behind.
- Noise for the days ahead is added as blocks of the steps' deviations from their mean.

The constants were chosen on half of the simulated key results in benchmarks/forecast.py; docs/progress.md has the coverage of the
interval on the others. There is no forecast below `LEAST_POINTS` measurements or `LEAST_DAYS` days, or beyond `LONGEST` times the
days behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST_POINTS, LEAST_DAYS, LONGEST = 5, 21, 4.0
PATHS = 2_000
LEVEL = 0.9
BLOCK = 7
SHRINK = 3.0
SPREAD = 0.4
EVEN = 0.08
MOVES = 30.0
STEEPEST, FLATTEST = 3.5, 0.05
"""Limits of the exponent: more extreme ones are noise from a half in which almost nothing moved."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The median of all paths and their 90 % interval; `reach` is the proportion that reaches the target."""

    middle: float
    low: float
    high: float
    reach: float | None


def forecast(
    points: Sequence[tuple[date, float]], end: date, target: float | None = None, start: float | None = None
) -> Forecast | None:
    """Forecast a series, ordered by day, to a later day; None if it is too early. The same series gives the same figures.

    `start` determines the direction of the target; the default is the first measurement.
    """
    if len(points) < LEAST_POINTS:
        return None
    now, behind, ahead = points[-1][1], (points[-1][0] - points[0][0]).days, (end - points[-1][0]).days
    if behind < LEAST_DAYS or ahead > LONGEST * behind:
        return None
    ends = np.full(1, now)
    if ahead > 0:
        ends = now + _ways(_steps(points), ahead, np.random.default_rng(len(points)))
    low, middle, high = (float(one) for one in np.quantile(ends, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2]))
    return Forecast(middle, low, high, _reach(ends, target, points[0][1] if start is None else start))


def _reach(ends: Floats, target: float | None, start: float) -> float | None:
    if target is None:
        return None
    return float(np.mean(ends >= target if target >= start else ends <= target))


def _steps(points: Sequence[tuple[date, float]]) -> Floats:
    """Return daily steps, interpolated linearly between measurements."""
    days = np.array([(day - points[0][0]).days for day, _ in points], dtype=float)
    values = np.array([value for _, value in points], dtype=float)
    found: Floats = np.diff(np.interp(np.arange(days[-1] + 1), days, values))
    return found


def _ways(steps: Floats, ahead: int, rng: np.random.Generator) -> Floats:
    """Return how far each path moves in `ahead` days."""
    count, half = len(steps), len(steps) // 2
    before, after = (_drawn(part, len(part), rng) for part in (steps[:half], steps[half:]))
    whole = (before + after) * _known(steps, rng)
    part = np.divide(before, before + after, out=np.full(PATHS, 0.5), where=before + after != 0)
    exponent = np.log(np.clip(part, 2.0**-STEEPEST, 2.0**-FLATTEST)) / np.log(half / count)
    bend = (exponent - 1) * _believed(before, after, count)
    doubt = np.sqrt(ahead / count) * (EVEN + SPREAD * np.abs(bend))
    exponent = 1 + bend + doubt * rng.normal(size=PATHS)
    grown = ((count + ahead) / count) ** np.clip(exponent, FLATTEST, STEEPEST) - 1
    found: Floats = whole * grown + _drawn(steps - steps.mean(), ahead, rng)
    return found


def _believed(before: Floats, after: Floats, count: int) -> float:
    """Return the shrinkage factor of the curvature: the part of the halves' difference that resampling does not explain."""
    seen, chance = float((after - before).mean()) ** 2, float((after - before).var())
    return seen / (seen + chance / 3) * count / (count + SHRINK) if seen else 0.0


def _known(steps: Floats, rng: np.random.Generator) -> Floats:
    """Return random factors for the uncertainty of the pace, by the effective number of moves: a number that got there in three
    jumps might as well have made one or six."""
    moves = max(1.0, float(np.abs(steps).sum() ** 2 / ((steps**2).sum() or 1.0)))
    found: Floats = rng.gamma(moves**2 / MOVES, MOVES / moves**2, PATHS)
    return found


def _drawn(steps: Floats, days: int, rng: np.random.Generator) -> Floats:
    """Return the sum of randomly drawn blocks of steps over `days` days, by path."""
    size = min(BLOCK, len(steps))
    first = rng.integers(0, len(steps) - size + 1, (PATHS, -(-days // size)))
    places = (first[:, :, None] + np.arange(size)).reshape(PATHS, -1)[:, :days]
    found: Floats = steps[places].sum(1)
    return found

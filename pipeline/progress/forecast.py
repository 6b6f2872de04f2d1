"""Where a key result's number will stand at the period's end: a Monte Carlo on its own history.

The method. The series is read day by day, straight between two measurements. Each path is made of blocks of a week of its own
daily steps, drawn at random with their order kept (the moving-block bootstrap: Künsch 1989, Annals of Statistics 17, 1217-1241;
Liu and Singh 1992), so that weekends and bursts stay what they are:

- The past is drawn again, its earlier and its later half by themselves. What both add up to is the path's pace, times a gamma
  factor that is wide where few moves made the number (`MOVES`): three jumps might as well have been one or six.
- How the later half compares with the earlier one says whether the number speeds up or slows down. That bend goes on: progress
  grows as a power of the time since the first measurement, with the exponent that gives both halves. It is 1 for an even pace,
  more for a late start, less where a ceiling nears. It is shrunk towards 1 (empirical Bayes) by how much of it chance explains,
  and the more the shorter the history is (`SHRINK`, in days).
- No history tells what comes: the exponent is drawn around that, by `EVEN` and, where there is a bend, by `SPREAD` of it, times
  the root of the time ahead over the time behind.
- The days ahead are added as blocks of what the steps are more or less than their mean.

The constants were chosen on half of the simulated key results of benchmarks/forecast.py; docs/progress.md says how well the
interval holds on the others. Below `LEAST_POINTS` measurements or `LEAST_DAYS` days, or for
more than `LONGEST` times the days behind, nothing is said: it is too early.
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
"""Exponents beyond these are noise of a half in which next to nothing moved."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The middle of all paths, and the interval in which 90 of 100 end; `reach` is the part of them that reaches the target."""

    middle: float
    low: float
    high: float
    reach: float | None


def forecast(
    points: Sequence[tuple[date, float]], end: date, target: float | None = None, start: float | None = None
) -> Forecast | None:
    """Forecast a series, in order of its days, to a later day; None where it is too early. The same series gives the same
    figures. `start` tells on which side of it the target lies; left out, the first measurement does."""
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
    """By how much it moves from day to day, straight between two measurements."""
    days = np.array([(day - points[0][0]).days for day, _ in points], dtype=float)
    values = np.array([value for _, value in points], dtype=float)
    found: Floats = np.diff(np.interp(np.arange(days[-1] + 1), days, values))
    return found


def _ways(steps: Floats, ahead: int, rng: np.random.Generator) -> Floats:
    """How far each path goes in so many days."""
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
    """How far a bend is one and not chance: of the difference of the halves, the part that drawing them anew does not explain."""
    seen, chance = float((after - before).mean()) ** 2, float((after - before).var())
    return seen / (seen + chance / 3) * count / (count + SHRINK) if seen else 0.0


def _known(steps: Floats, rng: np.random.Generator) -> Floats:
    """By what the pace may be more or less than it was, for so few moves: a number that made its way in three jumps might as well
    have made one or six."""
    moves = max(1.0, float(np.abs(steps).sum() ** 2 / ((steps**2).sum() or 1.0)))
    found: Floats = rng.gamma(moves**2 / MOVES, MOVES / moves**2, PATHS)
    return found


def _drawn(steps: Floats, days: int, rng: np.random.Generator) -> Floats:
    """What blocks of the steps, drawn at random, add up to in so many days, by path."""
    size = min(BLOCK, len(steps))
    first = rng.integers(0, len(steps) - size + 1, (PATHS, -(-days // size)))
    places = (first[:, :, None] + np.arange(size)).reshape(PATHS, -1)[:, :days]
    found: Floats = steps[places].sum(1)
    return found

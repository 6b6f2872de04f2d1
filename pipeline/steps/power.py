"""The power of the test in softening.py at a step's own number of cases, by simulation: how soon a fall would be found.

Each run draws weeks with a Poisson number of cases (mean `a_week`), of which the proportion `kept` goes as written, with `excess`
times the variance of a binomial; after the known weeks conformance falls by 15 points over eight weeks. All runs are tested as
softening.py tests real weeks, with a fixed seed, so the same step always gives the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.steps import softening

SIZE, OVER = 0.15, 8
"""The simulated fall, as a fraction, and the weeks until it is complete."""
SURE = 0.8
"""Power at which a fall counts as found."""
LONGEST = 13
"""Weeks in a quarter: a fall that takes longer to find is found too late."""
PAST = 26
"""Weeks from which the number of cases and its variation are estimated."""
RUNS = 400
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Power:
    """Cases per week, and the `weeks` within which such a fall is found with 80 % power; None if more than a quarter."""

    a_week: float
    weeks: int | None


def power(cases: Sequence[int], kept: Sequence[int]) -> Power | None:
    """Return the power for a step's weekly cases and cases that went as written; None if too few weeks are known."""
    n, k = (np.array(one[-PAST:], dtype=float) for one in (cases, kept))
    before = min(len(cases), softening.BASE_MOST)
    if before < softening.BASE_LEAST or not n.sum():
        return None
    a_week = float(n.mean())
    # Rounded, so that a cached result can be reused for slightly different counts.
    rounded = float(f"{a_week:.2g}"), round(float(k.sum() / n.sum()), 2), round(softening.excess_of(n, k), 1)
    return Power(a_week, weeks_to_find(*rounded, before))


@lru_cache(maxsize=1000)
def weeks_to_find(a_week: float, kept: float, excess: float, before: int) -> int | None:
    """Return the weeks within which the fall is found with 80 % power, given `before` known weeks; None if more than a quarter.

    `kept` is a fraction; below 15 points, conformance cannot fall by as much.
    """
    if kept <= SIZE:
        return None
    late = np.flatnonzero(found_by_week(a_week, kept, excess, before) >= SURE)
    return int(late[0]) + 1 if len(late) else None


def found_by_week(a_week: float, kept: float, excess: float, before: int) -> Matrix:
    """Return (LONGEST,): the proportion of falls found by the end of each week since the start."""
    cases, good = _drawn(a_week, kept, excess, before)
    weeks, newest = softening.Weeks.of(cases, good), good / np.maximum(cases, 1)
    raised, rows = np.zeros(RUNS, dtype=bool), np.arange(RUNS)
    found = np.zeros(LONGEST)
    for week in range(LONGEST):
        end = before + week + 1
        seen = weeks.compared(end, 0)
        if seen is None:
            continue
        sure = seen.sure - softening.threshold(softening.ALARMS, (end - seen.first).astype(float))
        at = rows, np.argmax(seen.sure, axis=1)
        fell = (seen.before - seen.after)[at] >= softening.SMALLEST
        there = newest[:, end - 1] < seen.before[at]
        raised |= (sure.max(axis=1) > 0) & fell & there
        found[week] = raised.mean()
    return found


def _drawn(a_week: float, kept: float, excess: float, before: int) -> tuple[Matrix, Matrix]:
    """Return (RUNS, weeks) of cases and of cases that went as written."""
    rng = np.random.default_rng(0)
    weeks = before + LONGEST
    fallen = SIZE * np.clip((np.arange(weeks) - before + 1) / OVER, 0, 1)
    p = np.clip(kept - fallen, 0.01, 0.99)
    cases = rng.poisson(a_week, (RUNS, weeks)).astype(np.float64)
    # A beta-binomial has 1 + (n - 1) / (size + 1) times the variance of a binomial.
    size = (a_week - 1) / (excess - 1) - 1 if excess > 1 and a_week > 1 else np.inf
    part = (
        rng.beta(np.maximum(p * size, 1e-3), np.maximum((1 - p) * size, 1e-3), (RUNS, weeks))
        if 0 < size < np.inf
        else p
    )
    return cases, rng.binomial(cases.astype(np.int64), np.broadcast_to(part, cases.shape)).astype(np.float64)

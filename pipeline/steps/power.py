"""How soon a fall would be found at a step's own number of cases: the power of the test in softening.py, by simulation.

Weeks of `a_week` cases (Poisson) are drawn, of which `kept` go as written, varying from week to week by `excess` times what a
binomial does; from the week after the known ones it falls by 15 points, over eight weeks. Each is walked through as softening.py
walks through real weeks, all runs at once, always from the same random numbers: the same step gives the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from pipeline.steps import softening

SIZE, OVER = 0.15, 8
"""The fall that is asked about: parts of one, and weeks until all of it is there."""
SURE = 0.8
"""Part of such falls that is found within what is answered."""
LONGEST = 13
"""A quarter of weeks: a fall that takes longer to be found is found too late."""
PAST = 26
"""Weeks from which it is taken how many cases come, and how they vary."""
RUNS = 400
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Power:
    """So many cases come a week, and such a fall is found within so many `weeks` of its first in four of five; None where that
    takes more than a quarter."""

    a_week: float
    weeks: int | None


def power(cases: Sequence[int], kept: Sequence[int]) -> Power | None:
    """Of a step with so many cases a week, and as many of them as written; None where too few weeks are known to say."""
    n, k = (np.array(one[-PAST:], dtype=float) for one in (cases, kept))
    before = min(len(cases), softening.BASE_MOST)
    if before < softening.BASE_LEAST or not n.sum():
        return None
    a_week = float(n.mean())
    # Rounded, so that what is known already need not be found anew for a case more or less.
    rounded = float(f"{a_week:.2g}"), round(float(k.sum() / n.sum()), 2), round(softening.excess_of(n, k), 1)
    return Power(a_week, weeks_to_find(*rounded, before))


@lru_cache(maxsize=1000)
def weeks_to_find(a_week: float, kept: float, excess: float, before: int) -> int | None:
    """Weeks from the first of the fall within which four of five are found, where so many are known before it; None where that
    takes more than a quarter. `kept` is a part of one; from less than 15 points nothing can fall by as many."""
    if kept <= SIZE:
        return None
    late = np.flatnonzero(found_by_week(a_week, kept, excess, before) >= SURE)
    return int(late[0]) + 1 if len(late) else None


def found_by_week(a_week: float, kept: float, excess: float, before: int) -> Matrix:
    """(LONGEST,): the part of such falls that is found by the end of each week of theirs."""
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
    """(RUNS, weeks) of cases and of those as written."""
    rng = np.random.default_rng(0)
    weeks = before + LONGEST
    fallen = SIZE * np.clip((np.arange(weeks) - before + 1) / OVER, 0, 1)
    p = np.clip(kept - fallen, 0.01, 0.99)
    cases = rng.poisson(a_week, (RUNS, weeks)).astype(np.float64)
    # A beta binomial varies by 1 + (n - 1) / (size + 1) times a binomial.
    size = (a_week - 1) / (excess - 1) - 1 if excess > 1 and a_week > 1 else np.inf
    part = (
        rng.beta(np.maximum(p * size, 1e-3), np.maximum((1 - p) * size, 1e-3), (RUNS, weeks))
        if 0 < size < np.inf
        else p
    )
    return cases, rng.binomial(cases.astype(np.int64), np.broadcast_to(part, cases.shape)).astype(np.float64)

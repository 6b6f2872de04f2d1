"""A bound on how soon a softening can be found: a test that knows everything except the week in which it begins.

    python -m benchmarks.steps.best [--runs 100]

It knows the level before, the size and shape of the fall (15 points over 8 weeks), and the variation of days, none of which is
known for real hand-offs. At the end of each week it sums the likelihood ratios over the last twenty weeks in which the fall may
have begun (Shiryaev 1963, Roberts 1966; nearly optimal for its false-finding rate, Pollak 1985), and restarts after a finding.
Its threshold is calibrated, for each cell, to one false finding per step and year on hand-offs that do not change.
"""

import argparse
import functools

import numpy as np
from numpy.typing import NDArray

from benchmarks.steps.handoffs import arrivals
from benchmarks.steps.softening import AHEAD, KEPT, KNOWN, VOLUMES, WAYS, YEAR, table

Array = NDArray[np.float64]
BY, OVER, BACK = 0.15, 8, 20
NOISE = 0.4
"""Of the logit of a day's level, in `bursts` (benchmarks/steps/handoffs.py)."""
_PLACES, _weights = np.polynomial.hermite_e.hermegauss(15)
_WEIGHTS = _weights / _weights.sum()


def made(way: str, rng: np.random.Generator, a_week: int, weeks: int, kept: float, falls_from: int) -> Array:
    """(weeks, steps): by how much likelier each week's cases are after so many steps of the fall than before it, in logs."""
    number = arrivals(way, rng, a_week, weeks)
    fallen = BY * np.clip(np.arange(weeks) - falls_from + 1, 0, OVER) / OVER
    p = np.repeat((kept - fallen)[:, None], 5, axis=1)
    if way == "bursts":
        p = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + rng.normal(0, NOISE, p.shape))))
    good = rng.binomial(number, p)
    before = _likelihood(way, number, good, kept)
    after = [_likelihood(way, number, good, kept - BY * step / OVER) - before for step in range(1, OVER + 1)]
    return np.stack(after, axis=-1)


def _likelihood(way: str, number: NDArray[np.int64], good: NDArray[np.int64], p: float) -> Array:
    logit = np.log(p / (1 - p)) + (NOISE * _PLACES if way == "bursts" else np.zeros(1))
    weight = _WEIGHTS if way == "bursts" else np.ones(1)
    q = 1 / (1 + np.exp(-logit))
    each = good[..., None] * np.log(q) + (number - good)[..., None] * np.log(1 - q)
    found: Array = np.logaddexp.reduce(each + np.log(weight), axis=-1).sum(-1)
    return found


def found_in(ratios: Array, threshold: float) -> list[int]:
    """The weeks at whose end there is a finding."""
    found, begin = [], 0
    begun = np.zeros(len(ratios))  # for each week in which the fall may have begun
    for week in range(len(ratios)):
        for first in range(max(begin, week - BACK), week + 1):
            begun[first] += ratios[week, min(week - first, OVER - 1)]
        if np.logaddexp.reduce(begun[max(begin, week - BACK) : week + 1]) > threshold:
            found.append(week)
            begin = week + 1
    return found


@functools.cache
def within(way: str, a_week: int, kept: float, runs: int) -> list[float]:
    """False findings a step and year, and the part of falls that is found within five, eight and ten weeks."""
    weeks = KNOWN + YEAR
    still = [made(way, np.random.default_rng([9, seed]), a_week, weeks, kept, weeks) for seed in range(runs)]
    low, high = 0.0, 9.0
    for _ in range(9):
        middle = (low + high) / 2
        false = float(np.mean([sum(week >= KNOWN for week in found_in(one, middle)) for one in still]))
        low, high = (middle, high) if false > 1 else (low, middle)
    falls = [made(way, np.random.default_rng([8, seed]), a_week, AHEAD + 10, kept, AHEAD) for seed in range(runs)]
    found = [found_in(one, high) for one in falls]
    return [false, *(float(np.mean([any(AHEAD <= w < AHEAD + n for w in f) for f in found])) for n in (5, 8, 10))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    runs = parser.parse_args().runs
    print(f"{len(WAYS) * len(VOLUMES) * len(KEPT)} cells, {runs} runs each")
    table(
        ["false a step and year", "15 points over 8 weeks: in 5 weeks", "in 8", "in 10"],
        lambda *cell: within(*cell, runs),
        ".2f",
    )

"""Like compared with like: how much of a change of a share is behaviour, and how much is who is there.

A share is sum(w * s) over rows, each one person in one team, with w that row's part of the effort and s its own share. Between
two stretches, the effort that is there in both is min(w0, w1) for each row. Standardised to that common effort (Kitagawa 1955;
Oaxaca 1973), the change is *behaviour*: the same people in the same teams do other things. The remainder of the observed
change is *mix*: leave, joiners, leavers, transfers, teams that grow. The two add up to the observed change exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Common:
    """The effort that two stretches have in common: weights by row that sum to one (zero where there is none), and its part of
    all.

    Arrays are (rows, ...) and (...).
    """

    weights: Array
    mass: Array


def common(before: Array, after: Array) -> Common:
    """From effort by row in two stretches, rows first."""
    least = np.minimum(_over(before, before.sum(0)), _over(after, after.sum(0)))
    mass: Array = least.sum(0)
    return Common(_over(least, mass), mass)


def own_shares(effort: Array, total: Array) -> Array:
    """Each row's own share of its effort; 0 where it worked nothing, which no weight of `common` ever counts."""
    return _over(effort, total)


def standardised(before: Array, after: Array) -> tuple[Array, Common]:
    """What each row adds to the change of each thing's share of the common effort, (things, rows); from effort (things, rows).

    Its sums over rows are the behaviour of the things.
    """
    total0, total1 = before.sum(0), after.sum(0)
    same = common(total0, total1)
    found: Array = same.weights * (own_shares(after, total1) - own_shares(before, total0))
    return found, same


@dataclass(frozen=True, slots=True)
class Decomposition:
    """A change of a share: parts of one. `behaviour + mix` is `after - before` as observed."""

    before: float
    after: float
    behaviour: float
    mix: float


def decompose(effort0: Array, total0: Array, effort1: Array, total1: Array) -> Decomposition:
    """Of the share that `effort` has of `total`, both by row, from one stretch to another; all zero where one of them is
    empty."""
    if total0.sum() <= 0 or total1.sum() <= 0:
        return Decomposition(0.0, 0.0, 0.0, 0.0)
    before, after = float(effort0.sum() / total0.sum()), float(effort1.sum() / total1.sum())
    same = common(total0, total1)
    behaviour = float((same.weights * (own_shares(effort1, total1) - own_shares(effort0, total0))).sum())
    return Decomposition(before, after, behaviour, after - before - behaviour)


def _over(part: Array, whole: Array) -> Array:
    """Nothing divided by nothing is nothing, never NaN."""
    found: Array = np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 1e-12)
    return found

"""Compare like with like: decompose a change in a share into behaviour and mix.

A share is sum(w * s) over rows, each one person in one team, with w that row's proportion of the effort and s its own share. The
effort common to two stretches is min(w0, w1) for each row. Standardised to that common effort (Kitagawa 1955; Oaxaca 1973), the
change is *behaviour*: the same people in the same teams do other things. The rest of the observed change is *mix*: leave,
joiners, leavers, transfers, growing teams. The two sum to the observed change exactly.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Common:
    """The effort common to two stretches: `weights` by row, (rows, ...), that sum to one (all zero if nothing is common), and
    `mass`, (...), its proportion of all effort.
    """

    weights: Array
    mass: Array


def common(before: Array, after: Array) -> Common:
    """Compute it from effort in two stretches, (rows, ...) each."""
    least = np.minimum(_over(before, before.sum(0)), _over(after, after.sum(0)))
    mass: Array = least.sum(0)
    return Common(_over(least, mass), mass)


def own_shares(effort: Array, total: Array) -> Array:
    """Return each row's own share; 0 for a row without effort, which has no weight in `common` either."""
    return _over(effort, total)


def standardised(before: Array, after: Array) -> tuple[Array, Common]:
    """Return each row's contribution to the change in each thing's share of the common effort, (things, rows), from effort
    (things, rows).

    The sum over rows is each thing's behaviour.
    """
    total0, total1 = before.sum(0), after.sum(0)
    same = common(total0, total1)
    found: Array = same.weights * (own_shares(after, total1) - own_shares(before, total0))
    return found, same


@dataclass(frozen=True, slots=True)
class Decomposition:
    """A change in a share, as fractions. `behaviour + mix` equals the observed `after - before`."""

    before: float
    after: float
    behaviour: float
    mix: float


def decompose(effort0: Array, total0: Array, effort1: Array, total1: Array) -> Decomposition:
    """Decompose the change in the share of `effort` in `total`, by row, between two stretches; all zero if one is empty."""
    if total0.sum() <= 0 or total1.sum() <= 0:
        return Decomposition(0.0, 0.0, 0.0, 0.0)
    before, after = float(effort0.sum() / total0.sum()), float(effort1.sum() / total1.sum())
    same = common(total0, total1)
    behaviour = float((same.weights * (own_shares(effort1, total1) - own_shares(effort0, total0))).sum())
    return Decomposition(before, after, behaviour, after - before - behaviour)


def _over(part: Array, whole: Array) -> Array:
    """Divide, with 0 / 0 = 0 instead of NaN."""
    found: Array = np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 1e-12)
    return found

"""The statistics of a change of a share: how much, how sure, since when. Running sums by person in; knows no dates.

A share is a ratio of two sums over people, and a person's days hang together (tasks last for days, people are away).
So people are the sampling units (Cochran 1977, chapter 11; Bell & McCaffrey 2002), and what one person's share does
from one stretch of days to another is learned from the stretches before the change, which in a small organisation gives
many times the degrees of freedom of the change alone.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
Positions = NDArray[np.int64]
BASE_LEAST, BASE_MOST = 20, 100
"""Days of history that a window is compared with: at least four weeks, at most twenty."""
BLOCKS = (8, 14, 24)
"""Lengths in days of the stretches that the spread is learned from."""
LENT = 12.0
"""Degrees of freedom that the company's spread counts for in a team's."""
FLOOR = 0.008
"""Least standard error: people who all did one thing have no spread, but are not certain to go on so."""
INSIDE = 2.7
"""How much the squared ratio may fall below the best one inside the 90 % interval of the first day."""


class Sums:
    """Running sums by person over days, so that any stretch is a subtraction. Arrays are (people, days + 1)."""

    def __init__(self, top: Array, total: Array) -> None:
        """`top` and `total` are cumulative and begin with zero; see `of`."""
        self.top, self.total, self.days = top, total, top.shape[1] - 1

    @classmethod
    def of(cls, top: Array, total: Array) -> Self:
        """From effort by person and day: on what is looked at, and on everything."""
        zero = np.zeros((len(top), 1))
        return cls(*(np.concatenate([zero, np.cumsum(part, 1)], 1) for part in (top, total)))

    def until(self, days: int) -> "Sums":
        """The first so many days."""
        return Sums(self.top[:, : days + 1], self.total[:, : days + 1])

    def share(self, first: int, last: int) -> float:
        """In the half-open range of positions; 0 where nothing was done."""
        total = float((self.total[:, last] - self.total[:, first]).sum())
        return float((self.top[:, last] - self.top[:, first]).sum()) / total if total > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Variance of one person's mean share over a stretch, times its length, by lengths BLOCKS; degrees of freedom."""

    long_run: Array
    freedom: Array

    def over(self, days: Array) -> Array:
        """Variance of one person's mean share over stretches of so many days."""
        found: Array = np.interp(days, BLOCKS, self.long_run) / np.maximum(days, 1)
        return found

    def freedom_for(self, days: Array) -> Array:
        """Degrees of freedom of that variance."""
        found: Array = np.interp(days, BLOCKS, self.freedom)
        return found

    def borrow(self, other: "Spread") -> "Spread":
        """Drawn towards the other's, which counts for LENT degrees of freedom."""
        freedom = self.freedom + LENT
        return Spread((self.freedom * self.long_run + LENT * other.long_run) / freedom, freedom)


def spread(sums: Sums, first: int, last: int) -> Spread:
    """What people's shares do from stretch to stretch in the half-open range of days."""
    long_run, freedom = np.zeros(len(BLOCKS)), np.zeros(len(BLOCKS))
    for i, length in enumerate(BLOCKS):
        edges = np.arange(last, first - 1, -length)[::-1]
        if len(edges) < 3:
            continue
        top, total = np.diff(sums.top[:, edges], axis=1), np.diff(sums.total[:, edges], axis=1)
        size = np.maximum(total.sum(0), 1e-9)
        off = (top - top.sum() / max(total.sum(), 1e-9) * total) / size
        off -= off.mean(1, keepdims=True)
        active = max(2, int((total > 0).any(1).sum()))
        per_person = ((total / size) ** 2).sum(0).mean()
        blocks = len(edges) - 1
        long_run[i] = length * (off**2).sum() / (blocks - 1) / max(per_person, 1e-9) * active / (active - 1)
        freedom[i] = (blocks - 1) * (active - 1)
    known = freedom > 0
    if known.any():  # the longest stretches may not fit into a short history
        long_run[~known], freedom[~known] = long_run[known][-1], freedom[known][-1]
    return Spread(long_run, freedom)


@dataclass(frozen=True, slots=True)
class Change:
    """A change at position `first`; `z` is positive for a fall and standard normal where nothing changed."""

    first: int
    before: float
    after: float
    error: float
    z: float

    @property
    def fall(self) -> float:
        """How much less it is, as a part of one."""
        return self.before - self.after


@dataclass(frozen=True, slots=True)
class Changes:
    """For several first days at once, the time from there to the end against the time before; arrays of one length.

    `gain` is what a change on that day explains of the squared deviations, with its sign.
    """

    first: Positions
    before: Array
    after: Array
    error: Array
    z: Array
    gain: Array

    def at(self, i: int) -> Change:
        """One of them."""
        return Change(
            int(self.first[i]), float(self.before[i]), float(self.after[i]), float(self.error[i]), float(self.z[i])
        )


def changes(sums: Sums, first: Positions, usual: Spread, begin: int = 0) -> Changes:
    """Compare the time from each of `first` to the end with up to BASE_MOST days before it, none before `begin`."""
    base = np.maximum(begin, first - BASE_MOST)
    top0, all0 = sums.top[:, first] - sums.top[:, base], sums.total[:, first] - sums.total[:, base]
    top1, all1 = sums.top[:, [-1]] - sums.top[:, first], sums.total[:, [-1]] - sums.total[:, first]
    n0, n1 = np.maximum(all0.sum(0), 1e-9), np.maximum(all1.sum(0), 1e-9)
    before, after = top0.sum(0) / n0, top1.sum(0) / n1
    active = np.maximum((all1 > 0).sum(0), 2)
    residual = (top1 - after * all1) / n1 - (top0 - before * all0) / n0
    own, own_freedom = (residual**2).sum(0) * active / (active - 1), (active - 1).astype(float)
    length0, length1 = (first - base).astype(float), (sums.days - first).astype(float)
    history = usual.over(length1) * ((all1 / n1) ** 2).sum(0) + usual.over(length0) * ((all0 / n0) ** 2).sum(0)
    known = usual.freedom_for(length1)
    freedom = known + own_freedom
    error = np.sqrt((known * history + own_freedom * own) / freedom + FLOOR**2)
    fall = before - after
    # The t distribution's tail as a normal ratio, so that an organisation of twelve and one of four hundred compare.
    z = -special.ndtri(np.clip(special.stdtr(freedom, -fall / error), 1e-300, 1 - 1e-16))
    gain = fall * np.abs(fall) * n0 * n1 / (n0 + n1)
    return Changes(first, before, after, error, z, gain)


def likeliest(found: Changes) -> tuple[int, int, int]:
    """Index of the first day that fits best, and of the first and last that fit nearly as well (about 90 %)."""
    best = int(np.argmax(found.gain))
    unit = max(found.gain[best], 1e-12) / max(found.z[best] ** 2, 1.0)
    inside = np.flatnonzero(found.gain >= found.gain[best] - INSIDE * unit)
    return best, int(inside[0]), int(inside[-1])

"""Softening: a sustained fall of a step's weekly conformance, by the change test's way over an unknown week of the beginning.

At the end of each whole week, for each window of the last one to ten weeks, the conformance in it is compared with that of up to
forty weeks before it: the signed root of the likelihood ratio of two binomials, made smaller by how much more than a binomial the
weeks before varied (McCullagh & Nelder 1989, 4.5). The largest over the windows is a generalised likelihood ratio statistic; the
threshold by length of the window, and the likeliest first week, are those of pipeline/drift.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.drift.change_test import Changes, likeliest
from pipeline.drift.sums import Array, Positions
from pipeline.drift.tuning import TUNING
from pipeline.share.estimate import Z90

WINDOWS, BASE_LEAST, BASE_MOST = 10, 8, 40
"""Longest window; weeks that must be known before one, and that are looked at."""
LOOKS = 220.0
"""Effective number of independent looks in a year of weeks, in weeks of the window (`Tuning.looks`); measured on hand-offs that
do not change (benchmarks/steps)."""
ALARMS, SURER = 1.0, 0.5
"""False findings a step and year: of what `leeway steps` and the page tell, and of what is told beside all other diagnoses."""
SMALLEST = 0.04
"""Falls below this are not told, however sure."""
CALM = 10.0
"""Degrees of freedom for which it counts that weeks vary as a binomial does."""
BACK_WEEKS, BACK, NEW_LEVEL = 4, 1 / 3, 26
"""It ends when over so many weeks less than this part of the fall is left; after so many weeks it is the new level."""


@dataclass(frozen=True, slots=True)
class Softening:
    """Places of weeks: `first` the likeliest first one of the fall (`earliest` to `latest` about 90 %), `found` the one at whose
    end it was found, `ended` the one at whose end it was over. Parts of one; `low` and `high` are of the fall now."""

    first: int
    earliest: int
    latest: int
    found: int
    before: float
    now: float
    low: float
    high: float
    ended: int | None = None

    @property
    def fall(self) -> float:
        """How much of the cases less."""
        return self.before - self.now


def softenings(cases: Sequence[int], kept: Sequence[int], alarms_a_year: float = ALARMS) -> list[Softening]:
    """Every one that would have been found, in their order, walking through the weeks; the last may still be open."""
    n, k = np.asarray(cases, dtype=float), np.asarray(kept, dtype=float)
    found: list[Softening] = []
    begin, open_ = 0, None
    for end in range(1, len(n) + 1):
        if open_ is None:
            open_ = _raised(n[:end], k[:end], begin, alarms_a_year)
        elif _is_over(open_, n[:end], k[:end]):
            found.append(replace(open_, ended=end - 1))
            recovered = end - 1 - open_.found < NEW_LEVEL
            begin, open_ = (end - BACK_WEEKS if recovered else open_.first), None
    if open_ is not None:
        found.append(_measured(_dated(open_, n, k, begin), n, k))
    return found


@dataclass(frozen=True, slots=True)
class Compared:
    """Windows that end with one week against the time before them, along the last axis: cases and cases as written before and
    after, by how much more than a binomial the weeks before varied, and `sure`, the statistic: positive where less is kept."""

    first: Positions
    n0: Array
    k0: Array
    n1: Array
    k1: Array
    excess: Array
    sure: Array

    @property
    def before(self) -> Array:
        """Part that was as written before."""
        return self.k0 / self.n0

    @property
    def after(self) -> Array:
        """Part that is as written in the window."""
        return self.k1 / self.n1


@dataclass(frozen=True, slots=True)
class Weeks:
    """Sums up to each week, along the last axis: of cases, those as written, the square of these by case, and weeks with any."""

    sums: tuple[Array, Array, Array, Array]

    @classmethod
    def of(cls, n: Array, k: Array) -> "Weeks":
        """Of cases and cases as written by week."""
        parts = (n, k, k**2 / np.maximum(n, 1), (n > 0).astype(float))
        ahead = [(0, 0)] * (n.ndim - 1) + [(1, 0)]
        n_, k_, square, seen = (np.cumsum(np.pad(one, ahead), axis=-1) for one in parts)
        return cls((n_, k_, square, seen))

    def compared(self, end: int, begin: int, longest: int = WINDOWS) -> Compared | None:
        """Windows up to the week before `end`, of at most so many weeks, nothing before `begin`; None where too few are."""
        first: Positions = np.arange(max(begin + BASE_LEAST, end - longest), end)
        if not len(first):
            return None
        base = np.maximum(begin, first - BASE_MOST)
        n0, k0, square, seen = (one[..., first] - one[..., base] for one in self.sums)
        n1, k1 = (one[..., [end]] - one[..., first] for one in self.sums[:2])
        usable = (n0 > 0) & (n1 > 0)
        excess = _excess(n0, k0, square, seen)
        n0, n1 = np.maximum(n0, 1e-9), np.maximum(n1, 1e-9)
        ratio = 2 * (_likelihood(k0, n0) + _likelihood(k1, n1) - _likelihood(k0 + k1, n0 + n1)) / excess
        root = np.sign(k0 / n0 - k1 / n1) * np.sqrt(np.maximum(ratio, 0))
        return Compared(first, n0, k0, n1, k1, excess, np.where(usable, root, 0.0))


def changes(n: Array, k: Array, begin: int, longest: int = WINDOWS) -> Changes | None:
    """For each window that ends with the last week, the change against the time before it; None where too little is known."""
    seen = Weeks.of(n, k).compared(len(n), begin, longest)
    if seen is None:
        return None
    first, n0, k0, n1, k1, excess = seen.first, seen.n0, seen.k0, seen.n1, seen.k1, seen.excess
    before, after, z = seen.before, seen.after, seen.sure
    p = (k0 + k1 + 1) / (n0 + n1 + 2)
    error = np.sqrt(excess * p * (1 - p) * (1 / n0 + 1 / n1))
    nothing = np.zeros(len(first))
    return Changes(first, before, after, error, z, z, z * np.abs(z), nothing, np.zeros(len(first), dtype=np.int64))


def threshold(alarms_a_year: float, weeks: Array) -> Array:
    """What the signed root must exceed, by length of the window in weeks."""
    return replace(TUNING, looks=5 * LOOKS).threshold(alarms_a_year, 5 * weeks)


def _raised(n: Array, k: Array, begin: int, alarms: float) -> Softening | None:
    found = changes(n, k, begin)
    if found is None:
        return None
    lengths = (len(n) - found.first).astype(float)
    sure = found.sure - threshold(alarms, lengths)
    if sure.max() <= 0:
        return None
    best, low, high = likeliest(found)
    if found.before[best] - found.after[best] < SMALLEST or (n[-1] and k[-1] / n[-1] >= found.before[best]):
        return None
    at = found.at(best)
    half = Z90 * at.error
    first, earliest, latest = (int(found.first[i]) for i in (best, low, high))
    return Softening(first, earliest, latest, len(n) - 1, at.before, at.after, at.fall - half, at.fall + half)


def _is_over(one: Softening, n: Array, k: Array) -> bool:
    if len(n) - 1 - one.found >= NEW_LEVEL:
        return True
    if len(n) - one.first < 2 * BACK_WEEKS or not n[-BACK_WEEKS:].sum():
        return False
    return bool(one.before - k[-BACK_WEEKS:].sum() / n[-BACK_WEEKS:].sum() < BACK * one.fall)


def _dated(one: Softening, n: Array, k: Array, begin: int) -> Softening:
    """Where it began by all that is known now: a chance fall may have gone before the one that lasts."""
    found = changes(n, k, begin, len(n))
    if found is None:
        return one
    best, low, high = likeliest(found)
    first, earliest, latest = (int(found.first[i]) for i in (best, low, high))
    return replace(one, first=first, earliest=earliest, latest=latest, before=float(found.before[best]))


def _measured(one: Softening, n: Array, k: Array) -> Softening:
    """As it stands at the end: since its first week, four weeks at most."""
    since = max(one.first, len(n) - BACK_WEEKS)
    base = max(0, one.first - BASE_MOST)
    n0, k0, n1, k1 = (float(x[a:b].sum()) for a, b in ((base, one.first), (since, len(n))) for x in (n, k))
    if not n0 or not n1:
        return one
    p0, p1 = (k0 + 1) / (n0 + 2), (k1 + 1) / (n1 + 2)
    excess = excess_of(n[base : one.first], k[base : one.first])
    half = Z90 * (excess * (p0 * (1 - p0) / n0 + p1 * (1 - p1) / n1)) ** 0.5
    fall = one.before - k1 / n1
    return replace(one, now=k1 / n1, low=fall - half, high=fall + half)


def _likelihood(k: Array, n: Array) -> Array:
    p = np.clip(k / n, 1e-9, 1 - 1e-9)
    found: Array = k * np.log(p) + (n - k) * np.log(1 - p)
    return found


def excess_of(n: Array, k: Array) -> float:
    """By how much more than a binomial weeks vary, at least 1; drawn towards 1."""
    return float(_excess(*(one[-1] for one in Weeks.of(n, k).sums)))


def _excess(n: Array, k: Array, square: Array, seen: Array) -> Array:
    """The same, of sums over the weeks."""
    p = (k + 0.5) / (n + 1)
    varied = (square - 2 * p * k + p**2 * n) / (p * (1 - p))
    found: Array = np.maximum(1.0, (varied + CALM) / (np.maximum(0, seen - 1) + CALM))
    return found

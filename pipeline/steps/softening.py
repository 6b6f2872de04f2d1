"""Detect softening: a sustained fall in a step's weekly conformance, starting in an unknown week.

At the end of each whole week, the conformance in each window of the last one to ten weeks is compared with that of up to forty
weeks before it: the signed root of the likelihood ratio of two binomials, corrected for overdispersion in the weeks before
(McCullagh & Nelder 1989, 4.5). The largest over the windows is a generalised likelihood ratio statistic. The threshold by window
length and the estimate of the first week are those of pipeline/drift.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipeline.drift.change_test import Changes, likeliest
from pipeline.drift.sums import Array, Positions
from pipeline.drift.tuning import TUNING
from pipeline.share.estimate import Z90

WINDOWS, BASE_LEAST, BASE_MOST = 10, 8, 40
"""Longest window; least and most weeks before it, in weeks."""
LOOKS = 220.0
"""Effective number of independent looks in a year, in weeks of the window (`Tuning.looks`); measured on hand-offs that do not
change (benchmarks/steps)."""
ALARMS, SURER = 1.0, 0.5
"""False findings per step and year: for `leeway steps` and the page, and for the list of all diagnoses."""
SMALLEST = 0.04
"""Smaller falls are not reported, however significant."""
CALM = 10.0
"""Degrees of freedom of the prior that weeks vary like a binomial."""
BACK_WEEKS, BACK, NEW_LEVEL = 4, 1 / 3, 26
"""A softening ends when less than the fraction BACK of the fall remains over BACK_WEEKS; after NEW_LEVEL weeks it is the new
level."""


@dataclass(frozen=True, slots=True)
class Softening:
    """A softening. `first` is the likeliest first week, as an index, with an interval of about 90 % from `earliest` to `latest`;
    at the end of week `found` it was found, at the end of week `ended` it was over. Conformance is a fraction; `low` and `high`
    are the 90 % interval of the present fall."""

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
        """Fall in the proportion of cases that go as written."""
        return self.before - self.now


def softenings(cases: Sequence[int], kept: Sequence[int], alarms_a_year: float = ALARMS) -> list[Softening]:
    """Return every softening that would have been found week by week, in order; the last may still be open."""
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
    """Windows that end with one week, compared with the time before them, along the last axis: cases and cases as written before
    and after, the overdispersion before, and the statistic `sure`, positive for a fall."""

    first: Positions
    n0: Array
    k0: Array
    n1: Array
    k1: Array
    excess: Array
    sure: Array

    @property
    def before(self) -> Array:
        """Proportion that went as written before."""
        return self.k0 / self.n0

    @property
    def after(self) -> Array:
        """Proportion that goes as written in the window."""
        return self.k1 / self.n1


@dataclass(frozen=True, slots=True)
class Weeks:
    """Cumulative sums by week, along the last axis: cases n, cases as written k, k² / n, and weeks with any cases."""

    sums: tuple[Array, Array, Array, Array]

    @classmethod
    def of(cls, n: Array, k: Array) -> "Weeks":
        """Build from weekly cases and cases as written."""
        parts = (n, k, k**2 / np.maximum(n, 1), (n > 0).astype(float))
        ahead = [(0, 0)] * (n.ndim - 1) + [(1, 0)]
        n_, k_, square, seen = (np.cumsum(np.pad(one, ahead), axis=-1) for one in parts)
        return cls((n_, k_, square, seen))

    def compared(self, end: int, begin: int, longest: int = WINDOWS) -> Compared | None:
        """Compare windows of at most `longest` weeks that end before `end`, using nothing before `begin`; None if too few."""
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
    """Return the change in each window that ends with the last week, against the time before it; None if too little is known."""
    seen = Weeks.of(n, k).compared(len(n), begin, longest)
    if seen is None:
        return None
    first, n0, k0, n1, k1, excess = seen.first, seen.n0, seen.k0, seen.n1, seen.k1, seen.excess
    before, after, z = seen.before, seen.after, seen.sure
    p = (k0 + k1 + 1) / (n0 + n1 + 2)
    error = np.sqrt(excess * p * (1 - p) * (1 / n0 + 1 / n1))
    nothing = np.zeros(len(first))
    people = np.zeros(len(first), dtype=np.int64)
    return Changes(first, before, after, error, z, nothing, people, lambda: z, lambda: z * np.abs(z))


def threshold(alarms_a_year: float, weeks: Array) -> Array:
    """Return the threshold of the signed root, by length of the window in weeks."""
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
    """Date the start again on all present data: a chance fall may have preceded the lasting one."""
    found = changes(n, k, begin, len(n))
    if found is None:
        return one
    best, low, high = likeliest(found)
    first, earliest, latest = (int(found.first[i]) for i in (best, low, high))
    return replace(one, first=first, earliest=earliest, latest=latest, before=float(found.before[best]))


def _measured(one: Softening, n: Array, k: Array) -> Softening:
    """Measure the present fall over the weeks since its start, at most the last BACK_WEEKS."""
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
    """Return the overdispersion of weeks relative to a binomial, at least 1 and shrunk towards 1."""
    return float(_excess(*(one[-1] for one in Weeks.of(n, k).sums)))


def _excess(n: Array, k: Array, square: Array, seen: Array) -> Array:
    """The same, from sums over the weeks."""
    p = (k + 0.5) / (n + 1)
    varied = (square - 2 * p * k + p**2 * n) / (p * (1 - p))
    found: Array = np.maximum(1.0, (varied + CALM) / (np.maximum(0, seen - 1) + CALM))
    return found

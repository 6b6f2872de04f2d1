"""The natural variation of people's shares: how much a share varies over time, and how correlated people are. Takes cumulative
sums.

The semivariogram (Matheron 1963) is half the expected squared difference of a person's share between two days h days apart.
Unlike the variance of stretches around their common mean, it is unbiased for a slowly varying process of which the past months
show only a part, and it gives the variance of any difference of means: between a window and the hundred days before it, whatever
their lengths. People in one team take up the same things at the same time, so the effective sample is smaller: the design effect
(Kish 1965).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.drift.composition import own_shares
from pipeline.drift.sums import BASE_MOST, BLOCKS, LENT, Array, Positions, Sums

LONGEST = 200
"""Longer stretches are treated as this long."""
LAGS = LONGEST + BASE_MOST
"""A window and the days before it span at most this many days; the semivariogram is constant (the sill) beyond."""
TAIL = 0.8
"""From this fraction of the observed lags on, the semivariogram is pooled into its sill."""
ALONE = 30.0
"""Degrees of freedom of the prior that people in a team are uncorrelated."""


@dataclass(frozen=True, slots=True)
class Wandering:
    """A semivariogram: `pairs`, by length in days, is its sum over all pairs of days in a stretch of that length; `apart` is its
    sill, the value for days far apart."""

    pairs: Array
    apart: float

    def of_difference(self, before: Array, after: Array) -> Array:
        """Return the variance of the difference of one person's means over adjacent stretches of `before` and `after` days."""
        length0 = np.clip(before, 1, BASE_MOST).astype(np.int64)
        length1 = np.clip(after, 1, LONGEST).astype(np.int64)
        within0, within1 = self.pairs[length0], self.pairs[length1]
        across = (self.pairs[length0 + length1] - within0 - within1) / (length0 * length1)
        found = 2 * (across - within0 / length0**2 - within1 / length1**2)
        # Never less than the variance of independent days, however little is known.
        least: Array = np.maximum(found, self.apart * (1 / length0 + 1 / length1))
        return least

    def borrow(self, other: "Wandering", own: float) -> "Wandering":
        """Shrink towards the other's, which has the weight of LENT degrees of freedom against `own`."""
        return Wandering(
            (own * self.pairs + LENT * other.pairs) / (own + LENT),
            (own * self.apart + LENT * other.apart) / (own + LENT),
        )


@dataclass(frozen=True, slots=True)
class Spread:
    """Variation of one person's share, with degrees of freedom for the lengths in BLOCKS.

    `together` is the design effect: the variance of the sum over people relative to independent people. For the other things,
    `others` is the sum of their variances and `shape` their covariance matrix, scaled to a trace of one.
    """

    share: Wandering
    freedom: Array
    together: float = 1.0
    others: Wandering | None = None
    shape: Array | None = None

    def freedom_for(self, days: Array) -> Array:
        """Return the degrees of freedom of the variance over stretches of `days`."""
        found: Array = np.interp(days, BLOCKS, self.freedom)
        return found

    def borrow(self, other: "Spread") -> "Spread":
        """Shrink towards the other's, which has the weight of LENT degrees of freedom."""
        own = float(self.freedom[-1])
        together = (own * self.together + LENT * other.together) / (own + LENT)
        return Spread(self.share.borrow(other.share, own), self.freedom + LENT, together)


def spread(sums: Sums, first: int, last: int) -> Spread:
    """Estimate the variation of people's shares over the half-open range of days."""
    days = slice(first, last + 1)
    total = np.maximum(np.diff(sums.total[:, days]), 0)
    share = _wandering(np.diff(sums.top[None, :, days]), total)
    things = sums.top[None] if sums.others is None else sums.others
    freedom, shapes, ratios = np.zeros(len(BLOCKS)), [np.eye(len(things)) * 1e-9], [1.0]
    for i, length in enumerate(BLOCKS):
        edges = np.arange(last, first - 1, -length)[::-1]
        if len(edges) < 3:
            continue
        whole = np.diff(sums.total[:, edges], axis=1)
        off = _deviations(np.diff(things[:, :, edges], axis=2), whole, np.maximum(whole.sum(0), 1e-9))
        there = whole > 0
        people = int(there.any(1).sum())
        freedom[i] = (there.sum() - people) * (people - 1) / max(1, people)  # newcomers contribute little
        shapes.append(length * np.einsum("ipb,jpb->ij", off, off) / (len(edges) - 2))
        ratios.append(_together(off, sums.teams, there))
    if freedom.any():  # the longest stretches may not fit into a short history
        freedom[freedom == 0] = freedom[freedom > 0][-1]
    together = max(1.0, float(np.mean(ratios[1:] or ratios)))
    if sums.others is None:
        return Spread(share, freedom, together)
    shape = np.sum(shapes, axis=0)
    return Spread(share, freedom, together, _wandering(np.diff(things[:, :, days]), total), shape / np.trace(shape))


def _wandering(part: Array, total: Array) -> Wandering:
    """Estimate the semivariogram, summed over things; `part` is (things, people, days), `total` (people, days). Days are weighted
    by effort.

    A Fourier transform computes all lags at once.
    """
    from scipy import fft  # slow to import, and not needed for the constants

    days = total.shape[1]
    if not days:
        return Wandering(np.zeros(LAGS + 1), 0.0)
    own = own_shares(part, total)
    once, square = (fft.rfft(one, 2 * days) for one in (total, total * (own**2).sum(0)))
    share = fft.rfft(total * own, 2 * days)
    powers = 2 * (np.conj(once) * square).real.sum(0) - 2 * (np.abs(share) ** 2).sum((0, 1))
    differ = np.maximum(fft.irfft(powers, 2 * days)[:days], 0) / 2
    weight = np.maximum(fft.irfft((np.abs(once) ** 2).sum(0), 2 * days)[:days], 0)
    tail = int(days * TAIL)
    apart = float(differ[tail:].sum() / max(weight[tail:].sum(), 1e-6))
    values = np.full(max(LAGS, days), apart)
    values[:days] = np.where(weight > 1e-6, differ / np.maximum(weight, 1e-6), apart)
    values[0] = 0.0
    # A stretch of n days has n - h pairs at lag h: a double cumulative sum.
    return Wandering(np.concatenate([[0.0], np.cumsum(np.cumsum(values[:LAGS]))]), apart)


def _together(off: Array, teams: Positions, there: NDArray[np.bool_]) -> float:
    """Return the design effect: the variance of teams' sums relative to uncorrelated members, shrunk towards one."""
    member = np.equal.outer(np.arange(int(teams.max(initial=-1)) + 1), teams) & there.any(1)
    member = member[member.sum(1) > 1].astype(float)
    alone = float((off**2 * member.sum(0)[:, None]).sum())
    if alone < 1e-12:
        return 1.0
    found = float((np.einsum("tp,ipb->itb", member, off) ** 2).sum()) / alone
    freedom = float((off.shape[2] - 1) * len(member))
    return (freedom * found + ALONE) / (freedom + ALONE)


def _deviations(part: Array, total: Array, size: Array) -> Array:
    """Return deviations from each person's own mean share, (..., people, stretches); absence alone is no deviation."""
    own = own_shares(part.sum(-1, keepdims=True), total.sum(-1, keepdims=True))
    off: Array = (part - own * total) / size
    return off

"""Test for a change in a share: size, significance and start. Takes cumulative sums by person; knows no dates.

A share is a ratio of two sums over people, and a person's days are serially correlated (tasks span days, people take leave). So
people are the sampling units (Cochran 1977, chapter 11; Bell & McCaffrey 2002). How much one person's share varies from one
stretch of days to another is estimated on the days before the change, which in a small organisation has many times the degrees of
freedom of the change itself.

What one share loses, others gain. If most of it went to one thing that was small before, that rise is more significant than the
fall, which also contains the noise between all other things. So each other thing is tested: the score of a rise in it alone,
given the covariance of all (Rao's score; Healy 1987 for control charts), combined with the score of the fall.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.drift.composition import common, own_shares
from pipeline.drift.noise import Spread, Wandering
from pipeline.drift.sums import BASE_MOST, Array, Positions, Sums, persons

FLOOR, FLOOR_PEOPLE = 0.008, 60
"""Least standard error: people who all did the same thing show no variance but may still change. It applies up to FLOOR_PEOPLE
and shrinks like any standard error beyond; a constant floor would dominate the error of four hundred people."""
WIDER = 0.8
"""Power of the ratio by which a rising thing's variance between people exceeds its usual variance; 1 would take the larger
one."""
HINT = 1.0
"""The rise of another thing counts only if the fall itself is at least this many standard errors."""
LEAST_COMMON = 0.35
"""Nothing is compared if less than this proportion of the effort is by people present both before and after."""
INSIDE = 2.7
"""By how much the squared ratio may fall short of its maximum within the 90 % interval of the first day."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change at position `first`; `z` is positive for a fall and standard normal if nothing changed.

    `before` and `after` are shares of the effort common to both stretches: the same people in the same teams. `mix` is the
    observed change minus the change in the common effort.
    """

    first: int
    before: float
    after: float
    error: float
    z: float
    mix: float = 0.0

    @property
    def fall(self) -> float:
        """Share before minus share after."""
        return self.before - self.after


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes for several first days at once: the time from there to the end against the time before. Arrays of equal length.

    `sure` is `z`, or the statistic of the fall combined with the rise of one other thing if that is larger. `gain` is the signed
    sum of squares explained by a change on that day. `people` counts those with effort on both sides.
    """

    first: Positions
    before: Array
    after: Array
    error: Array
    z: Array
    sure: Array
    gain: Array
    mix: Array
    people: Positions

    def at(self, i: int) -> Change:
        """Return the change at index `i`."""
        figures = (self.before, self.after, self.error, self.z, self.mix)
        return Change(int(self.first[i]), *(float(values[i]) for values in figures))


class Stretches:
    """For each of several first days: the days from there to the end, and up to BASE_MOST days before it, not before `begin`."""

    def __init__(self, sums: Sums, first: Positions, begin: int = 0) -> None:
        self.sums, self.first, self.base = sums, first, np.maximum(begin, first - BASE_MOST)
        self.all0 = sums.total[:, first] - sums.total[:, self.base]
        self.all1 = sums.total[:, [-1]] - sums.total[:, first]
        self.n0, self.n1 = np.maximum(self.all0.sum(0), 1e-9), np.maximum(self.all1.sum(0), 1e-9)
        same = common(self.all0, self.all1)
        self.weights, self.mass = same.weights, same.mass
        self.people = persons(self.weights > 0, sums.who)
        self.active = np.maximum((self.weights > 0).sum(0), 2)
        self.days0 = sums.there[:, first] - sums.there[:, self.base]
        self.days1 = sums.there[:, [-1]] - sums.there[:, first]
        self.top = self.parts(sums.top[None])
        self.before, self.after, self.between = self.shares(*self.top)

    @property
    def falls(self) -> Array:
        """Share before minus share after, for each first day."""
        found: Array = (self.before - self.after)[0]
        return found

    def parts(self, part: Array) -> tuple[Array, Array]:
        """Return the effort on each part, (things, people, days + 1), before and after: (things, people, firsts)."""
        return part[:, :, self.first] - part[:, :, self.base], part[:, :, [-1]] - part[:, :, self.first]

    def shares(self, part0: Array, part1: Array) -> tuple[Array, Array, Array]:
        """Return, for the `parts`, shares of the common effort before and after, (things, firsts), and the covariance of their
        differences estimated from the variation between people, (firsts, things, things)."""
        own0, own1 = own_shares(part0, self.all0), own_shares(part1, self.all1)
        before, after = (self.weights * own0).sum(1), (self.weights * own1).sum(1)
        each = self.weights * (own1 - own0 - (after - before)[:, None])
        between = np.einsum("ipf,jpf->fij", each, each) * (self.active / (self.active - 1))[:, None, None]
        return before, after, between

    def mix(self, part0: Array, part1: Array, behaviour: Array) -> Array:
        """Return the observed change in the share of the `parts` minus the change in the common effort, (firsts)."""
        found: Array = part1.sum((0, 1)) / self.n1 - part0.sum((0, 1)) / self.n0 - behaviour
        return found

    def with_history(self, between: Array, usual: Array, known: Array, together: float) -> Array:
        """Pool the covariance between people with that of the time before, weighted by degrees of freedom.

        `together` is the design effect: neither estimate accounts for correlation between people.
        """
        own, known = (self.active - 1)[:, None, None], known[:, None, None]
        found: Array = together * (known * usual + own * between) / (known + own)
        return found

    def of_all(self, wandering: Wandering) -> Array:
        """Return (firsts, 1, 1): the variance of the overall difference, each person by the days on which they were present."""
        found: Array = (self.weights**2 * wandering.of_difference(self.days0, self.days1)).sum(0)[:, None, None]
        return found


def changes(sums: Sums, first: Positions, usual: Spread, begin: int = 0) -> Changes:
    """Compare the days from each of `first` to the end with up to BASE_MOST days before it, not before `begin`."""
    return tested(Stretches(sums, first, begin), usual)


def tested(two: Stretches, usual: Spread) -> Changes:
    """Test the changes between these stretches, given the usual variation."""
    sums, first = two.sums, two.first
    known = usual.freedom_for((sums.days - first).astype(float))
    variance = two.with_history(two.between, two.of_all(usual.share), known, usual.together)[:, 0, 0]
    least = FLOOR**2 * np.minimum(1, FLOOR_PEOPLE / two.active)
    fall, error = two.falls, np.sqrt(variance + least)
    mix = two.mix(*two.top, -fall)
    fall = np.where(two.mass >= LEAST_COMMON, fall, 0.0)
    freedom, weight = known + two.active - 1, two.n0 * two.n1 / (two.n0 + two.n1)
    z = _normal(fall / error, freedom)
    sure, gain = z, fall * np.abs(fall) * weight
    if sums.others is not None and usual.others is not None and usual.shape is not None:
        before_each, after_each, between = two.shares(*two.parts(sums.others))
        rise, things = after_each - before_each, len(sums.others)
        covariance = two.with_history(between, two.of_all(usual.others) * usual.shape, known, usual.together)
        covariance += np.eye(things) * least[:, None, None] / things
        # A thing that was rare varies more once it is common: account for people differing more now than before.
        wider = np.maximum(1, np.einsum("fii->fi", between) / np.einsum("fii->fi", covariance)) ** (WIDER / 2)
        ratio, alike = _score(rise, covariance * wider[:, :, None] * wider[:, None, :])
        with_rise = (z + _normal(ratio, np.maximum(freedom - things + 1, 1))) / np.sqrt(2 + 2 * alike)
        sure = np.where(z >= HINT, np.maximum(z, with_rise.max(0)), z)
        # For the start, use one covariance for all days, as a normal likelihood does.
        always = usual.shape + np.eye(things) * (0.02 / things + 1e-6)
        ratio, alike = _score(rise * np.sqrt(weight), np.broadcast_to(always, covariance.shape))
        whole = np.abs(fall) * np.sqrt(weight / always.sum())
        gain = np.sign(fall) * ((whole + np.maximum(ratio, 0)) ** 2 / (2 + 2 * alike)).max(0)
    return Changes(first, two.before[0], two.after[0], error, z, sure, gain, mix, two.people)


def _normal(ratio: Array, freedom: Array) -> Array:
    """Convert a t statistic to the normal quantile of equal tail probability, to compare organisations of any size."""
    from scipy import special  # slow to import, and not needed for the constants above

    found: Array = -special.ndtri(np.clip(special.stdtr(freedom, -ratio), 1e-300, 1 - 1e-16))
    return found


def _score(rise: Array, covariance: Array) -> tuple[Array, Array]:
    """Return, for a rise in each thing alone, its standardised score and the correlation of that with the standardised sum of
    all; both (things, days). `covariance` is (days, things, things)."""
    precision = np.linalg.inv(covariance)
    own = np.einsum("fii->if", precision)
    ratio: Array = np.einsum("fij,jf->if", precision, rise) / np.sqrt(own)
    alike: Array = 1 / np.sqrt(covariance.sum((1, 2)) * own)
    return ratio, alike


def likeliest(found: Changes) -> tuple[int, int, int]:
    """Return the index of the best-fitting first day, and of the first and last in its interval of about 90 %."""
    best = int(np.argmax(found.gain))
    unit = max(found.gain[best], 1e-12) / max(found.sure[best] ** 2, 1.0)
    inside = np.flatnonzero(found.gain >= found.gain[best] - INSIDE * unit)
    return best, int(inside[0]), int(inside[-1])

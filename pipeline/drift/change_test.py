"""Test for a change in a share: size, significance and start. Takes cumulative sums by person; knows no dates.

A share is a ratio of two sums over people, and a person's days are serially correlated (tasks span days, people take leave). So
people are the sampling units (Cochran 1977, chapter 11; Bell & McCaffrey 2002). How much one person's share varies from one
stretch of days to another is estimated on the days before the change, which in a small organisation has many times the degrees of
freedom of the change itself.

What one share loses, others gain. If most of it went to one thing that was small before, that rise is more significant than the
fall, which also contains the noise between all other things. So each other thing is tested: the score of a rise in it alone,
given the covariance of all (Rao's score; Healy 1987 for control charts), combined with the score of the fall.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

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


@dataclass(frozen=True)
class Changes:
    """Changes for several first days at once: the time from there to the end against the time before. Arrays of equal length.

    `people` counts those with effort on both sides. `sure` and `gain` cost more and are computed when first used.
    """

    first: Positions
    before: Array
    after: Array
    error: Array
    z: Array
    mix: Array
    people: Positions
    sureness: Callable[[], Array]
    gained: Callable[[], Array]

    @cached_property
    def sure(self) -> Array:
        """`z`, or the statistic of the fall combined with the rise of one other thing if that is larger."""
        return self.sureness()

    @cached_property
    def gain(self) -> Array:
        """The signed sum of squares explained by a change on that day."""
        return self.gained()

    def at(self, i: int) -> Change:
        """Return the change at index `i`."""
        figures = (self.before, self.after, self.error, self.z, self.mix)
        return Change(int(self.first[i]), *(float(values[i]) for values in figures))


class Stretches:
    """For each of several first days: the days from there to the end, and up to BASE_MOST days before it, not before `begin`."""

    def __init__(self, sums: Sums, first: Positions, begin: int = 0) -> None:
        self.sums, self.first, self.begin, self.base = sums, first, begin, np.maximum(begin, first - BASE_MOST)
        self.all0, self.all1 = self.parts(sums.total)
        same = common(self.all0, self.all1)
        self.weights, self.mass = same.weights, same.mass
        self.top = self.parts(sums.top[None])
        self.before, self.after, self.each = self.shares(*self.top)

    @property
    def falls(self) -> Array:
        """Share before minus share after, for each first day."""
        found: Array = (self.before - self.after)[0]
        return found

    @cached_property
    def people(self) -> Positions:
        """Number of people with effort on both sides."""
        return persons(self.weights > 0, self.sums.who)

    @cached_property
    def active(self) -> Positions:
        """Number of rows with effort on both sides, at least two."""
        found: Positions = np.maximum((self.weights > 0).sum(0), 2)
        return found

    @cached_property
    def effort(self) -> tuple[Array, Array]:
        """Total effort before and after."""
        return np.maximum(self.all0.sum(0), 1e-9), np.maximum(self.all1.sum(0), 1e-9)

    @cached_property
    def _days(self) -> tuple[Array, Array]:
        """Days on which each row was present, before and after."""
        return self.parts(self.sums.there)

    def only(self, places: Positions) -> "Stretches":
        """Return only the first days at these places."""
        return Stretches(self.sums, self.first[places], self.begin) if len(places) < len(self.first) else self

    def parts(self, part: Array) -> tuple[Array, Array]:
        """Return the effort on each part, (..., people, days + 1), before and after: (..., people, firsts)."""
        return part[..., self.first] - part[..., self.base], part[..., [-1]] - part[..., self.first]

    def shares(self, part0: Array, part1: Array) -> tuple[Array, Array, Array]:
        """Return, for the `parts`, shares of the common effort before and after, (things, firsts), and each row's difference,
        (things, people, firsts)."""
        own0, own1 = own_shares(part0, self.all0), own_shares(part1, self.all1)
        return (self.weights * own0).sum(1), (self.weights * own1).sum(1), own1 - own0

    def between(self, each: Array, change: Array) -> Array:
        """Return the covariance of the things' differences estimated from the variation between people, (firsts, things, things);
        from the difference of each row and the overall change."""
        apart = self.weights * (each - change[:, None])
        found: Array = np.einsum("ipf,jpf->fij", apart, apart) * (self.active / (self.active - 1))[:, None, None]
        return found

    def mix(self, behaviour: Array) -> Array:
        """Return the observed change in the share minus the change in the common effort, (firsts)."""
        part0, part1, (n0, n1) = *self.top, self.effort
        found: Array = part1.sum((0, 1)) / n1 - part0.sum((0, 1)) / n0 - behaviour
        return found

    def with_history(self, between: Array, usual: Array, spread: Spread) -> Array:
        """Pool the covariance between people with that of the time before, weighted by degrees of freedom.

        Multiplied by the design effect: neither estimate accounts for correlation between people.
        """
        own, known = (self.active - 1)[:, None, None], self.known(spread)[:, None, None]
        found: Array = spread.together * (known * usual + own * between) / (known + own)
        return found

    def known(self, spread: Spread) -> Array:
        """Return the degrees of freedom of the usual variation."""
        return spread.freedom_for((self.sums.days - self.first).astype(float))

    def of_all(self, wandering: Wandering) -> Array:
        """Return (firsts, 1, 1): the variance of the overall difference, each person by the days on which they were present."""
        found: Array = (self.weights**2 * wandering.of_difference(*self._days)).sum(0)[:, None, None]
        return found

    @cached_property
    def floor(self) -> Array:
        """Least variance, for each first day."""
        found: Array = FLOOR**2 * np.minimum(1, FLOOR_PEOPLE / self.active)
        return found


def changes(sums: Sums, first: Positions, usual: Spread, begin: int = 0) -> Changes:
    """Compare the days from each of `first` to the end with up to BASE_MOST days before it, not before `begin`."""
    return tested(Stretches(sums, first, begin), usual)


def tested(two: Stretches, usual: Spread) -> Changes:
    """Test the changes between these stretches, given the usual variation."""
    change = two.after - two.before
    variance = two.with_history(two.between(two.each, change), two.of_all(usual.share), usual)[:, 0, 0]
    fall, error = two.falls, np.sqrt(variance + two.floor)
    mix = two.mix(-fall)
    fall = np.where(two.mass >= LEAST_COMMON, fall, 0.0)
    z = _normal(fall / error, two.known(usual) + two.active - 1)
    sure, gain = partial(_sure, two, usual, z), partial(_gain, two, usual, fall)
    return Changes(two.first, two.before[0], two.after[0], error, z, mix, two.people, sure, gain)


def _sure(two: Stretches, usual: Spread, z: Array) -> Array:
    """Return `z`, combined with the rise of one other thing where the fall is at least HINT."""
    hints = np.flatnonzero(z >= HINT)
    others = two.sums.others
    if others is None or usual.others is None or usual.shape is None or not len(hints):
        return z
    if len(hints) == 1 < len(z):  # numpy sums a single day in another order, and the last digits would differ
        hints = np.array([hints[0], hints[0] + 1 if hints[0] + 1 < len(z) else hints[0] - 1])
    some, things = two.only(hints), len(others)
    before, after, each = some.shares(*some.parts(others))
    rise = after - before
    between = some.between(each, rise)
    covariance = some.with_history(between, some.of_all(usual.others) * usual.shape, usual)
    covariance += np.eye(things) * some.floor[:, None, None] / things
    # A thing that was rare varies more once it is common: account for people differing more now than before.
    wider = np.maximum(1, np.einsum("fii->fi", between) / np.einsum("fii->fi", covariance)) ** (WIDER / 2)
    ratio, alike = _score(rise, covariance * wider[:, :, None] * wider[:, None, :])
    freedom = some.known(usual) + some.active - 1
    with_rise = (z[hints] + _normal(ratio, np.maximum(freedom - things + 1, 1))) / np.sqrt(2 + 2 * alike)
    found = z.copy()
    found[hints] = np.where(z[hints] >= HINT, np.maximum(z[hints], with_rise.max(0)), z[hints])
    return found


def _gain(two: Stretches, usual: Spread, fall: Array) -> Array:
    """Return the signed sum of squares explained, with one covariance for all days, as a normal likelihood has."""
    (n0, n1), others = two.effort, two.sums.others
    weight = n0 * n1 / (n0 + n1)
    if others is None or usual.others is None or usual.shape is None:
        found: Array = fall * np.abs(fall) * weight
        return found
    before, after, _ = two.shares(*two.parts(others))
    always = usual.shape + np.eye(len(others)) * (0.02 / len(others) + 1e-6)
    covariance = np.broadcast_to(always, (len(two.first), *always.shape))
    ratio, alike = _score((after - before) * np.sqrt(weight), covariance)
    whole = np.abs(fall) * np.sqrt(weight / always.sum())
    gain: Array = np.sign(fall) * ((whole + np.maximum(ratio, 0)) ** 2 / (2 + 2 * alike)).max(0)
    return gain


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

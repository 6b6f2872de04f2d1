"""The statistics of a change of a share: how much, how sure, since when. Running sums by person in; knows no dates.

What a share lost, something gained. Where it went mostly to one thing that was small before, that one's rise is surer than the
fall, in which the noise between all the others is too. So each of them is tried: the score of a rise of that one alone, given the
covariance of all (Rao's score; Healy 1987 for charts), taken together with that of the fall.

A share is a ratio of two sums over people, and a person's days hang together (tasks last for days, people are away).
So people are the sampling units (Cochran 1977, chapter 11; Bell & McCaffrey 2002), and what one person's share does
from one stretch of days to another is learned from the stretches before the change, which in a small organisation gives
many times the degrees of freedom of the change alone.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.drift.composition import common, own_shares
from pipeline.drift.noise import Spread, Wandering
from pipeline.drift.sums import BASE_MOST, Array, Positions, Sums, persons

FLOOR, FLOOR_PEOPLE = 0.008, 60
"""Least standard error: people who all did one thing have no spread, but are not certain to go on so. Of more people than these
it is less, as of any mean: it is each one's own, and a floor that stays is most of the error of four hundred."""
WIDER = 0.8
"""Power of the ratio by which a rising thing's variance between people exceeds its usual one; 1 would take the larger of both."""
HINT = 1.0
"""From so many standard errors of the fall on, the rise of one other thing counts with it."""
LEAST_COMMON = 0.35
"""Where less of the effort than this is of people who were there before and after, there is nothing to compare."""
INSIDE = 2.7
"""How much the squared ratio may fall below the best one inside the 90 % interval of the first day."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change at position `first`; `z` is positive for a fall and standard normal where nothing changed.

    `before` and `after` are shares of the effort that both stretches have in common: of the same people in the same teams.
    `mix` is what the observed change is more or less than that of the common effort.
    """

    first: int
    before: float
    after: float
    error: float
    z: float
    mix: float = 0.0

    @property
    def fall(self) -> float:
        """How much less it is, as a part of one."""
        return self.before - self.after


@dataclass(frozen=True, slots=True)
class Changes:
    """For several first days at once, the time from there to the end against the time before; arrays of one length.

    `sure` is `z`, or that of the fall together with the rise of one other thing where this is surer. `gain` is what a change on
    that day explains of the squared deviations, with its sign. `people` are those with effort on both sides.
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
        """One of them."""
        figures = (self.before, self.after, self.error, self.z, self.mix)
        return Change(int(self.first[i]), *(float(values[i]) for values in figures))


class Stretches:
    """For each of several first days, the time from there to the end and up to BASE_MOST days before it, none before `begin`."""

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
        """By how much less the share is after each first day than before it."""
        found: Array = (self.before - self.after)[0]
        return found

    def parts(self, part: Array) -> tuple[Array, Array]:
        """Of each part (things, people, days + 1), what was done of it before and after: (things, people, firsts)."""
        return part[:, :, self.first] - part[:, :, self.base], part[:, :, [-1]] - part[:, :, self.first]

    def shares(self, part0: Array, part1: Array) -> tuple[Array, Array, Array]:
        """Of each of the `parts`: shares of the common effort before and after, (things, firsts), and the covariance of their
        differences as the differences between people tell it, (firsts, things, things)."""
        own0, own1 = own_shares(part0, self.all0), own_shares(part1, self.all1)
        before, after = (self.weights * own0).sum(1), (self.weights * own1).sum(1)
        each = self.weights * (own1 - own0 - (after - before)[:, None])
        between = np.einsum("ipf,jpf->fij", each, each) * (self.active / (self.active - 1))[:, None, None]
        return before, after, between

    def mix(self, part0: Array, part1: Array, behaviour: Array) -> Array:
        """What the observed change of the share of the `parts` is more than that of the common effort, (firsts)."""
        found: Array = part1.sum((0, 1)) / self.n1 - part0.sum((0, 1)) / self.n0 - behaviour
        return found

    def with_history(self, between: Array, usual: Array, known: Array, together: float) -> Array:
        """The covariance as the differences between people and the time before tell it, each by its degrees of freedom.

        Neither knows of what moves people `together`.
        """
        own, known = (self.active - 1)[:, None, None], known[:, None, None]
        found: Array = together * (known * usual + own * between) / (known + own)
        return found

    def of_all(self, wandering: Wandering) -> Array:
        """(firsts, 1, 1): the variance of the difference of all, each by the days on which they themselves were there."""
        found: Array = (self.weights**2 * wandering.of_difference(self.days0, self.days1)).sum(0)[:, None, None]
        return found


def changes(sums: Sums, first: Positions, usual: Spread, begin: int = 0) -> Changes:
    """Compare the time from each of `first` to the end with up to BASE_MOST days before it, none before `begin`."""
    return tested(Stretches(sums, first, begin), usual)


def tested(two: Stretches, usual: Spread) -> Changes:
    """How sure the changes between these stretches are, given what is usual."""
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
        # What was rare varies more once it is not: where people differ more now than before, that counts.
        wider = np.maximum(1, np.einsum("fii->fi", between) / np.einsum("fii->fi", covariance)) ** (WIDER / 2)
        ratio, alike = _score(rise, covariance * wider[:, :, None] * wider[:, None, :])
        with_rise = (z + _normal(ratio, np.maximum(freedom - things + 1, 1))) / np.sqrt(2 + 2 * alike)
        sure = np.where(z >= HINT, np.maximum(z, with_rise.max(0)), z)
        # Where it began: with one covariance for all days, as a normal likelihood has it.
        always = usual.shape + np.eye(things) * (0.02 / things + 1e-6)
        ratio, alike = _score(rise * np.sqrt(weight), np.broadcast_to(always, covariance.shape))
        whole = np.abs(fall) * np.sqrt(weight / always.sum())
        gain = np.sign(fall) * ((whole + np.maximum(ratio, 0)) ** 2 / (2 + 2 * alike)).max(0)
    return Changes(first, two.before[0], two.after[0], error, z, sure, gain, mix, two.people)


def _normal(ratio: Array, freedom: Array) -> Array:
    """The t distribution's tail as a normal ratio, so that an organisation of twelve and one of four hundred compare."""
    from scipy import special  # slow to import, and who only reads the constants above has no need of it

    found: Array = -special.ndtri(np.clip(special.stdtr(freedom, -ratio), 1e-300, 1 - 1e-16))
    return found


def _score(rise: Array, covariance: Array) -> tuple[Array, Array]:
    """For a rise of each thing alone: its score's ratio to its standard error, and how that hangs together with the ratio of the
    sum of all; (things, days) both. `covariance` is (days, things, things)."""
    precision = np.linalg.inv(covariance)
    own = np.einsum("fii->if", precision)
    ratio: Array = np.einsum("fij,jf->if", precision, rise) / np.sqrt(own)
    alike: Array = 1 / np.sqrt(covariance.sum((1, 2)) * own)
    return ratio, alike


def likeliest(found: Changes) -> tuple[int, int, int]:
    """Index of the first day that fits best, and of the first and last that fit nearly as well (about 90 %)."""
    best = int(np.argmax(found.gain))
    unit = max(found.gain[best], 1e-12) / max(found.sure[best] ** 2, 1.0)
    inside = np.flatnonzero(found.gain >= found.gain[best] - INSIDE * unit)
    return best, int(inside[0]), int(inside[-1])

"""Search for a fall to raise on the last day of cumulative sums. Knows no scopes and no dates."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from pipeline.drift.change_test import Change, Stretches, changes, likeliest, tested
from pipeline.drift.noise import Spread
from pipeline.drift.sums import BASE_LEAST, WEEK, Sums
from pipeline.drift.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Found:
    """A fall worth raising: the best-fitting change, the margin of its most significant window over the threshold, and the bounds
    of the interval of its start, as positions."""

    change: Change
    margin: float
    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Search criteria: false alarms a year, smallest fall, least people with effort on both sides, and least history in days."""

    alarms: float
    smallest: float
    people: int
    history: int = BASE_LEAST


def search(sums: Sums, noise: Callable[[], Spread], wanted: Wanted, tuning: Tuning) -> Found | None:
    """Return the fall to raise on the last day of the sums; None if there is none.

    `noise` estimates the usual variation. It is only called if something fell by enough, which few of fifty objectives do.
    """
    first = np.arange(max(wanted.history, sums.days - tuning.last), sums.days - tuning.first + 1)
    age = sums.days - first
    first = first[(age <= tuning.fine) | (age % 2 == 0)]
    if not len(first):
        return None
    two = Stretches(sums, first)
    if two.falls.max() < wanted.smallest:
        return None
    usual = noise()
    found = tested(two, usual)
    ways = 0 if sums.others is None else len(sums.others)
    clear = found.sure - tuning.threshold(wanted.alarms, (sums.days - first).astype(float), ways)
    clear = np.where(found.people >= wanted.people, clear, -1.0)
    order = [int(i) for i in np.argsort(-clear) if clear[i] >= 0]
    surest = next((i for i in order if lasts(sums, found.at(i), usual, tuning)), None)
    if surest is None or found.at(surest).fall < wanted.smallest:
        return None
    near = np.arange(max(wanted.history, sums.days - tuning.last - 10), sums.days - 3)
    around = changes(sums, near, usual)
    best, low, high = likeliest(around)
    change, margin = around.at(best), float(clear[surest])
    if (
        around.people[best] < wanted.people
        or not _old_enough(sums, change, usual, margin, tuning)
        or not all_through(sums, change, tuning)
    ):
        return None
    return Found(change, margin, int(near[low]), int(near[high]))


def _old_enough(sums: Sums, change: Change, usual: Spread, margin: float, tuning: Tuning) -> bool:
    """Return True if it began long enough ago: a week's dip looks the same at first, and an ongoing change has no start yet."""
    age = sums.days - change.first
    if age < tuning.first or not lasts(sums, change, usual, tuning):
        return False
    if margin >= tuning.at_once:
        return True
    if age < tuning.clear:
        return False
    fresh = np.arange(max(change.first + 3, sums.days - tuning.first + 1), sums.days - 2)
    if age == tuning.first or not len(fresh):
        return True
    return bool(changes(sums, fresh, usual, change.first).z.max() <= tuning.gathering)


def all_through(sums: Sums, change: Change, tuning: Tuning) -> bool:
    """Return True if the fall is present outside its worst week too; otherwise a dip explains it, wherever its start was dated.

    The worst of several weeks is worse than the rest by chance alone, the more so the noisier a week's share is.
    """
    age = sums.days - change.first
    if age < WEEK + 2:
        return False
    weeks, left = sums.without_a_week(change.first)
    worst = int(np.argmin(left))
    most = float(sums.fall(change.first, int(weeks[worst]), int(weeks[worst]) + WEEK)[0])
    of_a_week = change.error * (age / WEEK) ** 0.5
    return bool(left[worst] >= tuning.even * most - tuning.by_chance * of_a_week)


def lasts(sums: Sums, change: Change, usual: Spread, tuning: Tuning) -> bool:
    """Return True if the fall is still present in the last days, and after its first week."""
    n, week, recent = sums.days, change.first + WEEK, tuning.recent
    later = min(n - recent + 1, week)
    last, still = (float(sums.fall(change.first, first, n)[0]) for first in (n - recent, later))
    if min(last, still) < change.fall / 2:
        return False
    if n - change.first >= tuning.settled:
        return True
    # After a dip people finish what they began in it, so the share recovers over days: wait.
    first_week = float(sums.fall(change.first, change.first, min(week, n))[0])
    error = float(changes(sums, np.array([later]), usual).error[0])
    return still >= tuning.still * first_week and still >= tuning.persists * error

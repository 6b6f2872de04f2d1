"""Running sums of effort on the top priorities, by person and block of days: any stretch's share at once."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.drift.composition import common, own_shares

Array = NDArray[np.float64]
Positions = NDArray[np.int64]
BLOCKS = (8, 14, 24)
"""Lengths in days of the stretches that the spread is learned from."""
BASE_LEAST, BASE_MOST = 20, 100
"""Days of history that a window is compared with: at least four weeks, at most twenty."""
WEEK = 5
LENT = 36.0
"""Degrees of freedom that the company's spread counts for in a team's."""


class Sums:
    """Running sums by person over days, so that any stretch is a subtraction. Arrays are (people, days + 1)."""

    def __init__(
        self,
        top: Array,
        total: Array,
        others: Array | None = None,
        teams: Positions | None = None,
        there: Array | None = None,
        who: Positions | None = None,
    ) -> None:
        """`top` and `total` are cumulative and begin with zero; `others` is (things, people, days + 1); see `of`.

        `teams` numbers each row's team; without it every row is its own. `who` numbers whose row it is, where somebody may have
        several, in two teams. `there` counts the days on which somebody worked. `whole` is what these are the first days of.
        """
        self.top, self.total, self.days, self.others = top, total, top.shape[1] - 1, others
        self.teams = np.arange(len(top)) if teams is None else teams
        self.who = who
        self.there = _running((np.diff(total) > 1e-9).astype(float)) if there is None else there
        self.whole: Sums = self

    @classmethod
    def of(
        cls,
        top: Array,
        total: Array,
        others: Array | None = None,
        teams: Positions | None = None,
        who: Positions | None = None,
    ) -> Self:
        """From effort by person and day: on what is looked at, on everything, and on each other thing if that is to be used."""
        first, whole = (_running(part) for part in (top, total))
        return cls(first, whole, None if others is None or not len(others) else _running(others), teams, who=who)

    def until(self, days: int) -> "Sums":
        """The first so many days."""
        others = None if self.others is None else self.others[:, :, : days + 1]
        top, total, there = (part[:, : days + 1] for part in (self.top, self.total, self.there))
        found = Sums(top, total, others, self.teams, there, self.who)
        found.whole = self.whole
        return found

    def share(self, first: int, last: int) -> float:
        """In the half-open range of positions; 0 where nothing was done."""
        total = float((self.total[:, last] - self.total[:, first]).sum())
        return float((self.top[:, last] - self.top[:, first]).sum()) / total if total > 0 else 0.0

    def fall(self, change: int, first: int, last: int, begin: int = 0, without: Positions | None = None) -> Array:
        """Of the same people: by how much less the share is in the half-open range than before the position `change`.

        With `without`, one value for each of its positions: of the range without the week that begins there.
        """
        all0, top0 = (
            _between(sums, max(begin, change - BASE_MOST), change)[:, None] for sums in (self.total, self.top)
        )
        all1, top1 = (_between(sums, first, last)[:, None] for sums in (self.total, self.top))
        if without is not None:
            all1 = all1 - (self.total[:, without + WEEK] - self.total[:, without])
            top1 = top1 - (self.top[:, without + WEEK] - self.top[:, without])
        found: Array = (common(all0, all1).weights * (own_shares(top0, all0) - own_shares(top1, all1))).sum(0)
        return found

    def without_a_week(self, change: int) -> tuple[Positions, Array]:
        """Where each week since the position `change` begins, and the fall since then without it."""
        weeks = np.arange(change, self.days - WEEK + 1)
        return weeks, self.fall(change, change, self.days, without=weeks)

    def in_common(self, change: int, first: int, last: int) -> float:
        """Which part of the effort in the half-open range, and of that before the position `change`, is of the same people."""
        before = _between(self.total, max(0, change - BASE_MOST), change)
        return float(common(before, _between(self.total, first, last)).mass)


def persons(worked: NDArray[np.bool_], who: Positions | None) -> Positions:
    """How many people rows with work are of, (rows, ...) to (...): somebody with rows in two teams is one."""
    if who is not None and len(who):
        order = np.argsort(who, kind="stable")
        first = np.flatnonzero(np.diff(who[order], prepend=-1))
        worked = np.logical_or.reduceat(worked[order], first, axis=0)
    found: Positions = worked.sum(0)
    return found


def codes(who: Sequence[int | str]) -> Positions | None:
    """A number for each row's person; None where each row is somebody else."""
    numbers: dict[int | str, int] = {}
    found = np.array([numbers.setdefault(one, len(numbers)) for one in who], dtype=np.int64)
    return found if len(numbers) < len(found) else None


def team_codes(teams: Sequence[str]) -> Positions:
    """A number for each person's team; who is in none is alone."""
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(team or f"\0{n}", len(numbers)) for n, team in enumerate(teams)], dtype=np.int64
    )


def _between(sums: Array, first: int, last: int) -> Array:
    found: Array = sums[:, last] - sums[:, first]
    return found


def _running(part: Array) -> Array:
    return np.concatenate([np.zeros((*part.shape[:-1], 1)), np.cumsum(part, -1)], -1)

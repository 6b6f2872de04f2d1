"""Cumulative sums of effort on the top priorities, by person and day, so that any stretch's share is a subtraction."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from pipeline.drift.composition import common, own_shares

Array = NDArray[np.float64]
Positions = NDArray[np.int64]
BLOCKS = (8, 14, 24)
"""Lengths in days of the stretches from which variation is estimated."""
BASE_LEAST, BASE_MOST = 20, 100
"""Working days of history that a window is compared with: at least four weeks, at most twenty."""
WEEK = 5
LENT = 36.0
"""Weight, in degrees of freedom, of the company's variation in a team's."""


class Sums:
    """Cumulative sums by person over days. Arrays are (people, days + 1)."""

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

        `teams` numbers each row's team; by default every row is a team of its own. `who` numbers each row's person, if somebody
        has rows in several teams. `there` is the cumulative number of days worked. `whole` is the Sums that this is a prefix of.
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
        """Build from effort by person and day: on the thing of interest, on everything, and optionally on each other thing."""
        first, whole = (_running(part) for part in (top, total))
        return cls(first, whole, None if others is None or not len(others) else _running(others), teams, who=who)

    def until(self, days: int) -> "Sums":
        """Return the sums of the first `days` days."""
        others = None if self.others is None else self.others[:, :, : days + 1]
        top, total, there = (part[:, : days + 1] for part in (self.top, self.total, self.there))
        found = Sums(top, total, others, self.teams, there, self.who)
        found.whole = self.whole
        return found

    def share(self, first: int, last: int) -> float:
        """Return the share in the half-open range of positions; 0 if there was no effort."""
        total = float((self.total[:, last] - self.total[:, first]).sum())
        return float((self.top[:, last] - self.top[:, first]).sum()) / total if total > 0 else 0.0

    def fall(self, change: int, first: int, last: int, begin: int = 0, without: Positions | None = None) -> Array:
        """Return by how much the share of the same people is lower in the half-open range than before the position `change`.

        With `without`, return one value per position in it: for the range without the week that begins there.
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
        """Return the start of each week since the position `change`, and the fall since then without that week."""
        weeks = np.arange(change, self.days - WEEK + 1)
        return weeks, self.fall(change, change, self.days, without=weeks)

    def in_common(self, change: int, first: int, last: int) -> float:
        """Return the proportion of effort common to the half-open range and the days before the position `change`."""
        before = _between(self.total, max(0, change - BASE_MOST), change)
        return float(common(before, _between(self.total, first, last)).mass)


def persons(worked: NDArray[np.bool_], who: Positions | None) -> Positions:
    """Count the people behind rows with work, (rows, ...) to (...); somebody with rows in two teams counts once."""
    if who is not None and len(who):
        order = np.argsort(who, kind="stable")
        first = np.flatnonzero(np.diff(who[order], prepend=-1))
        worked = np.logical_or.reduceat(worked[order], first, axis=0)
    found: Positions = worked.sum(0)
    return found


def codes(who: Sequence[int | str]) -> Positions | None:
    """Return a number for each row's person; None if every row is a different person."""
    numbers: dict[int | str, int] = {}
    found = np.array([numbers.setdefault(one, len(numbers)) for one in who], dtype=np.int64)
    return found if len(numbers) < len(found) else None


def team_codes(teams: Sequence[str]) -> Positions:
    """Return a number for each person's team; a person without one is a team of their own."""
    numbers: dict[str, int] = {}
    return np.array(
        [numbers.setdefault(team or f"\0{n}", len(numbers)) for n, team in enumerate(teams)], dtype=np.int64
    )


def _between(sums: Array, first: int, last: int) -> Array:
    found: Array = sums[:, last] - sums[:, first]
    return found


def _running(part: Array) -> Array:
    return np.concatenate([np.zeros((*part.shape[:-1], 1)), np.cumsum(part, -1)], -1)

"""Person-days of whole weeks in cells of a person, a week and a stream, with what each cell served. No names, no words."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.vocabulary import COMPANY
from pipeline.share.audit import OF_ONE
from pipeline.share.estimate import MISPLACED, Z90
from pipeline.share.floor import NOBODY, enough
from pipeline.share.prior import company_prior

if TYPE_CHECKING:
    from scipy.sparse import csr_array  # slow to import, and who quotes needs none

NO_TEAM = -1
LIKELY = 0.4
"""Part of a cell's work from which it most likely serves a key result."""
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 90 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Work:
    """Parallel arrays, a cell a place.

    `weeks` are Mondays in order, `week` and `team` places in `weeks` and `teams`; `served` are person-days by key result, in the
    order of `key_results`, the last column those on none; sparse, since of two hundred key results a cell serves a handful.
    """

    weeks: tuple[date, ...]
    teams: tuple[str, ...]
    key_results: tuple[str, ...]
    person: Ints
    team: Ints
    week: Ints
    stream: Ints
    served: "Floats | csr_array"

    @cached_property
    def days(self) -> Floats:
        """Person-days of each cell."""
        return np.asarray(self.served.sum(1))

    @cached_property
    def off(self) -> Floats:
        """Person-days of each cell on no key result."""
        return self.on_results([-1])

    def on_results(self, columns: Sequence[int]) -> Floats:
        """Person-days of each cell on these key results together."""
        return np.asarray(self.served[:, list(columns)].sum(1))

    def by_result(self) -> Floats:
        """Person-days of all cells by key result, the last those on none."""
        return np.asarray(self.served.sum(0))

    def of_results(self, columns: Sequence[int]) -> "Work":
        """Only what was worked on these key results."""
        return replace(self, served=self.served[:, list(columns)])

    @property
    def total(self) -> float:
        """Person-days of all cells."""
        return float(self.served.sum())

    def where(self, mask: Mask | Ints) -> "Work":
        """Only these cells, by a mask or their places; weeks, teams and key results stay as they are."""
        return Work(
            self.weeks,
            self.teams,
            self.key_results,
            self.person[mask],
            self.team[mask],
            self.week[mask],
            self.stream[mask],
            self.served[mask],
        )

    def of(self, scope: str) -> "Work":
        """The cells of a team, or all of the company's."""
        if scope == COMPANY:
            return self
        return self.where(self.team == (self.teams.index(scope) if scope in self.teams else -2))

    def last(self, count: int, before: int = 0) -> "Work":
        """The cells of the last weeks, those that end `before` weeks before the last."""
        end = len(self.weeks) - before
        known = self._last
        if (count, before) not in known:
            known[count, before] = self.where((self.week >= end - count) & (self.week < end))
        return known[count, before]

    @cached_property
    def _last(self) -> dict[tuple[int, int], "Work"]:
        return {}  # asked for once for each key result

    def on(self, streams: Collection[int]) -> "Work":
        """The cells of these streams."""
        return self.where(np.isin(self.stream, list(streams)))

    def each(self) -> Iterator[tuple[int, "Work"]]:
        """Every stream with its cells, by number."""
        for stream, cells in self.places():
            yield stream, self.where(cells)

    def places(self) -> Iterator[tuple[int, Ints]]:
        """Every stream with the places of its cells: of thousands of streams, looking for each among all cells takes minutes."""
        order = np.argsort(self.stream, kind="stable")
        streams, first = np.unique(self.stream[order], return_index=True)
        # Of nothing, split makes one part.
        yield from zip(streams.tolist(), np.split(order, first[1:]), strict=False)

    def serving(self, column: int) -> "Work":
        """The cells that most likely serve this key result: small beliefs in everything are work on nothing."""
        return self.where(self.on_results([column]) >= LIKELY * self.days)

    @property
    def equal_part(self) -> float:
        """What each key result would get if the work on key results were shared out evenly: with forty it is less for each."""
        return float((self.days - self.off).sum()) / max(1, len(self.key_results))

    def people(self) -> set[int]:
        """Whoever worked in it."""
        return {int(one) for one in np.unique(self.person[self.days > 0])} - {NOBODY}

    def shown(self, least: int) -> bool:
        """Return True if a figure of it may be shown."""
        return enough(len(self.people()), least)

    def by_week(self, amounts: Floats | None = None) -> Floats:
        """Sums of the cells' amounts (their person-days) by week."""
        return np.bincount(self.week, self.days if amounts is None else amounts, len(self.weeks)).astype(float)

    def by_stream(self, amounts: Floats | None = None) -> dict[int, float]:
        """Sums of the cells' amounts (their person-days) of each stream."""
        names, place = np.unique(self.stream, return_inverse=True)
        of = self.days if amounts is None else amounts
        return dict(zip(names.tolist(), np.bincount(place, of, len(names)).tolist(), strict=True))

    def shown_streams(self, least: int) -> set[int]:
        """Streams of which a figure may be shown; looking at each one's cells takes minutes in a large company."""
        worked = (self.days > 0) & (self.person != NOBODY)
        pairs = np.unique(np.stack([self.stream[worked], self.person[worked]]), axis=1)
        names, counts = np.unique(pairs[0], return_counts=True)
        return {stream for stream, people in zip(names.tolist(), counts.tolist(), strict=True) if enough(people, least)}


class Later(Work):
    """Work that is read when it is first looked at, while the session is open: of what happened on items few findings do."""

    def __init__(self, read: Callable[[], Work]) -> None:
        self.__dict__["_read"] = read

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_read":  # as when it is copied
            raise AttributeError(name)
        self.__dict__.update({one.name: getattr(whole, one.name) for whole in [self._read()] for one in fields(Work)})
        return self.__dict__[name]


def part(work: Work, amounts: Floats) -> Interval:
    """The cells' amounts together as a part of their person-days.

    The interval is of what was worked in these weeks, as that of a share is (pipeline/share/estimate.py): errors of the match,
    perfectly correlated within a stream and independent between streams; of a person's effort, taken as one error over all the
    weeks; of the company's effort as a whole. Where nothing was worked nothing is known.
    """
    total = work.total
    if total <= 0:
        return Interval(0.0, 0.0, 1.0)
    value = float(amounts.sum()) / total
    _, who = np.unique(work.person, return_inverse=True)
    variance = MISPLACED**2 * float(((np.bincount(who, work.days) / total) ** 2).sum())
    variance += (company_prior().effort_level * OF_ONE) ** 2
    _, which = np.unique(work.stream, return_inverse=True)
    amount, days = np.bincount(which, amounts), np.bincount(which, work.days)
    p = np.clip(amount / np.maximum(days, 1e-9), 0, 1)
    variance += float((days**2 * p * (1 - p)).sum()) / total**2
    half = Z90 * variance**0.5
    return Interval(value, max(0.0, value - half), min(1.0, value + half))


def less(one: Interval, other: Interval) -> Interval:
    """The difference of two figures whose errors are independent."""
    value = one.value - other.value
    below = ((one.value - one.low) ** 2 + (other.high - other.value) ** 2) ** 0.5
    above = ((one.high - one.value) ** 2 + (other.value - other.low) ** 2) ** 0.5
    return Interval(value, value - below, value + above)

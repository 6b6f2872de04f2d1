"""Person-days of whole weeks in cells of person, week and stream, with what each cell served. No names, no words."""

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
    from scipy.sparse import csr_array  # slow to import, and quoting does not need it

NO_TEAM = -1
LIKELY = 0.4
"""Fraction of a cell's work from which it most likely serves a key result."""
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
    """Parallel arrays, one element per cell.

    `weeks` are Mondays in order, `week` and `team` indices into `weeks` and `teams`; `served` holds person-days by key result, in
    the order of `key_results`, with those on none in the last column; sparse, since a cell serves a handful of two hundred.
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
        """Return the person-days of each cell."""
        return np.asarray(self.served.sum(1))

    @cached_property
    def off(self) -> Floats:
        """Return the person-days of each cell on no key result."""
        return self.on_results([-1])

    def on_results(self, columns: Sequence[int]) -> Floats:
        """Return the person-days of each cell on these key results together."""
        return np.asarray(self.served[:, list(columns)].sum(1))

    def by_result(self) -> Floats:
        """Return the person-days of all cells by key result, the last on none."""
        return np.asarray(self.served.sum(0))

    def of_results(self, columns: Sequence[int]) -> "Work":
        """Return only the work on these key results."""
        return replace(self, served=self.served[:, list(columns)])

    @property
    def total(self) -> float:
        """Return the person-days of all cells."""
        return float(self.served.sum())

    def where(self, mask: Mask | Ints) -> "Work":
        """Return only these cells, by mask or indices; weeks, teams and key results stay the same."""
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
        """Return the cells of a team, or all for the company."""
        if scope == COMPANY:
            return self
        return self.where(self.team == (self.teams.index(scope) if scope in self.teams else -2))

    def last(self, count: int, before: int = 0) -> "Work":
        """Return the cells of the last `count` weeks, ending `before` weeks before the last."""
        end = len(self.weeks) - before
        known = self._last
        if (count, before) not in known:
            known[count, before] = self.where((self.week >= end - count) & (self.week < end))
        return known[count, before]

    @cached_property
    def _last(self) -> dict[tuple[int, int], "Work"]:
        return {}  # used once per key result

    def on(self, streams: Collection[int]) -> "Work":
        """Return the cells of these streams."""
        return self.where(np.isin(self.stream, list(streams)))

    def each(self) -> Iterator[tuple[int, "Work"]]:
        """Yield every stream number with its cells."""
        for stream, cells in self.places():
            yield stream, self.where(cells)

    def places(self) -> Iterator[tuple[int, Ints]]:
        """Yield every stream with the indices of its cells; searching all cells for each of thousands of streams takes
        minutes."""
        order = np.argsort(self.stream, kind="stable")
        streams, first = np.unique(self.stream[order], return_index=True)
        # For empty input, split returns one part.
        yield from zip(streams.tolist(), np.split(order, first[1:]), strict=False)

    def serving(self, column: int) -> "Work":
        """Return the cells that most likely serve this key result: small beliefs everywhere do not count as work."""
        return self.where(self.on_results([column]) >= LIKELY * self.days)

    @property
    def equal_part(self) -> float:
        """Return each key result's share if the work on key results were divided equally; it shrinks with their number."""
        return float((self.days - self.off).sum()) / max(1, len(self.key_results))

    def people(self) -> set[int]:
        """Return everybody who worked in it."""
        return {int(one) for one in np.unique(self.person[self.days > 0])} - {NOBODY}

    def shown(self, least: int) -> bool:
        """Return True if a figure of it may be shown."""
        return enough(len(self.people()), least)

    def by_week(self, amounts: Floats | None = None) -> Floats:
        """Sum the cells' amounts (default: person-days) by week."""
        return np.bincount(self.week, self.days if amounts is None else amounts, len(self.weeks)).astype(float)

    def by_stream(self, amounts: Floats | None = None) -> dict[int, float]:
        """Sum the cells' amounts (default: person-days) by stream."""
        names, place = np.unique(self.stream, return_inverse=True)
        of = self.days if amounts is None else amounts
        return dict(zip(names.tolist(), np.bincount(place, of, len(names)).tolist(), strict=True))

    def shown_streams(self, least: int) -> set[int]:
        """Return streams of which a figure may be shown; in one pass, since checking each stream takes minutes in a large
        company."""
        worked = (self.days > 0) & (self.person != NOBODY)
        pairs = np.unique(np.stack([self.stream[worked], self.person[worked]]), axis=1)
        names, counts = np.unique(pairs[0], return_counts=True)
        return {stream for stream, people in zip(names.tolist(), counts.tolist(), strict=True) if enough(people, least)}


class Later(Work):
    """Work that is loaded on first use, while the session is open: few findings about events need it."""

    def __init__(self, read: Callable[[], Work]) -> None:
        self.__dict__["_read"] = read

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_read":  # e.g. when copied
            raise AttributeError(name)
        self.__dict__.update({one.name: getattr(whole, one.name) for whole in [self._read()] for one in fields(Work)})
        return self.__dict__[name]


def part(work: Work, amounts: Floats) -> Interval:
    """Return the cells' amounts as a fraction of their person-days.

    The interval describes the work in these weeks, as that of a share does (pipeline/share/estimate.py): errors of the match,
    perfectly correlated within a stream and independent between streams; of a person's effort, treated as one error over all
    weeks; and of the company's effort as a whole. Without work nothing is known.
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
    """Return the difference of two figures with independent errors."""
    value = one.value - other.value
    below = ((one.value - one.low) ** 2 + (other.high - other.value) ** 2) ** 0.5
    above = ((one.high - one.value) ** 2 + (other.value - other.low) ** 2) ** 0.5
    return Interval(value, value - below, value + above)

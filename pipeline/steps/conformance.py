"""Conformance by week with an interval; weeks with few participants are pooled with the following ones."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.share.floor import enough
from pipeline.share.wilson import wilson

_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """The proportion of `cases` that went as written (`kept`), with its 90 % interval (Wilson 1927)."""

    cases: int
    kept: int

    @property
    def value(self) -> float:
        """The proportion; 1 without cases, with an interval from 0 to 1."""
        return self.kept / self.cases if self.cases else 1.0

    @property
    def low(self) -> float:
        """The interval's lower end."""
        return wilson(self.kept, self.cases)[0]

    @property
    def high(self) -> float:
        """The interval's upper end."""
        return wilson(self.kept, self.cases)[1]


@dataclass(frozen=True, slots=True)
class Week:
    """Weeks from `first` to `last` (Mondays, inclusive) with their rate; `running`: not over yet."""

    first: date
    last: date
    rate: Rate
    running: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """One week: the number of cases decided, the number that went as written, and the participants."""

    cases: int = 0
    kept: int = 0
    people: Set[int] = frozenset()


def by_week(tallies: Mapping[date, Tally], at_work: Mapping[date, Set[int]], least: int, through: date) -> list[Week]:
    """Return the weeks that may be shown, oldest first; `through` is the Monday of the last whole week, later ones are running.

    Every row has at least `least` participants, and at least as many of the team at work.
    """
    found: list[Week] = []
    some: list[date] = []
    for week in sorted(tallies):
        some.append(week)
        if _enough(some, tallies, at_work, least):
            found.append(_row(some, tallies, through))
            some = []
    if some and found:
        kept = [week for week in sorted(tallies) if week >= found[-1].first]
        found[-1] = _row(kept, tallies, through)
    return found


def _enough(weeks: Sequence[date], tallies: Mapping[date, Tally], at_work: Mapping[date, Set[int]], least: int) -> bool:
    took_part = {one for week in weeks for one in tallies[week].people}
    working = {one for week in weeks for one in at_work.get(week, frozenset())}
    return enough(len(took_part), least) and enough(len(working), least)


def _row(weeks: Sequence[date], tallies: Mapping[date, Tally], through: date) -> Week:
    rate = Rate(sum(tallies[week].cases for week in weeks), sum(tallies[week].kept for week in weeks))
    return Week(weeks[0], weeks[-1], rate, weeks[-1] > through)


def series(tallies: Mapping[date, Tally], through: date) -> tuple[list[date], list[int], list[int]]:
    """Return every whole week from the first to `through`, with its number of cases and of those that went as written."""
    whole = [week for week in tallies if week <= through]
    if not whole:
        return [], [], []
    first = min(whole)
    weeks = [first + n * _WEEK for n in range((through - first).days // 7 + 1)]
    rows = [tallies.get(week, Tally()) for week in weeks]
    return weeks, [row.cases for row in rows], [row.kept for row in rows]

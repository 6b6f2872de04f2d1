"""Turn traces and times in progress into person-days, never more than a day's capacity.

Stated hours count as stated. The rest of the day is divided among the items that the person may have worked on, in proportion to
their likelihood (likelihood.py), with a share for work that no tool shows. docs/effort.md has the reasons and the figures.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from connectors.base import SignalKind, State
from pipeline.effort.candidates import Candidates, candidates
from pipeline.effort.likelihood import Weights, likelihoods
from pipeline.effort.seen import AHEAD
from pipeline.effort.stated import spread_over_days
from pipeline.effort.trace import Trace

HOURS_A_DAY = 8.0
FORGOTTEN_AFTER = timedelta(days=180)
"""An item in progress is considered abandoned after this long without a signal. How fast work on it becomes less likely before
that is learned."""
_PEOPLE_AT_ONCE = 200
_SMALLEST = 1e-6


class Activity(NamedTuple):
    """Something a person did on an item on a day (in their own time zone), with `hours` if the source states them."""

    person: int
    day: date
    item: int
    trace: Trace
    hours: float | None = None


class InProgress(NamedTuple):
    """An item was in progress and assigned to a person from `first` to `last`, inclusive."""

    person: int
    item: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A transition (`to` a state) or an assignment (`to` a person or None) of an item. `of_many`: part of a mass change."""

    at: datetime
    kind: str
    to: object
    of_many: bool = False


class Begin(NamedTuple):
    """An item's state and assignee at creation. `by_others`: created by somebody other than the assignee, or an import."""

    state: str
    person: object = None
    by_others: bool = False


def in_progress(
    changes: Sequence[StatusChange],
    assignee: object,
    created: date,
    seen: Collection[date],
    begin: Begin | None = None,
    touched: Collection[date] | None = None,
) -> list[tuple[object, date, date]]:
    """Return (person, first day, last day) of the times an item was in progress with somebody.

    `assignee` is the present one; earlier ones follow from the assignments, or from `begin`. An item that moves to an unknown
    state is in progress, unless it was done. `seen` are the days with any signal on the item: after FORGOTTEN_AFTER without one
    it is no longer in progress, whether or not somebody closes it later. If a mass change started the item, or somebody created
    it for another person, that is only believed from a week before the first of the days `touched` (with a signal outside mass
    changes; None: the days seen).
    """
    ordered = sorted(changes, key=lambda change: change.at)
    touched = sorted(seen if touched is None else touched)
    first = next((change for change in ordered if change.kind == SignalKind.ASSIGNMENT), None)
    person: object = assignee if first is None else None
    state, since = State.TODO if begin is None else begin.state, created
    person = person if begin is None else begin.person
    active, doubtful = state == State.DOING, begin is not None and begin.by_others
    spans: list[tuple[object, date, date]] = []
    for change in [*ordered, None]:
        day, before = change.at.date() if change else None, person if active else None
        start = _believed(since, day, touched) if doubtful else since
        if before is not None and start is not None and (day is None or start <= day):
            spans += [(before, *ends) for ends in _remembered(start, day, seen)]
        if change is None or day is None:
            break
        if change.kind == SignalKind.ASSIGNMENT:
            person = change.to
        else:
            active = change.to == State.DOING or (change.to == State.UNKNOWN and state != State.DONE)
            state = str(change.to)
        # An item believed to be in progress does not become doubtful when a mass change moves it on.
        doubtful, since = change.of_many and (person != before or (doubtful and start is None)), day
    return spans


def _believed(since: date, until: date | None, touched: Sequence[date]) -> date | None:
    """Return from when a doubtful start is believed: at most a week before the item was first touched; None if it never was."""
    first = next((day for day in touched if day >= since and (until is None or day <= until)), None)
    return None if first is None else max(since, first - timedelta(days=AHEAD))


def _remembered(first: date, last: date | None, seen: Collection[date]) -> Iterator[tuple[date, date]]:
    """Yield the stretches from `first` to `last` (None: still open), cut FORGOTTEN_AFTER into any longer silence."""
    ends = [] if last is None else [last]
    days = sorted({first, *ends, *(day for day in seen if day > first and (last is None or day < last))})
    begin = first
    for day, following in pairwise(days):
        if following - day > FORGOTTEN_AFTER:
            yield begin, day + FORGOTTEN_AFTER
            begin = following
    yield begin, last or days[-1] + FORGOTTEN_AFTER


def efforts(
    activities: Iterable[Activity],
    spans: Iterable[InProgress],
    capacity: Mapping[tuple[int, date], float],
    first: date,
    last: date,
    weights: Weights,
) -> dict[tuple[date, int, int], float]:
    """Estimate person-days by (day, person, item) from `first` to `last`. `capacity` is by (person, day); a missing day expects
    no work.

    Activities and spans of the four weeks before and the week after serve as evidence.
    """
    given = [(person, day, item, trace, hours or 0.0) for person, day, item, trace, hours in activities]
    acts, held = sorted(spread_over_days(given, capacity, HOURS_A_DAY), key=itemgetter(0)), sorted(spans)
    people = sorted({act[0] for act in acts} | {person for person, _ in capacity})
    found: dict[tuple[date, int, int], float] = {}
    for n in range(0, len(people), _PEOPLE_AT_ONCE):
        some = frozenset(people[n : n + _PEOPLE_AT_ONCE])
        table = candidates(
            [(p, day.toordinal(), item, trace, hours) for p, day, item, trace, hours in acts if p in some],
            [(s.person, s.item, s.first.toordinal(), s.last.toordinal()) for s in held if s.person in some],
            {(p, day.toordinal()): days for (p, day), days in capacity.items() if p in some},
            first.toordinal(),
            last.toordinal(),
        )
        days = share_out(table, likelihoods(table, weights))
        keep = days > _SMALLEST
        rows = zip(
            table.day[keep].tolist(),
            table.person[keep].tolist(),
            table.item[keep].tolist(),
            days[keep].tolist(),
            strict=True,
        )
        found |= {(date.fromordinal(day), person, item): value for day, person, item, value in rows}
    return found


def share_out(table: Candidates, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each candidate's person-days: its stated hours, plus its share of the rest of the person's day.

    A day's sum is at most its capacity, or the hours stated if these are more (on a day off, for example), up to one day.
    """
    stated = table.hours / HOURS_A_DAY
    total = np.bincount(table.at, weights=stated, minlength=len(table.capacity))
    capacity = np.where(total > 0, np.maximum(table.capacity, np.minimum(1.0, total)), table.capacity)
    scale = np.where(total > capacity, capacity / np.maximum(total, 1e-12), 1.0)
    # A day off contains only stated hours.
    rest = np.where(table.capacity > 0, np.maximum(table.capacity - total, 0.0), 0.0)
    found: NDArray[np.float64] = stated * scale[table.at] + rest[table.at] * shares
    return found

"""A person's day is one day: traces and times in progress to person-days, never more than the day's capacity.

Stated hours come first, as stated. The rest of the day is shared out among what the person may have been at, in proportion to
how likely that is (likelihood.py), with a part for what no tool shows. docs/effort.md gives the reasons and the figures.
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
from pipeline.effort.stated import laid_out
from pipeline.effort.trace import Trace

HOURS_A_DAY = 8.0
FORGOTTEN_AFTER = timedelta(days=180)
"""An item in progress on which nothing happened for longer is out of everybody's mind. How much less likely work on it
becomes until then is learned."""
_PEOPLE_AT_ONCE = 200
_SMALLEST = 1e-6


class Activity(NamedTuple):
    """Something a person did on an item on a day (of their own time zone). `hours` where the source states them."""

    person: int
    day: date
    item: int
    trace: Trace
    hours: float | None = None


class InProgress(NamedTuple):
    """An item was in progress and assigned to a person, from `first` to `last`, both included."""

    person: int
    item: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A transition (`to` a state) or an assignment (`to` a person, None for nobody) of an item. `of_many`: part of a mass."""

    at: datetime
    kind: str
    to: object
    of_many: bool = False


class Begin(NamedTuple):
    """What an item was when it was created: its state, and whom it was assigned to. `by_others`: not by their own hand, as in an
    import."""

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
    """(person, first day, last day) of the times an item was in progress with somebody.

    `assignee` is the present one; who it was before follows from the assignments, or is said by `begin`. What moves to a state
    that cannot be looked up is worked on unless it was done. `seen` are the days on which anything
    happened on the item: where it was left alone for longer than FORGOTTEN_AFTER it was not in progress, whether or not
    somebody closed it later. What a mass put in progress, or somebody who created it for another, is so from the first of the
    days `touched` on (on which it was touched by itself; None: those seen), or a week before it.
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
        # What was believed is not in doubt because a mass moves it on.
        doubtful, since = change.of_many and (person != before or (doubtful and start is None)), day
    return spans


def _believed(since: date, until: date | None, touched: Sequence[date]) -> date | None:
    """From when on what a mass put in progress is taken for it: a week before somebody touched it, at most."""
    first = next((day for day in touched if day >= since and (until is None or day <= until)), None)
    return None if first is None else max(since, first - timedelta(days=AHEAD))


def _remembered(first: date, last: date | None, seen: Collection[date]) -> Iterator[tuple[date, date]]:
    """The stretches from `first` to `last` (None: still open) without what lies beyond FORGOTTEN_AFTER of silence."""
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
    """Person-days by (day, person, item) from `first` to `last`. `capacity` by (person, day), none meaning no work expected.

    What is given of the four weeks before and the week after counts as evidence.
    """
    given = [(person, day, item, trace, hours or 0.0) for person, day, item, trace, hours in activities]
    acts, held = sorted(laid_out(given, capacity, HOURS_A_DAY), key=itemgetter(0)), sorted(spans)
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
    """Person-days of each candidate: the stated hours, and its share of the rest of the person's day.

    The sum of a day is at most its capacity, or where more hours were stated on a day off, these hours up to one day.
    """
    stated = table.hours / HOURS_A_DAY
    total = np.bincount(table.at, weights=stated, minlength=len(table.capacity))
    capacity = np.where(total > 0, np.maximum(table.capacity, np.minimum(1.0, total)), table.capacity)
    scale = np.where(total > capacity, capacity / np.maximum(total, 1e-12), 1.0)
    # Nothing but what was stated is expected of a day off.
    rest = np.where(table.capacity > 0, np.maximum(table.capacity - total, 0.0), 0.0)
    found: NDArray[np.float64] = stated * scale[table.at] + rest[table.at] * shares
    return found

"""A person's day is one day: activity to person-days, never more than the day's capacity.

In this order: explicit hours (worklogs, calls, meetings) as stated; light traces (messages, comments, mails) at a few
minutes each; the rest of the day to the issues in progress that are assigned to the person. Only where nothing is in
progress, the rest goes to what left traces, and only as far as the traces carry: an hour of them fills a day. So a
chatty channel cannot outweigh a quiet engineer. docs/shares.md gives the reasons.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from connectors.base import SignalKind, State

HOURS_A_DAY = 8.0
MINUTES: dict[str, float] = {
    "created": 15, "transition": 10, "assignment": 5, "comment": 20, "edit": 15, "message": 10, "email": 15, "note": 10,
    "task": 20, "stage": 10, "call": 15, "meeting": 30, "worklog": 0,
}  # fmt: skip
MOST_LIGHT_MINUTES = 60.0
"""Of one person on one item and day: two hundred messages about one ticket are an hour, not four days."""
FILLING_MINUTES = 60.0
IDLE_AFTER = timedelta(days=30)
"""An issue in progress without any activity for longer is forgotten, not worked on (DX counts alike)."""
ABSENT_AFTER = 4
"""So many working days in a row without any trace are an absence, not quiet work."""


class Activity(NamedTuple):
    """Something a person did on an item on a day (of their own time zone). `hours` where the source states them."""

    person: int
    day: date
    item: int
    kind: str
    hours: float | None = None


class InProgress(NamedTuple):
    """An item was in progress and assigned to a person, from `first` to `last`, both included."""

    person: int
    item: int
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A transition (`to` a category) or an assignment (`to` a person, None for nobody) of an item."""

    at: datetime
    kind: str
    to: object


class Begin(NamedTuple):
    """What an item was when it was created: its state, and whom it was assigned to."""

    state: str
    person: object = None


def split_day(
    capacity: float, explicit: Mapping[int, float], light: Mapping[int, float], in_progress: Iterable[int]
) -> dict[int, float]:
    """Person-days by item of one person's day.

    `explicit` hours and `light` minutes by item. The sum is at most the capacity, or where more hours were stated on
    a day off, these hours up to one day.
    """
    stated = {item: hours / HOURS_A_DAY for item, hours in explicit.items() if hours > 0}
    total = sum(stated.values())
    capacity = max(capacity, min(1.0, total)) if total else capacity
    if capacity <= 0:
        return {}
    if total >= capacity:
        return {item: scaled for item, days in stated.items() if (scaled := days * capacity / total) > 0}
    effort: dict[int, float] = defaultdict(float, stated)
    rest = capacity - total
    traces = {item: min(minutes, MOST_LIGHT_MINUTES) for item, minutes in light.items() if minutes > 0}
    traced = sum(traces.values())
    working = sorted(set(in_progress))
    if working:
        days = min(rest, traced / 60 / HOURS_A_DAY)
        for item, minutes in traces.items():
            effort[item] += days * minutes / traced
        for item in working:
            effort[item] += (rest - days) / len(working)
    else:
        weights = {item: traces.get(item, 0.0) + 60 * explicit.get(item, 0.0) for item in {*traces, *stated}}
        weight = sum(weights.values())
        filled = rest * min(1.0, weight / FILLING_MINUTES)
        for item, part in weights.items():
            effort[item] += filled * part / weight
    return {item: days for item, days in effort.items() if days > 0}


def in_progress(
    changes: Sequence[StatusChange],
    assignee: object,
    created: date,
    last_activity: date,
    begin: Begin | None = None,
) -> list[tuple[object, date, date]]:
    """(person, first day, last day) of the times an item was in progress with somebody.

    `assignee` is the present one; who it was before follows from the assignments, or is said by `begin`. The end is at
    most IDLE_AFTER after the last activity. What moves to a state that cannot be looked up is worked on unless it was done.
    """
    ordered = sorted(changes, key=lambda change: change.at)
    first = next((change for change in ordered if change.kind == SignalKind.ASSIGNMENT), None)
    person: object = assignee if first is None else None
    state, since = State.TODO if begin is None else begin.state, created
    person = person if begin is None else begin.person
    active = state == State.DOING
    spans: list[tuple[object, date, date]] = []
    for change in ordered:
        day = change.at.date()
        if active and person is not None and since <= day:
            spans.append((person, since, day))
        if change.kind == SignalKind.ASSIGNMENT:
            person = change.to
        else:
            active = change.to == State.DOING or (change.to == State.UNKNOWN and state != State.DONE)
            state = str(change.to)
        since = day
    if active and person is not None:
        spans.append((person, since, max(since, last_activity + IDLE_AFTER)))
    return spans


def absences(workdays: Sequence[date], active: frozenset[date]) -> frozenset[date]:
    """Working days that lie in a run of ABSENT_AFTER or more without a trace."""
    found: set[date] = set()
    run: list[date] = []
    for day in [*workdays, None]:
        if day is not None and day not in active:
            run.append(day)
            continue
        if len(run) >= ABSENT_AFTER:
            found.update(run)
        run = []
    return frozenset(found)


def efforts(
    activities: Iterable[Activity], spans: Iterable[InProgress], capacity: Mapping[tuple[int, date], float], last: date,
    first: date = date.min,
) -> dict[tuple[date, int, int], float]:  # fmt: skip
    """Person-days by (day, person, item) from `first` to `last`. `capacity` by (person, day), none meaning no work expected.

    The days around, as far as given, tell who was absent.
    """
    explicit: dict[tuple[int, date], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    light: dict[tuple[int, date], dict[int, float]] = defaultdict(lambda: defaultdict(float))
    active: dict[int, set[date]] = defaultdict(set)
    for one in activities:
        active[one.person].add(one.day)
        if not first <= one.day <= last:
            continue
        if one.hours:
            explicit[one.person, one.day][one.item] += one.hours
        else:
            light[one.person, one.day][one.item] += MINUTES.get(one.kind, 10)
    expected: dict[int, list[date]] = defaultdict(list)
    for person, day in capacity:
        expected[person].append(day)
    away = {person: absences(sorted(days), frozenset(active[person])) for person, days in expected.items()}
    working: dict[tuple[int, date], list[int]] = defaultdict(list)
    for span in spans:
        begin = max(span.first, first)
        for n in range((min(span.last, last) - begin).days + 1):
            day = begin + timedelta(days=n)
            if (span.person, day) in capacity and day not in away[span.person]:
                working[span.person, day].append(span.item)
    found: dict[tuple[date, int, int], float] = {}
    for person, day in {*(key for key in capacity if first <= key[1] <= last), *explicit, *light}:
        key = (person, day)
        parts = split_day(capacity.get(key, 0.0), explicit.get(key, {}), light.get(key, {}), working.get(key, ()))
        found |= {(day, person, item): days for item, days in parts.items()}
    return found

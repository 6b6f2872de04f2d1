"""Weekdays as written in okrs.yaml: friday, half friday, friday every 2 weeks from 2026-10-09."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import combinations
from math import gcd
from typing import Any, NamedTuple

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PATTERN = re.compile(r"(half +)?([^\W\d]+)(?: +every +(\d{1,2}) +weeks? +from +(\d{4}-\d{1,2}-\d{1,2}))?")
_HOW = "write friday, half friday, or friday every 2 weeks from 2026-10-09 (a Friday that is worked)"


class WorkingDay(NamedTuple):
    """A working weekday (Monday 0): whole or half, every week or every `every` weeks, `worked` being one such day. The pattern
    extends to days before it."""

    weekday: int
    part: float = 1.0
    every: int = 1
    worked: date | None = None

    def on(self, day: date) -> float:
        """Return the fraction of the day that is worked: 1, 0.5 or 0."""
        if day.weekday() != self.weekday:
            return 0.0
        due = self.worked is None or (day - self.worked).days % (7 * self.every) == 0
        return self.part if due else 0.0

    def meets(self, other: "WorkingDay") -> bool:
        """Return True if both ever fall on the same day."""
        if self.weekday != other.weekday or self.worked is None or other.worked is None:
            return self.weekday == other.weekday
        return (self.worked - other.worked).days % (7 * gcd(self.every, other.every)) == 0

    def __str__(self) -> str:
        text = WEEKDAYS[self.weekday] if self.part == 1 else f"half {WEEKDAYS[self.weekday]}"
        return text if self.worked is None else f"{text} every {self.every} weeks from {self.worked}"


def weekday(value: Any) -> int:
    """Return the number of a weekday (Monday 0), given by its English name or first three letters. Raises ValueError."""
    text = value.strip().lower() if isinstance(value, str) else ""
    found = [n for n, name in enumerate(WEEKDAYS) if len(text) >= 3 and name.startswith(text)]
    if not found:
        raise ValueError(f"{value!r} is not a day of the week; write it as friday")
    return found[0]


def working_day(value: Any) -> WorkingDay:
    """Parse a working day. Raises ValueError."""
    if isinstance(value, WorkingDay):
        return value
    parts = _PATTERN.fullmatch(value.strip().lower()) if isinstance(value, str) else None
    try:
        at = weekday(parts[2]) if parts else None
    except ValueError:
        at = None
    if parts is None or at is None:
        raise ValueError(f"{value!r} is not a day of the week; {_HOW}")
    part = 0.5 if parts[1] else 1.0
    if parts[3] is None:
        return WorkingDay(at, part)
    every = int(parts[3])
    if every < 1:
        raise ValueError(f"{value!r}: the number of weeks must be at least 1; {_HOW}")
    try:
        worked = date(*map(int, parts[4].split("-")))
    except ValueError as error:
        raise ValueError(f"{value!r}: {parts[4]} does not exist: {error}") from None
    if worked.weekday() != at:
        is_a, day = WEEKDAYS[worked.weekday()].capitalize(), WEEKDAYS[at].capitalize()
        raise ValueError(f"{value!r}: {worked} is a {is_a}; write a {day} that is worked")
    return WorkingDay(at, part, every, worked) if every > 1 else WorkingDay(at, part)


def week_of(days: Iterable[WorkingDay]) -> float:
    """Return the average number of working days per week."""
    return sum(one.part / one.every for one in days)


def on(days: Sequence[WorkingDay], day: date) -> float:
    """Return the fraction of a day that is worked, at most 1."""
    return min(1.0, sum(one.on(day) for one in days))


def twice(days: Sequence[WorkingDay]) -> WorkingDay | None:
    """Return the first entry that overlaps an earlier one; None if none does."""
    return next((later for one, later in combinations(days, 2) if one.meets(later)), None)

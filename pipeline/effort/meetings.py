"""Meetings and calls that are told more than once: a person's hour is one hour."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import NamedTuple

from connectors.base import ItemKind, SignalKind

TOGETHER = (SignalKind.MEETING, SignalKind.CALL)


class Together(NamedTuple):
    """A meeting or call in somebody's time, by its place in a list; `of_kind` is the kind of its item."""

    place: int
    person: int
    at: datetime
    hours: float
    item: int
    of_kind: str


def told_again(meetings: Sequence[Together]) -> set[int]:
    """Places of those that others tell already: each attendee's calendar brings one into a CRM, and what hangs on a deal there
    stands in a calendar, too, as a meeting and no more. Those at midnight in UTC say only their day, so that two are two."""
    found: set[int] = set()
    held: set[tuple[int, int, datetime, float]] = set()
    on_others = {(one.person, one.at) for one in meetings if one.of_kind != ItemKind.MEETING}
    for one in meetings:
        key = (one.person, one.item, one.at, one.hours)
        if one.at.astimezone(UTC).time() == time.min:
            continue
        if key in held or (one.of_kind == ItemKind.MEETING and (one.person, one.at) in on_others):
            found.add(one.place)
        held.add(key)
    return found

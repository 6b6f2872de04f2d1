"""Duplicate meetings and calls, so that a person's hour counts once."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import NamedTuple

from connectors.base import ItemKind, SignalKind

TOGETHER = (SignalKind.MEETING, SignalKind.CALL)


class Together(NamedTuple):
    """A person's meeting or call, with its index in a list; `of_kind` is the kind of its item."""

    place: int
    person: int
    at: datetime
    hours: float
    item: int
    of_kind: str


def duplicates(meetings: Sequence[Together]) -> set[int]:
    """Return the indices of duplicates: each attendee's calendar may add the meeting to a CRM, and a meeting on a deal may also
    be in a calendar as a plain meeting. Those at midnight UTC only know their day, so they are never duplicates."""
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

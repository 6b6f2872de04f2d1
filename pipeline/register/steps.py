"""The schema of steps that must be stable: which cases follow which path, by which events of the sources, within what time.

A *path* takes a *case* (a deal, an issue) through its *steps*; each step is one event with a time limit.
"""

import re
from dataclasses import dataclass
from datetime import time
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    ConfigDict,
    Field,
    WrapValidator,
)

from pipeline.register.entry import Day, Entry, Name, Names
from pipeline.register.planned import as_stored

WAYS = ("status", "state", "field", "happens", "linked", "created")
"""The kinds of condition; an event has exactly one."""
REPLY = "reply"
SAID = ("comment", "message", "note", "email", "review")
"""What counts as a reply."""
HAPPENS = (REPLY, *SAID, "call", "meeting", "task", "worklog", "commit")
BEGIN, END = "begin", "end"
UNITS = {
    "minute": 1 / 60,
    "hour": 1.0,
    "day": 24.0,
    "week": 168.0,
    "working hour": 1.0,
    "working day": 0.0,  # depends on the path's working hours
}
_WITHIN = re.compile(r"(\d+(?:[.,]\d+)?)\s*(working\s+)?(minute|hour|day|week)s?", re.IGNORECASE)
_HOW = 'write a time such as "24 working hours", "3 days" or "2 working days"'
_HOURS = re.compile(r"(\d{1,2})(?::(\d\d))?\s*(?:-|to|–)\s*(\d{1,2})(?::(\d\d))?")


@dataclass(frozen=True, slots=True)
class Within:
    """The time limit of a step: hours, by the clock or in working hours; or whole working days."""

    amount: float
    unit: str

    @property
    def working(self) -> bool:
        """Return True if only working hours count."""
        return self.unit.startswith("working")


def within(text: str) -> Within:
    """Parse a time limit. Raises ValueError."""
    found = _WITHIN.fullmatch(" ".join(str(text).split()))
    unit = f"{'working ' if found and found[2] else ''}{found[3].lower() if found else ''}"
    if found is None or unit not in UNITS:
        raise ValueError(f"{text!r} is not a valid time limit; {_HOW}")
    amount = float(found[1].replace(",", "."))
    if not 0 < amount <= 10_000:
        raise ValueError(f"{text!r} is not a valid time limit; {_HOW}")
    return Within(amount, unit)


def working_hours(text: str) -> tuple[time, time]:
    """Parse the start and end of a working day, such as 9-17 or 08:30-17:00. Raises ValueError."""
    found = _HOURS.fullmatch(str(text).strip())
    message = (
        f"{text!r} is not a range of working hours; write 9-17 or 08:30-17:00. Around the clock none are needed: "
        "`within: 4 hours` counts every hour, `within: 4 working hours` only these"
    )
    if found is None:
        raise ValueError(message)
    try:
        first, last = time(int(found[1]), int(found[2] or 0)), time(int(found[3]), int(found[4] or 0))
    except ValueError:
        raise ValueError(message) from None
    if last <= first:
        raise ValueError(message)
    return first, last


def _checked_within(value: str | None) -> str | None:
    if value is not None:
        within(value)
    return value


def _checked_hours(value: str) -> str:
    working_hours(value)
    return value


class _Entry(Entry):
    model_config = ConfigDict(populate_by_name=True)


class Place(_Entry):
    """Where items are: by source, container (a project, a pipeline, a channel) and kind."""

    source: Name | None = None
    container: Names = ()
    kind: Names = ()


class Event(_Entry):
    """Something that the sources report about a case; one of WAYS.

    `by` is the team of whoever did it; `on`: it happens on an item linked to the case, at that place. `once`: a second occurrence
    is a deviation, which is the default for everything but messages, calls, meetings and work.
    """

    status: Names = Field((), validation_alias=AliasChoices("status", "stage"))
    state: Literal["todo", "doing", "done"] | None = None
    field: Names = ()
    happens: Names = ()
    linked: Place | None = None
    created: bool | None = None
    by: Name | None = None
    on: Place | None = None
    once: bool | None = None

    @property
    def is_once(self) -> bool:
        """Return True if a second occurrence is a deviation."""
        return not self.happens if self.once is None else self.once


class Step(Event):
    """A step of a path. `within` is its time limit, counted from `from` (an earlier step or `begin`), by default the step before.

    `order: any` allows it before the steps listed above it.
    """

    key: Name
    title: Name
    within: Annotated[str | None, AfterValidator(_checked_within)] = None
    since: Name | None = Field(None, alias="from")
    order: Literal["any", "written"] = "written"

    @property
    def limit(self) -> Within | None:
        """Return the time limit."""
        return within(self.within) if self.within else None


class Exemption(_Entry):
    """Cases that are meant to take another way, with the reason: by a label, a status or stage they reached, a field that is
    filled, their key or id, or their container."""

    label: Names = ()
    status: Names = Field((), validation_alias=AliasChoices("status", "stage"))
    item: Names = ()
    container: Names = ()
    field: Names = ()
    because: str = ""


class Path(_Entry):
    """Steps that every case of a kind goes through, starting at `begin`. `team` owns it; `end` is the event it leads to."""

    key: Name
    title: Name
    team: Name | None = None
    case: Place
    begin: Event
    steps: tuple[Step, ...] = Field(alias="path", min_length=1)
    end: Event | None = None
    hours: Annotated[str, AfterValidator(_checked_hours)] = "9-17"
    since: Day | None = None
    exempt: tuple[Exemption, ...] = Field((), alias="except")


Paths = Annotated[tuple[Path, ...] | None, WrapValidator(as_stored)]
"""Type of the register's field."""

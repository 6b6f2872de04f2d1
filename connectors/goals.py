"""Goals that a source holds as items of a certain type: the objectives, and below each its key results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal as its source says it. `parent` is the id of the goal above it, where that is one of those that are read.

    `owner` is an address, where the source shows it; `owned` that there is somebody. `done` is by the state, not by its name.
    """

    id: str
    key: str
    title: str
    parent: str | None = None
    owner: str | None = None
    owned: bool = False
    due: str | None = None
    done: bool = False
    says: Mapping[str, str] = field(default_factory=dict)
    """Of the fields that were asked for, what it says of its priority, plan, start or target, as a table would."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which goals: those of a type, narrowed by the source's own query; below them those of another type, or all.

    `known` are keys that the register names; `fields` names the source's fields for priority, plan, start and target.
    """

    type: str
    below: str = ""
    query: str = ""
    known: Sequence[str] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """The goals; and of the known keys those that were deleted, those that are there but none of these goals, and those that
    have another key by now."""

    goals: Sequence[Goal]
    gone: Sequence[str] = ()
    elsewhere: Sequence[str] = ()
    moved: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class KeepsGoals(Protocol):
    """A source that keeps goals: its connector has this besides."""

    def goals(self, wanted: Wanted) -> Found:
        """Return every wanted goal as it is now. Raises SourceError."""
        ...

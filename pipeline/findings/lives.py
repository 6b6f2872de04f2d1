"""What happened on items, as findings read it: who in which team, when, and which other items that names. No words, no names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from connectors.base import SignalKind, State
from pipeline.findings.work import Interval
from pipeline.share.wilson import wilson

SAID = frozenset({SignalKind.COMMENT, SignalKind.MESSAGE, SignalKind.REVIEW, SignalKind.EMAIL, SignalKind.NOTE})
"""Kinds of which each is a message."""

PROGRAM = -1_000_000_000
"""The person of what a bot did."""


class Event(NamedTuple):
    """One thing that happened. `person` is below zero for bots (PROGRAM), for people who are nobody's here and for those who are
    forgotten. `names` are items that it names; `to` is the state that a transition leads to."""

    at: datetime
    kind: str
    person: int
    team: str = ""
    names: tuple[int, ...] = ()
    to: str = ""


@dataclass(frozen=True, slots=True)
class Life:
    """An item and what happened on it in the last weeks, in order.

    `team` is whose it is: its owner's, else that of most who work where it lies. `asks` where its words hold a question or ask
    for approval; `serves` is the probability that it serves any key result, `days` what was worked on it.
    """

    item: int
    team: str
    made: datetime
    events: tuple[Event, ...] = ()
    names: tuple[int, ...] = ()
    owned: bool = False
    stated: bool = False
    state: str = State.UNKNOWN
    asks: bool = False
    automated: bool = False
    serves: float = 0.0
    days: float = 0.0

    def people(self) -> set[int]:
        """Whoever of the company did anything on it."""
        return {event.person for event in self.events if event.person >= 0}

    def done_at(self) -> datetime | None:
        """When it was last done; None where it is open."""
        if self.state != State.DONE:
            return None
        ends = [event.at for event in self.events if event.kind == SignalKind.TRANSITION and event.to == State.DONE]
        return max(ends, default=self.made)


def within(at: datetime, last: date, days: int, before: int = 0) -> bool:
    """Return True if it was in the `days` days that end `before` days before `last`."""
    end = last - timedelta(days=before)
    return end - timedelta(days=days) < at.date() <= end


def part(count: int, of: int) -> Interval:
    """A part of so many with its 90 % interval."""
    return Interval(count / of if of > 0 else 0.0, *wilson(count, of))


def asked(lives: Sequence[Life]) -> Iterator[tuple[Life, Life, datetime, int, str]]:
    """Each first naming of another team's item: who waits, for what, since when, who named it and of which team."""
    by_item = {life.item: life for life in lives}
    for life in lives:
        known: set[int] = set()
        first = next((event for event in life.events if event.person >= 0), None)
        if first is not None:
            for named in life.names:
                if named in by_item and named != life.item and named not in known:
                    known.add(named)
                    yield life, by_item[named], max(life.made, by_item[named].made), first.person, first.team
        for event in life.events:
            for named in event.names:
                if named in by_item and named != life.item and named not in known:
                    known.add(named)
                    yield life, by_item[named], event.at, event.person, event.team

"""Events on items as findings use them: who, in which team, when, and which other items they refer to. No words, no names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from connectors.base import SignalKind, State
from pipeline.findings.work import Interval
from pipeline.share.wilson import wilson

SAID = frozenset({SignalKind.COMMENT, SignalKind.MESSAGE, SignalKind.REVIEW, SignalKind.EMAIL, SignalKind.NOTE})
"""Kinds that count as a message."""

PROGRAM = -1_000_000_000
"""Person id of everything done by a bot."""


class Event(NamedTuple):
    """One event. `person` is negative for bots (PROGRAM), for people outside the company and for forgotten ones. `names` are the
    items it refers to; `to` is the state that a transition leads to."""

    at: datetime
    kind: str
    person: int
    team: str = ""
    names: tuple[int, ...] = ()
    to: str = ""


@dataclass(frozen=True, slots=True)
class Life:
    """An item and its events of the last weeks, in order.

    `team` is its owner's, else that of most people who work in its container. `asks`: its words contain a question or ask for
    approval; `serves` is the probability that it serves any key result, `days` the person-days on it.
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
        """Return everybody in the company who did anything on it."""
        return {event.person for event in self.events if event.person >= 0}

    def done_at(self) -> datetime | None:
        """Return when it was last completed; None if it is open."""
        if self.state != State.DONE:
            return None
        ends = [event.at for event in self.events if event.kind == SignalKind.TRANSITION and event.to == State.DONE]
        return max(ends, default=self.made)


def within(at: datetime, last: date, days: int, before: int = 0) -> bool:
    """Return True if it lies in the `days` days that end `before` days before `last`."""
    end = last - timedelta(days=before)
    return end - timedelta(days=days) < at.date() <= end


def part(count: int, of: int) -> Interval:
    """Return a proportion with its 90 % interval (Wilson)."""
    return Interval(count / of if of > 0 else 0.0, *wilson(count, of))


def asked(lives: Sequence[Life]) -> Iterator[tuple[Life, Life, datetime, int, str]]:
    """Yield each first reference to another item: who waits, for what, since when, who referred to it, and their team."""
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

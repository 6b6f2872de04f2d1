"""When people are expected to work: by the register that held on the day, so a new one changes nothing before it.

Who goes to half time or moves to another country does so from the new register on. What counts on a day is what the register said
that held then; of somebody it did not list, the next one that does, else the last before. Closed days have dates of their own: a
newer register may add one in the past.
"""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import TypeVar

from models import Person
from pipeline.register.document import Register
from pipeline.register.membership import Teams, renamed
from pipeline.register.schema import Member
from pipeline.register.workdays import Workdays

T = TypeVar("T")
History = Sequence[tuple[date, Register]]
"""Registers with the day from which each holds, oldest first."""


class _Terms:
    """What each register says of people and teams, and which days it held on."""

    def __init__(self, history: History, first: date, last: date) -> None:
        now = renamed(history)
        self.members = [
            {now.get(email, email): m for t in one.teams for m in t.members for email in [m.email.lower()]}
            for _, one in history
        ]
        self.weekends = [{t.key: frozenset(t.weekend) for t in one.teams} for _, one in history]
        closed = [{day for _, later in history[n:] for day in later.calendar.closed} for n in range(len(history))]
        calendars = [
            Workdays(one.calendar.model_copy(update={"closed": tuple(some)}))
            for (_, one), some in zip(history, closed, strict=True)
        ]
        ends = [at - timedelta(days=1) for at, _ in history[1:]] + [last]
        spans = [
            [date.fromordinal(n) for n in range(max(at, first).toordinal(), min(end, last).toordinal() + 1)]
            for (at, _), end in zip(history, ends, strict=True)
        ]
        self.held = [number for number, span in enumerate(spans) if span]

        @cache  # calendars are few, people are many
        def workdays(number: int, country: str | None, off: frozenset[int] | None) -> list[date]:
            return [day for day in spans[number] if calendars[number].is_workday(day, country, off)]

        self.workdays = workdays

    def member(self, number: int, email: str) -> Member | None:
        """What is known of somebody while this register held."""
        return _nearest(self.members, number, email)

    def weekend(self, number: int, team: str) -> frozenset[int] | None:
        """A team's own weekend, None where it has the calendar's."""
        return _nearest(self.weekends, number, team) or None


def _nearest(rows: Sequence[Mapping[str, T]], number: int, key: str) -> T | None:
    later, before = range(number, len(rows)), range(number - 1, -1, -1)
    return next((rows[n][key] for n in (*later, *before) if key in rows[n]), None)


def load_capacity(
    history: History, people: Mapping[int, Person], teams: Teams, first: date, last: date
) -> dict[tuple[int, date], float]:
    """By (person, day), on the days on which they were in a team; part time is spread over the week unless its days are known."""
    terms = _Terms(history, first, last)
    found: dict[tuple[int, date], float] = {}
    for id_, person in people.items():
        ever = teams.ever(id_)
        for number in terms.held:
            member = terms.member(number, person.email or "")
            country, days = (member.country, frozenset(member.days)) if member else (None, frozenset[int]())
            part = member.part if member else person.capacity
            amount = min(1.0, part * 5 / len(days)) if days else part
            for team in ever:
                off = frozenset(range(7)) - days if days else terms.weekend(number, team)
                for day in terms.workdays(number, country, off):
                    if teams.on(id_, day) == team:
                        found[id_, day] = amount
    return found

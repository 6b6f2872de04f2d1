"""When people are expected to work, by the register in force on each day, so a new register does not change earlier days.

Somebody who switches to half time or moves to another country does so from the new register on. A day is governed by the register
in force on it; for a person it does not list, by the next one that does, else the last one before. Closed days have dates of
their own, so a newer register may add one in the past.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import TypeVar

from models import Person
from pipeline.register.document import Register
from pipeline.register.membership import Teams
from pipeline.register.schema import Calendar, Member
from pipeline.register.stays import entry_on, renamed
from pipeline.register.workdays import Workdays

K = TypeVar("K")
T = TypeVar("T")
History = Sequence[tuple[date, Register]]
"""Registers with the day from which each is in force, oldest first."""


class _Terms:
    """Each register's terms for people and teams, and the days on which it was in force."""

    def __init__(self, history: History, first: date, last: date) -> None:
        now = renamed(history)
        self.everywhere: list[dict[str, list[Member]]] = [defaultdict(list) for _ in history]
        self.members: list[dict[tuple[str, str], list[Member]]] = [defaultdict(list) for _ in history]
        for (_, one), rows, anywhere in zip(history, self.members, self.everywhere, strict=True):
            for key, member in ((team.key, member) for team in one.teams for member in team.members):
                email = now.get(member.email.lower(), member.email.lower())
                rows[email, key].append(member)
                anywhere[email].append(member)
        self.weekends = [{t.key: frozenset(t.weekend) for t in one.teams} for _, one in history]
        closed = [{day for _, later in history[n:] for day in later.calendar.closed} for n in range(len(history))]
        self.half = [
            {day for _, later in history[n:] for day in later.calendar.half_closed} for n in range(len(history))
        ]
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
        def workdays(number: int, place: tuple[str | None, str | None], off: frozenset[int] | None) -> list[date]:
            country, part = place
            return [day for day in spans[number] if calendars[number].is_workday(day, country, off, part)]

        self.workdays = workdays

    def entries(self, number: int, email: str, team: str) -> list[Member]:
        """Return a person's entries in a team while this register was in force, plus dated entries from later registers that list
        them there more than once."""
        known = _nearest(self.members, number, (email, team)) or (_nearest(self.everywhere, number, email) or [])[-1:]
        later = (rows.get((email, team), []) for rows in self.members[number + 1 :])
        return [*known, *(one for some in later if len(some) > 1 for one in some)]

    def open_for(self, number: int, day: date) -> float:
        """Return the fraction of a day that the company works: 1 or 0.5."""
        return 0.5 if day in self.half[number] else 1.0

    def weekend(self, number: int, team: str) -> frozenset[int] | None:
        """Return a team's own weekend; None if it uses the calendar's."""
        return _nearest(self.weekends, number, team) or None


def _nearest(rows: Sequence[Mapping[K, T]], number: int, key: K) -> T | None:
    later, before = range(number, len(rows)), range(number - 1, -1, -1)
    return next((rows[n][key] for n in (*later, *before) if key in rows[n]), None)


def made_up_days(history: History, since: date) -> list[str]:
    """Return, as text, working weekend days in the countries of the registers, and subdivisions with a different weekend."""
    found = set()
    for _, one in history:
        calendar, years = Workdays(one.calendar), range(since.year, one.period.end.year + 1)
        for country in {one.calendar.country, *(member.country for team in one.teams for member in team.members)}:
            found |= {f"{country} {day}" for year in years for day in calendar.made_up(year, country)}
        places = {(member.country, member.subdivision) for team in one.teams for member in team.members}
        for country, part in {(one.calendar.country, one.calendar.subdivision), *places}:
            whole = Workdays(Calendar(country=country or one.calendar.country))
            if part and any(whole.weekend(year) != whole.weekend(year, None, part) for year in years):
                found.add(f"{country or one.calendar.country} {part}")
    return sorted(found)


def load_capacity(
    history: History, people: Mapping[int, Person], teams: Teams, first: date, last: date
) -> dict[tuple[int, date], float]:
    """Return capacity by (person, day) on days in a team; part time is spread over the week unless its days are known."""
    terms = _Terms(history, first, last)
    found: dict[tuple[int, date], float] = {}
    for id_, person in people.items():
        for number in terms.held:
            for team in teams.ever(id_):
                entries = terms.entries(number, person.email or "", team)
                each: Iterable[Member | None] = dict.fromkeys(entries) if entries else [None]
                for member in each:
                    off = terms.weekend(number, team) if member is None or member.never is None else member.never
                    place = (member.country, member.subdivision) if member else (None, None)
                    for day in terms.workdays(number, place, off):
                        amount = (member.of_day(day) if member else person.capacity) * terms.open_for(number, day)
                        held = amount > 0 and teams.on(id_, day) == team
                        if held and (len(entries) < 2 or entry_on(entries, day) == member):
                            found[id_, day] = amount
    return found

"""Who is in which team on which day according to the registers: a new register changes nothing before it was loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from pipeline.register.schema import Member, Register

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stay:
    """Days in a team, both ends included; `last` is None while the person is in it."""

    team: str
    first: date
    last: date | None = None

    def holds(self, day: date) -> bool:
        """Return True if the stay includes the day."""
        return self.first <= day and (self.last is None or day <= self.last)


def stays(plans: Sequence[tuple[date, Register]]) -> dict[str, list[Stay]]:
    """Return the stays by address, in order. `plans` are registers, oldest first, with the day from which each holds.

    An entry with `from` or `to` is authoritative for all days; one without holds while its register does. Where registers
    disagree about a day, the newer one wins for days from which it holds and for everything it dates.
    """
    return {email: list(_joined(_pieces(plans, listings))) for email, listings in _listings(plans).items()}


def spells(register: Register) -> Iterator[tuple[str, str, Member, date, date]]:
    """Yield who is in which team by which entry of one register: address, team, entry, first and last day, both included.

    Nobody has two entries for one day.
    """
    for email, listings in _listings([(date.min, register)]).items():
        marks = _marks([date.min], listings)
        for first, after in zip(marks, [*marks[1:], None], strict=True):
            entry = _entry_on(first, [date.min], listings)
            if entry is not None:
                yield email, *entry, first, after - _DAY if after else date.max


def entry_on(entries: Sequence[Member], day: date) -> Member | None:
    """Return the entry that covers a day, of one person's entries in a team; the last entry if none does."""
    held = [one for one in entries if (not one.first or one.first <= day) and (not one.last or day <= one.last)]
    return next(reversed(held or list(entries)), None)


_Listings = list[list[tuple[str, Member]]]
"""By register, the teams that list a person, with the entry."""


def _listings(plans: Sequence[tuple[date, Register]]) -> dict[str, _Listings]:
    now = renamed(plans)
    found: dict[str, _Listings] = {}
    for number, (_, register) in enumerate(plans):
        for team in register.teams:
            for member in team.members:
                email = member.email.lower()
                found.setdefault(now.get(email, email), [[] for _ in plans])[number].append((team.key, member))
    return found


def renamed(plans: Sequence[tuple[date, Register]]) -> dict[str, str]:
    """Map each former address to the present one, according to any of these registers.

    An address listed by the newest register itself belongs to its own member.
    """
    found: dict[str, str] = {}
    for _, register in plans:
        for member in (one for team in register.teams for one in team.members):
            email = member.email.lower()
            new = {old.lower(): email for old in member.formerly}
            found = {old: new.get(then, then) for old, then in found.items()} | new
    listed = {one.email.lower() for team in plans[-1][1].teams for one in team.members} if plans else set()
    return {old: email for old, email in found.items() if old not in listed}


def _pieces(plans: Sequence[tuple[date, Register]], listings: _Listings) -> Iterator[tuple[date, str | None]]:
    """Yield (first day, team) for each stretch of days without a change."""
    begins = [at for at, _ in plans]
    for day in _marks(begins, listings):
        entry = _entry_on(day, begins, listings)
        yield day, entry and entry[0]


def _marks(begins: Sequence[date], listings: _Listings) -> list[date]:
    """Return the days on which something may change, in order."""
    marks = {date.min, *begins}
    for rows in listings:
        marks |= {one.first for _, one in rows if one.first} | {one.last + _DAY for _, one in rows if one.last}
    return sorted(marks)


def _entry_on(day: date, begins: Sequence[date], listings: _Listings) -> tuple[str, Member] | None:
    left: set[str] = set()
    for number in range(len(begins) - 1, -1, -1):
        in_force = day >= begins[number]
        here = [(team, one) for team, one in reversed(listings[number]) if one.last is None or day <= one.last]
        for team, one in here:
            if team not in left and (day >= one.first if one.first is not None else in_force):
                return team, one
        if in_force:
            return None
        # People who return to a team are listed twice: a team counts as left, in older registers, only if no entry of a newer one
        # applied.
        left |= {team for team, one in listings[number] if one.last is not None and day > one.last}
    return None


def _joined(pieces: Iterator[tuple[date, str | None]]) -> Iterator[Stay]:
    """Join consecutive stretches into a person's stays."""
    team, first = None, date.min
    for day, now in pieces:
        if now == team:
            continue
        if team is not None:
            yield Stay(team, first, day - _DAY)
        team, first = now, day
    if team is not None:
        yield Stay(team, first)

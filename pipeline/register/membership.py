"""Who was in which team on which day: a new register changes nothing before it was loaded."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Membership, Person
from pipeline.register.document import Register

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Stay:
    """Days in a team, both ends included; `last` is None while they go on."""

    team: str
    first: date
    last: date | None = None

    def holds(self, day: date) -> bool:
        """Return True if the day is one of them."""
        return self.first <= day and (self.last is None or day <= self.last)


def stays(plans: Sequence[tuple[date, Register]]) -> dict[str, list[Stay]]:
    """By address, the stays in the order of their days. `plans` are registers, oldest first, with the day from which each holds.

    An entry with `from` or `to` says so for all days; one without holds while its register does. Where registers differ about a
    day, the newer one is right about the days from which on it holds, and about what it dates.
    """
    now = renamed(plans)
    entries: dict[str, list[list[tuple[str, date | None, date | None]]]] = {}
    for number, (_, register) in enumerate(plans):
        for team in register.teams:
            for member in team.members:
                email = member.email.lower()
                told = entries.setdefault(now.get(email, email), [[] for _ in plans])
                told[number].append((team.key, member.first, member.last))
    return {email: list(_joined(_pieces(plans, told))) for email, told in entries.items()}


def renamed(plans: Sequence[tuple[date, Register]]) -> dict[str, str]:
    """The address that somebody has now, by each that they had before, as any of these registers says it.

    One that the newest register lists itself is somebody's own.
    """
    found: dict[str, str] = {}
    for _, register in plans:
        for member in (one for team in register.teams for one in team.members):
            email = member.email.lower()
            new = {old.lower(): email for old in member.formerly}
            found = {old: new.get(then, then) for old, then in found.items()} | new
    listed = {one.email.lower() for team in plans[-1][1].teams for one in team.members} if plans else set()
    return {old: email for old, email in found.items() if old not in listed}


def _pieces(
    plans: Sequence[tuple[date, Register]], told: Sequence[Sequence[tuple[str, date | None, date | None]]]
) -> Iterator[tuple[date, str | None]]:
    """(first day, team) of each stretch of days in which nothing changes."""
    begins = [at for at, _ in plans]
    marks = {date.min, *begins}
    for rows in told:
        marks |= {first for _, first, _ in rows if first} | {last + _DAY for _, _, last in rows if last}
    for day in sorted(marks):
        yield day, _team_on(day, begins, told)


def _team_on(
    day: date, begins: Sequence[date], told: Sequence[Sequence[tuple[str, date | None, date | None]]]
) -> str | None:
    left: set[str] = set()
    for number in range(len(begins) - 1, -1, -1):
        in_force = day >= begins[number]
        for team, first, last in reversed(told[number]):
            if last is not None and day > last:
                left.add(team)
            elif team not in left and (day >= first if first is not None else in_force):
                return team
        if in_force:
            return None
    return None


def _joined(pieces: Iterator[tuple[date, str | None]]) -> Iterator[Stay]:
    """Stays of a person, of stretches that follow each other."""
    team, first = None, date.min
    for day, now in pieces:
        if now == team:
            continue
        if team is not None:
            yield Stay(team, first, day - _DAY)
        team, first = now, day
    if team is not None:
        yield Stay(team, first)


class Teams:
    """The team of a person on a day. Who has no membership in the database is in their present team for ever."""

    def __init__(self, present: Mapping[int, str | None], rows: Mapping[int, Sequence[Stay]]) -> None:
        self._present, self._rows = present, rows

    def on(self, person: int, day: date) -> str | None:
        """The team's key, None where they were in none."""
        if person not in self._rows:
            return self._present.get(person)
        return next((stay.team for stay in self._rows[person] if stay.holds(day)), None)

    def ever(self, person: int) -> list[str]:
        """All teams of a person, each once, in the order in which they joined them."""
        if person in self._rows:
            return list(dict.fromkeys(stay.team for stay in self._rows[person]))
        team = self._present.get(person)
        return [team] if team else []

    def fingerprint(self) -> list[tuple[int, str, str, str]]:
        """All of it in an order that does not depend on the database's."""
        dated = [
            (person, one.team, one.first.isoformat(), one.last.isoformat() if one.last else "")
            for person, some in self._rows.items()
            for one in some
        ]
        rest = [(person, team, "", "") for person, team in self._present.items() if team and person not in self._rows]
        return sorted(dated + rest)


def load_teams(session: Session) -> Teams:
    """Everybody's teams."""
    rows: dict[int, list[Stay]] = defaultdict(list)
    for row in session.scalars(select(Membership).order_by(Membership.person_id, Membership.first)):
        rows[row.person_id].append(Stay(row.team, row.first, row.last))
    return Teams(dict(session.execute(select(Person.id, Person.team)).all()), rows)

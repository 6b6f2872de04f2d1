"""Who was in which team on which day, from the database; effort belongs to the team of its day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Date, Select, Subquery, func, literal, select, union_all
from sqlalchemy.orm import Session

from models import Effort, Membership, Person
from pipeline.register.stays import Stay

Asked = TypeVar("Asked", bound=Select[*tuple[Any, ...]])


class Teams:
    """Looks up a person's team on a day. A person without stored memberships is always in their present team."""

    def __init__(self, present: Mapping[int, str | None], rows: Mapping[int, Sequence[Stay]]) -> None:
        self._present, self._rows = present, rows
        self._there = set(present.values())

    def on(self, person: int, day: date) -> str | None:
        """Return the team's key, None if the person was in no team."""
        if person not in self._rows:
            return self._present.get(person)
        return next((stay.team for stay in self._rows[person] if stay.holds(day)), None)

    def near(self, person: int, day: date) -> str | None:
        """Return the team for a person's item last touched on a day: their team of that day, else their last one before it, since
        people leave and their work stays with the team; else their first.

        A team without members has no key results: work of people who moved on from it, as after a renaming, goes to their present
        team.
        """
        rows, now = self._rows.get(person), self._present.get(person)
        if not rows:
            return now
        then = next((stay.team for stay in reversed(rows) if stay.first <= day), rows[0].team)
        return then if then in self._there or now is None else now

    def ever(self, person: int) -> list[str]:
        """Return all teams of a person once each, in joining order."""
        if person in self._rows:
            return list(dict.fromkeys(stay.team for stay in self._rows[person]))
        team = self._present.get(person)
        return [team] if team else []

    def fingerprint(self) -> list[tuple[int, str, str, str]]:
        """Return the whole contents in a deterministic order."""
        dated = [
            (person, one.team, one.first.isoformat(), one.last.isoformat() if one.last else "")
            for person, some in self._rows.items()
            for one in some
        ]
        rest = [(person, team, "", "") for person, team in self._present.items() if team and person not in self._rows]
        return sorted(dated + rest)


def load_teams(session: Session) -> Teams:
    """Load everybody's teams."""
    rows: dict[int, list[Stay]] = defaultdict(list)
    for row in session.scalars(select(Membership).order_by(Membership.person_id, Membership.first)):
        rows[row.person_id].append(Stay(row.team, row.first, row.last))
    return Teams(dict(session.execute(select(Person.id, Person.team)).all()), rows)


def stay_of_effort() -> tuple[Subquery, ColumnElement[bool]]:
    """Return everybody's stays as a subquery (`team`), and the condition to join effort; people without a team match none.

    Equivalent to `Teams.on`. Not the person's present team: earlier work belongs to an earlier team.
    """
    end = literal(date.max, Date())
    dated = select(
        Membership.person_id, Membership.team, Membership.first, func.coalesce(Membership.last, end).label("last")
    )
    always = select(Person.id, Person.team, literal(date.min, Date()), end).where(
        Person.team.is_not(None), Person.id.not_in(select(Membership.person_id))
    )
    stay = union_all(dated, always).subquery("stay")
    return stay, (stay.c.person_id == Effort.person_id) & Effort.day.between(stay.c.first, stay.c.last)


def of_team(query: Asked, team: str) -> Asked:
    """Restrict a query of effort to one team's work."""
    stay, on_its_days = stay_of_effort()
    return query.join(stay, on_its_days).where(stay.c.team == team)

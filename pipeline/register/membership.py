"""Who was in which team on which day, as the database keeps it, and of which team effort is: that of its day."""

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
    """The team of a person on a day. Who has no membership in the database is in their present team for ever."""

    def __init__(self, present: Mapping[int, str | None], rows: Mapping[int, Sequence[Stay]]) -> None:
        self._present, self._rows = present, rows
        self._there = set(present.values())

    def on(self, person: int, day: date) -> str | None:
        """The team's key, None where they were in none."""
        if person not in self._rows:
            return self._present.get(person)
        return next((stay.team for stay in self._rows[person] if stay.holds(day)), None)

    def near(self, person: int, day: date) -> str | None:
        """The team of something that a person worked on, and that was last touched on a day: theirs of that day, else their last
        one before it, since people leave and what they did stays their team's; else their first.

        A team that nobody is in any more has no key results: of who went on from it it is their present one, as where it is only
        called otherwise.
        """
        rows, now = self._rows.get(person), self._present.get(person)
        if not rows:
            return now
        then = next((stay.team for stay in reversed(rows) if stay.first <= day), rows[0].team)
        return then if then in self._there or now is None else now

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


def stay_of_effort() -> tuple[Subquery, ColumnElement[bool]]:
    """Everybody's stays as a table (`team`), and the condition to join effort with it; it holds for none of who was in no team.

    In the terms of `Teams.on`. Not the team that somebody is in today: what they did before they came there is another team's.
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
    """Of a query of effort only what a team did."""
    stay, on_its_days = stay_of_effort()
    return query.join(stay, on_its_days).where(stay.c.team == team)

"""Who was in which team on which day, as the database keeps it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Membership, Person
from pipeline.register.stays import Stay


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

"""Who an account is, and the team that they were in on a day, as findings ask for it: for each of millions of signals."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Account, Person
from pipeline.findings.lives import PROGRAM
from pipeline.register.membership import load_teams

STRANGER = -2
"""The first number of somebody who is nobody of the company's."""


class Who:
    """People by their accounts."""

    def __init__(self, session: Session) -> None:
        query = select(
            Account.source, Account.external_id, Account.bot, Account.person_id, Person.bot, Person.forgotten
        )
        rows = session.execute(query.outerjoin(Person, Person.id == Account.person_id)).all()
        self._person = {
            (source, name): PROGRAM if bot or is_bot else -1 if forgotten else person
            for source, name, bot, person, is_bot, forgotten in rows
        }
        self._teams = load_teams(session)
        self._strangers: dict[tuple[str, str], int] = {}
        self._known: dict[tuple[str, str, date], tuple[int, str]] = {}
        self._during: dict[tuple[str, str | None, date, date], set[str]] = {}

    def of(self, source: str, account: str | None, on: date) -> tuple[int, str]:
        """The person and the team that they were in on a day."""
        if account is None:
            return -1, ""
        known = self._known.get((source, account, on))
        if known is None:  # asked for each signal, of which somebody leaves many a day
            known = self._known[source, account, on] = self._of(source, account, on)
        return known

    def teams(self, source: str, account: str | None) -> Sequence[str]:
        """All teams that they ever were in."""
        person = self._person.get((source, account or ""), -1)
        return self._teams.ever(person) if person is not None and person >= 0 else ()

    def during(self, source: str, account: str | None, first: date, last: date) -> set[str]:
        """The teams that they were in on these days, an empty one where they were in none on some."""
        asked = (source, account, first, last)
        if asked not in self._during:  # asked for each place that somebody works in
            days = range((last - first).days + 1)
            self._during[asked] = {self.of(source, account, first + timedelta(days=n))[1] for n in days}
        return self._during[asked]

    def _of(self, source: str, account: str, on: date) -> tuple[int, str]:
        person = self._person.get((source, account))
        if person is None:
            return self._strangers.setdefault((source, account), STRANGER - len(self._strangers)), ""
        return person, (self._teams.on(person, on) or "") if person >= 0 else ""

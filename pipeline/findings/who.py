"""Resolve accounts to people and their team on a day, cached for millions of signals."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Account, Person
from pipeline.findings.lives import PROGRAM
from pipeline.register.membership import load_teams

STRANGER = -2
"""Number of the first person outside the company; further ones count down."""


class Who:
    """People by account."""

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
        """Return the person and their team on a day."""
        if account is None:
            return -1, ""
        known = self._known.get((source, account, on))
        if known is None:  # called for every signal, of which a person produces many a day
            known = self._known[source, account, on] = self._of(source, account, on)
        return known

    def teams(self, source: str, account: str | None) -> Sequence[str]:
        """Return all teams that the person was ever in."""
        person = self._person.get((source, account or ""), -1)
        return self._teams.ever(person) if person is not None and person >= 0 else ()

    def during(self, source: str, account: str | None, first: date, last: date) -> set[str]:
        """Return the teams the person was in on these days, with "" if they were in none on some."""
        asked = (source, account, first, last)
        if asked not in self._during:  # called for every container the person works in
            days = range((last - first).days + 1)
            self._during[asked] = {self.of(source, account, first + timedelta(days=n))[1] for n in days}
        return self._during[asked]

    def _of(self, source: str, account: str, on: date) -> tuple[int, str]:
        person = self._person.get((source, account))
        if person is None:
            return self._strangers.setdefault((source, account), STRANGER - len(self._strangers)), ""
        return person, (self._teams.on(person, on) or "") if person >= 0 else ""

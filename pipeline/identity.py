"""One person across the sources: by e-mail, else by a name that is unique; teams from the register."""

from collections import Counter, defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Account, Person, Signal
from pipeline.register import Register


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An account that belongs to nobody known, with how much work hangs on it."""

    source: str
    external_id: str
    name: str
    signals: int


def resolve(session: Session, register: Register) -> None:
    """Give every account that is not a bot's a person, and every person their team and part of a week."""
    members = {member.email.lower(): (team.key, member.part) for team in register.teams for member in team.members}
    people = {person.email: person for person in session.scalars(select(Person)) if person.email}
    accounts = list(session.scalars(select(Account)))
    names: dict[str, set[str]] = defaultdict(set)
    for account in accounts:
        if account.email and account.name and not account.bot:
            names[account.name.casefold()].add(account.email)
    for email in {*members, *(a.email for a in accounts if a.email and not a.bot)} - set(people):
        people[email] = Person(email=email)
        session.add(people[email])
    for email, person in people.items():
        person.team, person.capacity = members.get(email, (None, 1.0))
    session.flush()
    for account in accounts:
        if account.bot:
            account.person_id = None
            continue
        alike = names.get(account.name.casefold(), set())
        # Jira hides most addresses; a full name that exactly one address carries is that person.
        address = account.email or (next(iter(alike)) if len(alike) == 1 else None)
        account.person_id = people[address].id if address else None


def unresolved(session: Session, most: int = 10) -> list[Unresolved]:
    """Accounts without a person or whose person has no team, the busiest first."""
    counts: Counter[tuple[str, str]] = Counter()
    query = select(Signal.source, Signal.account, func.count()).group_by(Signal.source, Signal.account)
    for source, account, count in session.execute(query):
        if account:
            counts[source, account] = count
    teams = dict(session.execute(select(Person.id, Person.team)).all())
    found = [
        Unresolved(account.source, account.external_id, account.name, counts[account.source, account.external_id])
        for account in session.scalars(select(Account).where(Account.bot.is_(False)))
        if account.person_id is None or teams.get(account.person_id) is None
    ]
    return sorted((one for one in found if one.signals), key=lambda one: -one.signals)[:most]

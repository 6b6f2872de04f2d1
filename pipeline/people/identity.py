"""Resolve accounts to people across the sources: by e-mail, by the mapping file, else by a unique name. Teams come from the
register, else from groups in the sources."""

import difflib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from connectors.registry import SOURCES
from connectors.sheet import lacking
from models import Account, Membership, Person, Signal
from models.session import in_batches
from pipeline.files import InputError, readable, rows_of
from pipeline.register.document import Register
from pipeline.register.schema import Member
from pipeline.register.stays import Stay, entry_on, renamed, stays
from pipeline.register.versions import held
from pipeline.spreadsheet import unguarded

_SERVICE = re.compile(
    r"(^|[^a-z])(bot|no-?reply|donotreply|automation|integration|service account|jenkins|dependabot|webhook|api user)([^a-z]|$)",
    re.IGNORECASE,
)
_COLUMNS = ("source", "account", "email")


@dataclass(frozen=True, slots=True)
class Unresolved:
    """An account without a known person, with the amount of its activity."""

    source: str
    external_id: str
    name: str
    signals: int


@dataclass(frozen=True, slots=True)
class Directory:
    """The mapping by an administrator: `people` gives the address by (source, account), None for a service account; `teams`
    gives the team's key by the name of a user group or team in a source."""

    people: Mapping[tuple[str, str], str | None] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)


def read_directory(path: Path | None, teams: Mapping[str, str]) -> Directory:
    """Read the mapping file: a CSV with the columns source, account and email, where `-` marks a service account.

    Raises InputError with file and line.
    """
    people: dict[tuple[str, str], str | None] = {}
    if path is not None and not path.exists():
        raise InputError(f"{path} does not exist; identity.file names it.")
    rows = rows_of(path) if path is not None else None
    if path is not None and rows is not None:
        if fault := lacking(rows, _COLUMNS):
            raise InputError(f"{path}, line 1: {fault}. Expected: {','.join(_COLUMNS)}.")
        for row in readable(path, rows):
            if not any(row.values()):  # spreadsheets keep rows that were emptied
                continue
            source, account, email = (unguarded((row[name] or "").strip()) for name in _COLUMNS)
            if not source or not account or not (email == "-" or "@" in email):
                raise InputError(
                    f"{path}, line {rows.line_num}: expected a source, an account and an address, or - "
                    "for a service account."
                )
            near = difflib.get_close_matches(source.lower(), SOURCES, 1)
            if near and source.lower() not in SOURCES:
                raise InputError(
                    f"{path}, line {rows.line_num}: there is no source {source!r}. Did you mean {near[0]!r}?"
                )
            said = None if email == "-" else email.lower()
            if people.setdefault((source.lower(), account), said) != said:
                raise InputError(
                    f"{path}, line {rows.line_num}: the account {account!r} of {source} is given twice with different addresses. "
                    "Delete one of the lines."
                )
    return Directory(people, {_plain(group): team for group, team in teams.items()})


def resolve(
    session: Session, register: Register, directory: Directory | None = None, today: date | None = None
) -> None:
    """Give every account that is not a bot's a person, and every person their teams by day and part of a week."""
    directory, today = directory or Directory(), today or datetime.now(UTC).date()
    entries: dict[str, list[Member]] = defaultdict(list)
    for member in (member for team in register.teams for member in team.members):
        entries[member.email.lower()].append(member)
    parts = {email: one.part for email, some in entries.items() if (one := entry_on(some, today))}
    history = held(session, register)
    dated, now = stays(history), renamed(history)
    members = {
        email: next((one.team for one in reversed(some) if one.holds(today)), None) for email, some in dated.items()
    }
    people = {person.email: person for person in session.scalars(select(Person)) if person.email}
    accounts = list(session.scalars(select(Account)))
    for old, email in now.items():
        if old in people and email not in people:
            people[email] = people.pop(old)
            people[email].email = email
    owner, grouped = _owners(accounts, members, register, directory, now)
    for email in {*members, *owner.values()} - set(people):
        people[email] = Person(email=email)
        session.add(people[email])
    for email, person in people.items():
        theirs = grouped.get(email, set())
        # A member of two teams' groups is assigned to neither: a guess would change a team's figures.
        group = next(iter(theirs)) if len(theirs) == 1 else None
        person.team = members[email] if email in dated else group
        person.capacity = parts.get(email, person.capacity if email in dated else 1.0)
    session.flush()
    _keep_memberships(session, people, dated, today)
    for account in accounts:
        found = owner.get((account.source, account.external_id))
        account.person_id = people[found].id if found else None


def _owners(
    accounts: Sequence[Account],
    members: Mapping[str, str | None],
    register: Register,
    directory: Directory,
    now: Mapping[str, str],
) -> tuple[dict[tuple[str, str], str], dict[str, set[str]]]:
    """Return the address of each account of a known person, and the teams whose groups each address is in."""
    names: dict[str, set[str]] = defaultdict(set)
    given = {(a.source, a.external_id): directory.people.get((a.source, a.external_id), a.email) for a in accounts}
    address = {account: now.get(email, email) if email else email for account, email in given.items()}
    for account in accounts:
        email = address[account.source, account.external_id]
        if email and account.name and not _is_service(account, email, members, directory):
            names[_same(account.name)].add(email)
    groups = _teams_by_group(register, directory)
    grouped: dict[str, set[str]] = defaultdict(set)
    owner: dict[tuple[str, str], str] = {}
    for account in accounts:
        own = address[account.source, account.external_id]
        alike = names.get(_same(account.name), set())
        # Sources hide addresses; a full name with exactly one known address identifies the person.
        email = own or (next(iter(alike)) if len(alike) == 1 else None)
        # Somebody called Jan Bot is a person if the register lists that name's address.
        by_name = email if own or (not account.bot and not _is_declared(account, directory)) else None
        if _is_service(account, by_name, members, directory):
            continue
        if email:
            owner[account.source, account.external_id] = email
            grouped[email] |= {groups[_plain(g)] for g in account.groups.splitlines() if _plain(g) in groups}
    return owner, grouped


def _keep_memberships(
    session: Session, people: Mapping[str, Person], dated: Mapping[str, Sequence[Stay]], today: date
) -> None:
    """Store who was in which team when. Teams from groups have no known history: they begin when first seen."""
    kept: dict[int, list[Membership]] = defaultdict(list)
    for row in session.scalars(select(Membership).order_by(Membership.first)):
        kept[row.person_id].append(row)
    changed: dict[int, Sequence[Stay]] = {}
    for email, person in people.items():
        rows = [Stay(row.team, row.first, row.last) for row in kept[person.id]]
        wanted = list(dated[email]) if email in dated else _moved(rows, person.team, today)
        if wanted != rows:
            changed[person.id] = wanted
    for some in in_batches(sorted(changed)):
        session.execute(delete(Membership).where(Membership.person_id.in_(some)))
    session.add_all(
        Membership(person_id=id_, first=s.first, last=s.last, team=s.team)
        for id_, some in changed.items()
        for s in some
    )
    session.flush()


def _moved(rows: Sequence[Stay], team: str | None, today: date) -> list[Stay]:
    """Return the stays of somebody who is in this team from today on, ending any other."""
    if rows and rows[-1].last is None and rows[-1].team == team:
        return list(rows)
    before = [one for one in rows if one.first < today]
    ended = [Stay(s.team, s.first, min(s.last or date.max, today - timedelta(days=1))) for s in before]
    return [*ended, *([Stay(team, today if ended else date.min)] if team else [])]


def _is_service(account: Account, email: str | None, members: Mapping[str, object], directory: Directory) -> bool:
    if email and email in members:
        return False
    if _is_declared(account, directory):
        return True
    return account.bot or bool(_SERVICE.search(account.name) or _SERVICE.search((email or "").partition("@")[0]))


def _is_declared(account: Account, directory: Directory) -> bool:
    return directory.people.get((account.source, account.external_id), "") is None


def _teams_by_group(register: Register, directory: Directory) -> dict[str, str]:
    """Return the team by name of a group: the team's own key and name, and the names in the settings."""
    keys = {team.key for team in register.teams}
    found = {_plain(name): team.key for team in register.teams for name in (team.key, team.name)}
    return found | {group: team for group, team in directory.teams.items() if team in keys}


def _same(name: str) -> str:
    """Normalise a name for comparison: accents, width, case and white space."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _plain(name: str) -> str:
    return re.sub(r"[^\w]+", " ", _same(name)).strip()


def unresolved(session: Session, directory: Directory | None = None) -> list[Unresolved]:
    """Return accounts without a person, or whose person has no team, the most active first."""
    declared = (directory or Directory()).people
    counts: Counter[tuple[str, str]] = Counter()
    query = select(Signal.source, Signal.account, func.count()).group_by(Signal.source, Signal.account)
    for source, account, count in session.execute(query):
        if account:
            counts[source, account] = count
    teams = dict(session.execute(select(Person.id, Person.team)).all())
    services = {
        (a.source, a.external_id)
        for a in session.scalars(select(Account))
        if a.person_id is None and _SERVICE.search(a.name)
    }
    found = [
        Unresolved(account.source, account.external_id, account.name, counts[account.source, account.external_id])
        for account in session.scalars(select(Account).where(Account.bot.is_(False)))
        if (account.person_id is None or teams.get(account.person_id) is None)
        and (account.source, account.external_id) not in services
        and declared.get((account.source, account.external_id), "") is not None
    ]
    return sorted((one for one in found if one.signals), key=lambda one: -one.signals)

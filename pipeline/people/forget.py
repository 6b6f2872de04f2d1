"""Delete a person's traces, keeping the sums they contributed to."""

import hashlib
import re
import secrets
from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, delete, func, or_, select, true, update
from sqlalchemy.orm import Session, sessionmaker

from connectors.registry import all_traits
from models import (
    Account,
    Ask,
    Capacity,
    Confidence,
    Effort,
    Failure,
    Forgotten,
    GoalChoice,
    InterviewAnswer,
    InterviewResult,
    Measurement,
    Person,
    RegisterVersion,
    Secret,
    Signal,
    Stream,
    WorkItem,
    upsert,
)
from models.interview import PEOPLE, digest_of_person
from models.session import in_batches
from pipeline.encode.vectors import delete_unused
from pipeline.ingest.gate import digest_of
from pipeline.people.quotes import drop_quotes
from pipeline.register.document import stored

_NOBODY = "someone"


class ForgetError(Exception):
    """The person cannot be forgotten yet; the message says what to do first."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many rows of each kind were deleted."""

    accounts: int
    signals: int
    texts: int


def forget(sessions: sessionmaker[Session], who: str) -> Deleted:
    """Delete every trace of a person, given by e-mail address or as `source:account`.

    Their signals, accounts and words are deleted; where others wrote their full name or address, `someone` replaces it. Their
    effort is kept as an anonymous sum of their team, so that past shares do not change. They are not ingested again. Raises
    ForgetError if nobody is known by that name, or the register still names them.
    """
    with sessions.begin() as session:
        accounts, person = _find(session, who)
        names = {value for a in accounts for value in (a.name, a.email) if value and len(value) > 4}
        if person is not None and person.email:
            names.add(person.email)
        team = (person.team or _last_team(session, person)) if person else None
        _not_in_register(session, names)
        ids: dict[str, set[str]] = defaultdict(set)
        for account in accounts:
            ids[account.source].add(account.external_id)
            upsert(
                session, Forgotten, [{"digest": digest_of(account.source, account.external_id)}], ("digest",), keep=True
            )
        signals = texts = 0
        for source, mine in ids.items():
            gone, blanked = _delete_in_source(session, source, mine)
            signals, texts = signals + gone, texts + blanked
        _forget_answers(
            session, {name.lower() for name in names if "@" in name} | ({who.lower()} if "@" in who else set())
        )
        # The judge's quotes may be theirs; there is no record of whose words they are.
        drop_quotes(session, true())
        for name in sorted(names, key=len, reverse=True):
            texts += _unname(session, name)
        if person is not None:
            _keep_the_sum(session, person, team)
            session.delete(person)
        session.flush()
        delete_unused(session, WorkItem.stale.is_(False))
    return Deleted(len(accounts), signals, texts)


def _delete_in_source(session: Session, source: str, mine: set[str]) -> tuple[int, int]:
    """Delete what these accounts left in one source; return how many signals were deleted and how many texts blanked."""
    theirs = (Signal.source == source, Signal.account.in_(mine))
    own = set(session.scalars(select(Signal.external_id).where(*theirs, Signal.external_id == Signal.item)))
    texts = _blank(session, WorkItem.source == source, own)
    session.execute(
        update(WorkItem).where(WorkItem.source == source, WorkItem.assignee.in_(mine)).values(assignee=None)
    )
    signals = session.scalar(select(func.count()).select_from(Signal).where(*theirs)) or 0
    session.execute(delete(Signal).where(*theirs))
    for id_, detail in session.execute(
        select(Signal.id, Signal.detail).where(Signal.source == source, Signal.kind == "assignment")
    ).all():
        if mine & {str(value) for value in detail.values()}:
            kept = {key: None if str(value) in mine else value for key, value in detail.items()}
            session.execute(update(Signal).where(Signal.id == id_).values(detail=kept))
    session.execute(delete(Failure).where(Failure.source == source, Failure.external_id.in_(mine)))
    session.execute(delete(Account).where(Account.source == source, Account.external_id.in_(mine)))
    return signals, texts


def _find(session: Session, who: str) -> tuple[list[Account], Person | None]:
    wanted: ColumnElement[bool]
    if "@" in who:
        person = session.scalar(select(Person).where(func.lower(Person.email) == who.lower()))
        wanted = func.lower(Account.email) == who.lower()
        if person is not None:
            wanted = or_(wanted, Account.person_id == person.id)
        accounts = list(session.scalars(select(Account).where(wanted)))
    else:
        source, _, id_ = who.partition(":")
        accounts = list(session.scalars(select(Account).where(Account.source == source, Account.external_id == id_)))
        person = None
        if accounts and accounts[0].person_id is not None:
            person = session.get(Person, accounts[0].person_id)
            accounts = list(session.scalars(select(Account).where(Account.person_id == accounts[0].person_id)))
    if not accounts and person is None:
        raise ForgetError(
            f"nobody is known as {who!r}. Give an e-mail address, or an account as "
            f"{', '.join(f'{source}:ID' for source in all_traits())}."
        )
    return accounts, person


def _not_in_register(session: Session, names: set[str]) -> None:
    """Refuse if the current register names them; rename them in older ones."""
    versions = list(session.scalars(select(RegisterVersion).order_by(RegisterVersion.id.desc())))
    addresses = [name for name in names if "@" in name]
    for number, version in enumerate(versions):
        for address in addresses:
            if address.lower() in version.document.lower():
                if number == 0:
                    raise ForgetError(
                        "okrs.yaml still names this person. Remove the address, run `leeway okrs load okrs.yaml`, "
                        "then forget them again."
                    )
                nobody = f"forgotten-{hashlib.sha256(address.encode()).hexdigest()[:6]}@forgotten.invalid"
                version.document = _replaced(version.document, address, nobody)
        _unload(version, names)


def _unload(version: RegisterVersion, names: set[str]) -> None:
    """Remove their name from who loaded a version and why; a login may be the first half of an address."""
    logins = {name.partition("@")[0].lower() for name in names} | {name.lower() for name in names}
    if version.loaded_by and version.loaded_by.lower() in logins:
        version.loaded_by = _NOBODY
    for name in sorted(names, key=len, reverse=True):
        if version.reason:
            version.reason = _replaced(version.reason, name)


def _replaced(text: str, name: str, by: str = _NOBODY) -> str:
    """Replace the name in the text, ignoring case."""
    return re.sub(re.escape(name), by, text, flags=re.IGNORECASE)


def _blank(session: Session, source: ColumnElement[bool], ids: set[str]) -> int:
    for some in in_batches(sorted(ids)):
        session.execute(
            update(WorkItem)
            .where(source, WorkItem.external_id.in_(some))
            .values(title=None, text=None, text_hash=None, text_dropped=False, stale=True)
        )
        # Streams named after these words get another name in the next day's analysis.
        named = select(WorkItem.source + ":" + WorkItem.external_id).where(source, WorkItem.external_id.in_(some))
        session.execute(update(Stream).where(Stream.named_after.in_(named)).values(name="", named_after=None))
    return len(ids)


def _forget_answers(session: Session, addresses: set[str]) -> None:
    """Delete that they were asked, and their comments; their confidence figures describe the key result and stay."""
    session.execute(
        delete(GoalChoice).where(GoalChoice.field == "owner")
    )  # digests of addresses; the question comes again
    session.execute(delete(Ask).where(Ask.recipient.in_(addresses)))
    secret = session.get(Secret, PEOPLE)
    for one in addresses if secret is not None else ():
        digest = digest_of_person(secret.value, one) if secret is not None else ""
        session.execute(delete(InterviewAnswer).where(InterviewAnswer.by == digest))
        for result in session.scalars(select(InterviewResult)):
            if (
                digest in result.counted
            ):  # an anonymous entry stays, so that later results are checked against as many people
                nobody = hashlib.sha256(secrets.token_bytes(32)).hexdigest()
                result.counted = sorted(nobody if who == digest else who for who in result.counted)
    theirs = Confidence.by.in_([digest_of("pulse", one) for one in addresses])
    session.execute(update(Confidence).where(theirs).values(note="", by=""))


def _unname(session: Session, name: str) -> int:
    """Replace the name by `someone` where others wrote it."""
    changed = 0
    for table, columns in (
        (WorkItem, (WorkItem.title, WorkItem.text)),
        (Signal, (Signal.text,)),
        (Stream, (Stream.name,)),
        (Measurement, (Measurement.note,)),
    ):
        for column in columns:
            # SQLite's `lower` handles only ASCII, so names with other letters are also searched for as written.
            written = column.contains(name, autoescape=True), func.lower(column).contains(name.lower(), autoescape=True)
            rows = session.execute(select(table.id, column).where(or_(*written))).all()
            for id_, text in rows:
                session.execute(update(table).where(table.id == id_).values({column.key: _replaced(str(text), name)}))
                if table is WorkItem:
                    session.execute(update(WorkItem).where(WorkItem.id == id_).values(stale=True))
            changed += len(rows)
    return changed


def _last_team(session: Session, person: Person) -> str | None:
    """Return their team in the newest register that lists them: the current one no longer does."""
    for version in session.scalars(select(RegisterVersion).order_by(RegisterVersion.id.desc())):
        for team in stored(version.document, version.id).teams:
            if any(member.email.lower() == person.email for member in team.members):
                return team.key
    return None


def _keep_the_sum(session: Session, person: Person, team: str | None) -> None:
    """Add the person's effort and capacity to the sum of their team's forgotten people."""
    if team is None:
        return
    sum_of = session.scalar(select(Person).where(Person.forgotten, Person.team == team))
    if sum_of is None:
        sum_of = Person(team=team, capacity=0.0, forgotten=True)
        session.add(sum_of)
        session.flush()
    efforts: dict[tuple[date, int], float] = defaultdict(float)
    expected: dict[date, float] = defaultdict(float)
    for id_ in (person.id, sum_of.id):
        for effort in session.scalars(select(Effort).where(Effort.person_id == id_)):
            efforts[effort.day, effort.work_item_id] += effort.person_days
        for capacity in session.scalars(select(Capacity).where(Capacity.person_id == id_)):
            expected[capacity.day] += capacity.expected
    upsert(
        session,
        Effort,
        [
            {"day": day, "person_id": sum_of.id, "work_item_id": item, "person_days": days}
            for (day, item), days in efforts.items()
        ],
        ("day", "person_id", "work_item_id"),
    )
    upsert(
        session,
        Capacity,
        [{"day": day, "person_id": sum_of.id, "expected": part} for day, part in expected.items()],
        ("day", "person_id"),
    )

"""Versions of the register in the database, and since when its priorities hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, pairwise

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import KeyResult, Objective, RegisterVersion, Team
from pipeline.register.change_words import concerning
from pipeline.register.document import Register, fingerprint, stored
from pipeline.register.due import Draft, changes_told
from pipeline.register.ended import local_day
from pipeline.register.following import follow_keys
from pipeline.register.meant import meant
from pipeline.register.sameness import back_again, entries_of, new_keys, same_period, same_top

_GONE = "\0"
"""Suffix for the key of a key result whose key now names another one."""


@dataclass(frozen=True, slots=True)
class Load:
    """One load: version, when, by whom, why, and what it changed, in words."""

    version: int
    at: datetime
    by: str | None
    why: str | None
    changes: Sequence[str]


def plans(session: Session) -> list[tuple[date, Register]]:
    """Return the registers that were meant as plans, oldest first, with the local day on which each was loaded.

    Versions that were corrected mistakes are excluded (meant.py).
    """
    columns = (RegisterVersion.loaded_at, RegisterVersion.document, RegisterVersion.id)
    query = select(*columns).order_by(RegisterVersion.id)
    versions = [(at, document, version) for at, document, version in session.execute(query)]
    kept = [versions[n] for n in meant([at.date() for at, _, _ in versions])]
    found = [(at, stored(document, version)) for at, document, version in kept]
    return [(local_day(one, at), one) for at, one in found]


def periods(session: Session) -> dict[str, Register]:
    """Return the last register of every period by the period's name, oldest first. If two disjoint periods share a name, such as
    Q1 of two years, the earlier one's name includes its first day."""
    rows = session.execute(select(RegisterVersion.document, RegisterVersion.id).order_by(RegisterVersion.id))
    last: list[Register] = []
    for one in (stored(document, version) for document, version in rows):
        same = (n for n, other in enumerate(last) if same_period(one.period, other.period))
        place = next(same, len(last))
        last[place : place + 1] = [one]
    found: dict[str, Register] = {}
    for one in sorted(last, key=lambda one: one.period.start, reverse=True):
        name = one.period.name
        found[name if name not in found else f"{name} from {one.period.start}"] = one
    return dict(reversed(found.items()))


def held(session: Session, register: Register) -> list[tuple[date, Register]]:
    """Return the plans up to this register, which may be newer than the last one loaded, with the day from which each holds; the
    first also holds for all days before it."""
    found = plans(session)
    if not found or found[-1][1] != register:
        found.append((found[-1][0] if found else date.min, register))
    return [(date.min, found[0][1]), *found[1:]]


def planned_since(session: Session, register: Register) -> date:
    """Return since when the top priorities (compared by words, not keys) are what they are: re-planning starts a new baseline.

    A new period counts from its first day, a change within a period from the day it was loaded; the first plan covers all of the
    history before it.
    """
    return in_force_since(plans(session), register)


def between_periods(session: Session, register: Register) -> list[tuple[date, date]]:
    """Return the gaps between the periods of all plans: first day of each gap, and the day after it."""
    spans = sorted((one.period.start, one.period.end + timedelta(days=1)) for _, one in held(session, register))
    ends = accumulate((end for _, end in spans), max)
    return [(end, start) for end, (start, _) in zip(ends, spans[1:], strict=False) if end < start]


def in_force_since(history: Sequence[tuple[date, Register]], register: Register) -> date:
    """Like `planned_since`, for plans already loaded."""
    since, before = date.min, history[0][1] if history else register
    for at, one in history[1:]:
        if not same_top(before, one):
            since = one.period.start if one.period.start > before.period.start else at
        before = one
    return since


def load_register(
    session: Session,
    register: Register,
    document: str,
    by: str | None = None,
    why: str | None = None,
    origin: str | None = None,
) -> tuple[int, bool]:
    """Make this the current register; return (version, whether it is new). The same text is the same version, and loading it
    again changes nothing. `by` and `why` are stored with it; `origin` says where it comes from, None for a file."""
    name = fingerprint(document)
    current = current_version(session)
    if current is not None and current.digest == name:
        if origin is None:
            current.origin = None  # the file now includes what was edited elsewhere
        return current.id, False
    version = RegisterVersion(
        digest=name,
        loaded_at=datetime.now(UTC),
        document=document,
        loaded_by=by[:200] if by else None,
        reason=why or None,
        origin=origin,
    )
    session.add(version)
    session.flush()
    _add_rows(session, register, version.id)
    if current is not None:
        follow_keys(session, stored(current.document, current.id), register, f"@{current.id}")
    return version.id, True


def _add_rows(session: Session, register: Register, version: int) -> None:
    """Insert the teams, objectives and key results of a version."""
    for team in register.teams:
        session.add(Team(version_id=version, key=team.key, name=team.name, lead=team.lead))
    for objective in register.objectives:
        session.add(
            Objective(
                version_id=version,
                key=objective.key,
                title=objective.title,
                priority=objective.priority,
                owner=objective.owner,
            )
        )
        for key_result in objective.key_results:
            session.add(
                KeyResult(
                    version_id=version,
                    key=key_result.key,
                    objective_key=objective.key,
                    title=key_result.title,
                    owner=key_result.owner,
                    teams=list(key_result.teams),
                )
            )


def key_now(session: Session, key: str, seen: int) -> str | None:
    """Return the current key of a key result that somebody chose in version `seen`; None if it no longer exists."""
    rows = session.scalars(select(RegisterVersion).where(RegisterVersion.id >= seen).order_by(RegisterVersion.id)).all()
    registers = [stored(row.document, row.id) for row in rows]
    return _by_now(registers, [key]).get(key)


def keys_now(session: Session, register: Register) -> dict[str, str]:
    """Map keys of an earlier register's key results to the current keys of the same ones, omitting removed ones."""
    rows = session.scalars(select(RegisterVersion).order_by(RegisterVersion.id))
    registers = [stored(row.document, row.id) for row in rows]
    since = max((n for n, one in enumerate(registers) if one == register), default=len(registers))
    return _by_now(registers[since:] or [register], register.objective_of())


def _by_now(registers: Sequence[Register], keys: Iterable[str]) -> dict[str, str]:
    """Map keys of the first register to keys of the last, following each step; entries removed in between are matched by words
    if they are back."""
    names = {key: key for key in keys}
    for before, after in pairwise(registers):
        moved, known = new_keys(before, after, _GONE), after.objective_of()
        names = {key: new for key, old in names.items() if (new := moved.get(old, old)) in known}
    again = back_again(entries_of(registers[0]), entries_of(registers[-1])) if registers else {}
    last = registers[-1].objective_of() if registers else {}
    return {key: now for key in keys if (now := names.get(key, again.get(key))) in last}


def current_register(session: Session) -> tuple[int, Register] | None:
    """Return the newest register version, None if none was loaded."""
    found = current_version(session)
    return (found.id, stored(found.document, found.id)) if found else None


def current_version(session: Session, before: int | None = None) -> RegisterVersion | None:
    """Return the newest version, or the newest before a given one; None if there is none."""
    query = select(RegisterVersion).order_by(RegisterVersion.id.desc()).limit(1)
    return session.scalar(query if before is None else query.where(RegisterVersion.id < before))


def history(session: Session, key: str | None = None) -> list[Load]:
    """Return every load, oldest first, with its changes; with a key, only loads that changed something about it."""
    found: list[Load] = []
    before: Draft | None = None
    for row in session.scalars(select(RegisterVersion).order_by(RegisterVersion.id)):
        after = Draft(stored(row.document, row.id), row.document)
        lines = concerning(key, changes_told(before, after))
        if lines or not key:
            found.append(Load(row.id, row.loaded_at, row.loaded_by, row.reason, lines))
        before = after
    return found

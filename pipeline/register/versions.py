"""Versions of the register in the database, and since when its priorities hold."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import KeyResult, Objective, RegisterVersion, Team
from pipeline.register.document import Register, digest, stored

SET_UP = timedelta(days=7)


def plans(session: Session) -> list[tuple[date, Register]]:
    """The registers that were meant, with the day on which each was loaded, oldest first.

    Versions that were replaced within SET_UP are somebody's corrections, not plans.
    """
    columns = (RegisterVersion.loaded_at, RegisterVersion.document, RegisterVersion.id)
    query = select(*columns).order_by(RegisterVersion.id)
    versions = [(at.date(), stored(document, version)) for at, document, version in session.execute(query)]
    return [
        (at, one)
        for number, (at, one) in enumerate(versions)
        if number + 1 == len(versions) or versions[number + 1][0] - at >= SET_UP
    ]


def planned_since(session: Session, register: Register) -> date:
    """Since when the top priorities are what they are now: re-planning begins a new baseline.

    A new period begins on its first day, a change within one when it was loaded; the first plan holds for all of the history
    before it.
    """
    history = plans(session)
    since, before = date.min, history[0][1] if history else register
    for at, one in history[1:]:
        if one.top() != before.top():
            since = one.period.start if one.period.start > before.period.start else at
        before = one
    return since


def load_register(session: Session, register: Register, document: str) -> tuple[int, bool]:
    """Make this the current register; returns (version, whether it is new). The same text is the same version."""
    name = digest(document)
    current = session.scalar(select(RegisterVersion).order_by(RegisterVersion.id.desc()).limit(1))
    if current is not None and current.digest == name:
        return current.id, False
    version = RegisterVersion(digest=name, loaded_at=datetime.now(UTC), document=document)
    session.add(version)
    session.flush()
    for team in register.teams:
        session.add(Team(version_id=version.id, key=team.key, name=team.name, lead=team.lead))
    for objective in register.objectives:
        session.add(Objective(version_id=version.id, key=objective.key, title=objective.title,
                              priority=objective.priority, owner=objective.owner))  # fmt: skip
        for key_result in objective.key_results:
            session.add(KeyResult(version_id=version.id, key=key_result.key, objective_key=objective.key,
                                  title=key_result.title, owner=key_result.owner, teams=list(key_result.teams)))  # fmt: skip
    return version.id, True


def current_register(session: Session) -> tuple[int, Register] | None:
    """The newest register version, None where none was loaded."""
    found = session.scalar(select(RegisterVersion).order_by(RegisterVersion.id.desc()).limit(1))
    return (found.id, stored(found.document, found.id)) if found else None

"""Edits made outside a file: on the page, in a table, from goals. Loading a file without them would silently undo them.

The changes these versions made since the last file are compared with the next file, field by field.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import RegisterVersion
from pipeline.register.changes import Field, State, changes, flatten
from pipeline.register.conflicts import Conflict
from pipeline.register.document import Register, stored
from pipeline.register.versions import current_version, load_register

PAGE, TABLE, GOALS = "page", "table", "goals"
"""Origins of a version; None stands for a file kept elsewhere."""
UNDO = timedelta(days=1)
"""How long an edit on the page can be undone."""


class EditError(Exception):
    """The edit cannot be undone; the message says why."""


def unknown_edits(session: Session, register: Register) -> list[Conflict]:
    """Return the edits since the last file that loading this register would lose; none if it is a new plan."""
    current = current_version(session)
    if current is None or current.origin is None:
        return []
    now = stored(current.document, current.id)
    if now.period.name != register.period.name:
        return []
    query = select(RegisterVersion).where(RegisterVersion.origin.is_(None)).order_by(RegisterVersion.id.desc()).limit(1)
    last = session.scalar(query)
    before = flatten(stored(last.document, last.id)) if last else {}
    return lost(before, flatten(now), flatten(register))


def lost(before: State, now: State, next_: State) -> list[Conflict]:
    """Return what changed from `before` to `now` and is missing in `next_`; an added or removed entry is one conflict."""
    found = []
    for one in changes(before, now):
        field = (one.kind, one.key, one.field)
        whole = (one.kind, one.key, "in")
        if one.field.startswith("order of ") or now.get(field) == next_.get(field):
            continue
        if one.field != "in" and ((whole in now) != (whole in before) or (whole in now) != (whole in next_)):
            continue
        found.append(Conflict(one.key or one.kind, _said(field), _shown(now, field), _shown(next_, field)))
    return found


def _said(field: Field) -> str:
    return "objective" if field[2] == "in" else field[2]


def _shown(state: State, field: Field) -> str:
    value: Any = state.get(field)
    if field[2] == "in" and value is None:
        return "not there"
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)


def undoable(session: Session, now: datetime) -> RegisterVersion | None:
    """Return the newest version if it was made on the page within UNDO, else None."""
    current = current_version(session)
    if current is None or current.origin != PAGE or now - current.loaded_at > UNDO:
        return None
    return current if current_version(session, before=current.id) is not None else None


def undo_edit(session: Session, version: int, by: str, now: datetime) -> int:
    """Undo an edit: store the previous register as a new version and return its id. Raises EditError."""
    current = current_version(session)
    if current is None or current.id != version or current.origin != PAGE:
        raise EditError("the register has changed since; the edit cannot be taken back.")
    before = current_version(session, before=version)
    if undoable(session, now) is None or before is None:
        raise EditError("an edit can be taken back for a day, and this one is older.")
    register = stored(before.document, before.id)
    made, _ = load_register(
        session, register, before.document, by, f"version {version} is undone", before.origin and PAGE
    )
    return made

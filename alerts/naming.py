"""Names of findings that are valid beyond the database: after an older backup is restored, an id may soon mean another finding,
and messages posted after the backup can only be found by name.
"""

from datetime import date
from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Drift, RegisterVersion

NEAR = 7
"""A finding that is found anew, with what is known now, may be raised some days earlier or later than it was."""


def installation(session: Session) -> str:
    """What tells this company's database, and its backups, from others that may post in the same channel."""
    first = session.scalar(select(func.min(RegisterVersion.loaded_at)))
    return sha256(str(first).encode()).hexdigest()[:12]


def name_of(drift: Drift, of: str) -> str:
    """The finding's name, of an installation."""
    return f"{of} {drift.kind} {drift.scope} {drift.subject} {drift.raised_on.isoformat()}"


def is_same(one: str, other: str) -> bool:
    """Return True if both name one finding."""
    (what, _, day), (else_, _, other_day) = one.rpartition(" "), other.rpartition(" ")
    try:
        return what == else_ and abs((date.fromisoformat(day) - date.fromisoformat(other_day)).days) <= NEAR
    except ValueError:
        return False

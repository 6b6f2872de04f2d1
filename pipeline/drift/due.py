"""Whether drift is to be looked for anew. In a large company the walk through all days costs the same whatever is new, so it is
done once a day, and again where much came in, or what it rests on beside the work was changed.
"""

import hashlib
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Drift, Person, ThemeAnswer, WorkItem
from pipeline.drift.history import DriftSettings
from pipeline.large import LARGE, taught
from pipeline.queue import fingerprint

MUCH = 0.01
"""Part of the work items that were matched since, from which it is looked for again on the same day."""
_STAGE, _NEWS = "drift", "drift news"


def note_news(session: Session, items: int) -> None:
    """So many items are matched in this cycle."""
    fingerprint.keep(session, _NEWS, "", fingerprint.size(session, _NEWS) + items)


def is_due(session: Session, version: int, last: date, settings: DriftSettings) -> bool:
    """Return True where drift may be another than it was when it was last looked for."""
    items = session.scalar(select(func.count()).select_from(WorkItem)) or 0
    if items <= LARGE or fingerprint.size(session, _NEWS) > MUCH * items:
        return True
    return fingerprint.differs(session, _STAGE, _digest(session, version, last, settings))


def note_looked(session: Session, version: int, last: date, settings: DriftSettings) -> None:
    """It was looked for now; what that raised is no reason to look again."""
    fingerprint.keep(session, _STAGE, _digest(session, version, last, settings))
    fingerprint.keep(session, _NEWS, "")


def _digest(session: Session, version: int, last: date, settings: DriftSettings) -> str:
    rests_on = (
        version,
        last,
        settings,
        [tuple(row) for row in session.execute(select(Drift.id, Drift.state).order_by(Drift.id))],
        taught(session),
        tuple(session.execute(select(func.count(), func.max(ThemeAnswer.at))).one()),
        session.scalar(select(func.count()).where(Person.forgotten)),
    )
    return hashlib.sha256(repr(rests_on).encode()).hexdigest()

"""Decide whether to search for drift again. In a large company the search costs the same however little is new, so it runs once a
day, and again if a lot of work came in or any other input changed.
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
"""Proportion of newly matched work items above which the search is repeated on the same day."""
_STAGE, _NEWS = "drift", "drift news"


def note_news(session: Session, items: int) -> None:
    """Record that a cycle matches this many items."""
    fingerprint.keep(session, _NEWS, "", fingerprint.size(session, _NEWS) + items)


def is_due(session: Session, version: int, last: date, settings: DriftSettings) -> bool:
    """Return True if the result may differ from the last search."""
    items = session.scalar(select(func.count()).select_from(WorkItem)) or 0
    if items <= LARGE or fingerprint.size(session, _NEWS) > MUCH * items:
        return True
    return fingerprint.differs(session, _STAGE, _fingerprint(session, version, last, settings))


def note_looked(session: Session, version: int, last: date, settings: DriftSettings) -> None:
    """Record a search, including its own results, so that they do not trigger another one."""
    fingerprint.keep(session, _STAGE, _fingerprint(session, version, last, settings))
    fingerprint.keep(session, _NEWS, "")


def _fingerprint(session: Session, version: int, last: date, settings: DriftSettings) -> str:
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

"""How far back the sources have been read, while their past is still being read."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import StreamCursor
from pipeline.ingest.cursors import SWEEP

_READING = (StreamCursor.stream != SWEEP, StreamCursor.finished_at.is_(None))


def read_back_to(session: Session) -> date | None:
    """Return the first day from which on every stream has been read; None if none is still being read. A failing stream does not
    count: it is reported elsewhere."""
    rows = session.execute(select(StreamCursor.reached, StreamCursor.error).where(*_READING))
    return max((day for day, error in rows if day is not None and not error), default=None)


def is_read_from(session: Session, day: date, sources: Collection[str]) -> bool:
    """Return True if each of these sources has begun and all of its streams have been read back to that day."""
    begun = set(session.scalars(select(StreamCursor.source).distinct()))
    rows = session.execute(select(StreamCursor.reached, StreamCursor.error).where(*_READING)).all()
    return set(sources) <= begun and all(error or (reached is not None and reached <= day) for reached, error in rows)

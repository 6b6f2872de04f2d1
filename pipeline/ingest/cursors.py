"""Load, store and drop the cursors of a source's streams."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Cursor
from models import StreamCursor

SWEEP = "sweep"
"""The pseudo-stream that records when the daily sweep ran."""


def load_cursors(sessions: sessionmaker[Session], source: str, streams: Sequence[str]) -> dict[str, Cursor]:
    with sessions() as session:
        rows = session.scalars(select(StreamCursor).where(StreamCursor.source == source))
        return {row.stream: dict(row.state) for row in rows if row.state and row.stream in set(streams)}


def keep_horizon(session: Session, source: str, stream: str, day: date) -> None:
    """Store how far back the first pull of a stream goes; an existing value is kept."""
    here = (StreamCursor.source == source, StreamCursor.stream == stream, StreamCursor.horizon.is_(None))
    session.execute(update(StreamCursor).where(*here).values(horizon=day))


def finish(
    sessions: sessionmaker[Session], source: str, stream: str, error: str | None, since: datetime | None = None
) -> None:
    """Record how a stream ended; `since` is set if its past has been read too, that far back. If that is further than its first
    pull went, because the settings now ask for more, its history is known from there on."""
    now = datetime.now(UTC)
    with sessions.begin() as session:
        kept = session.get(StreamCursor, (source, stream))
        if kept is None:
            kept = StreamCursor(source=source, stream=stream, state={}, pulled_at=now)
            session.add(kept)
        kept.error = error
        if error is None and since is not None:
            kept.finished_at = now
            if kept.horizon is not None and kept.reached is not None:  # lists of people have no past
                kept.horizon = min(kept.horizon, since.date())


def drop_streams(sessions: sessionmaker[Session], source: str, streams: Collection[str]) -> None:
    """Clear the errors of streams that no longer exist, such as a channel or project removed from the list, and mark their past
    as read, since nobody will read it. Their data and cursors are kept."""
    now = datetime.now(UTC)
    with sessions.begin() as session:
        for row in session.scalars(select(StreamCursor).where(StreamCursor.source == source)):
            if row.stream in streams:
                continue
            if row.error and not row.state:
                session.delete(row)
            elif " " in row.stream:  # belongs to a listed container; others reappear once the source shows them
                row.error, row.finished_at = None, now


def drop_sources(session: Session, configured: Collection[str]) -> None:
    """Do the same for sources that are no longer configured: nothing waits for their past."""
    held = or_(StreamCursor.finished_at.is_(None), StreamCursor.error.is_not(None))
    rows = update(StreamCursor).where(StreamCursor.source.not_in(configured), held)
    session.execute(
        rows.values(finished_at=func.coalesce(StreamCursor.finished_at, StreamCursor.pulled_at), error=None)
    )

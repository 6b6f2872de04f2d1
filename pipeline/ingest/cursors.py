"""The cursors of a source's streams: loading, keeping and dropping them."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Cursor
from models import StreamCursor


def load_cursors(sessions: sessionmaker[Session], source: str, streams: Sequence[str]) -> dict[str, Cursor]:
    with sessions() as session:
        rows = session.scalars(select(StreamCursor).where(StreamCursor.source == source))
        return {row.stream: dict(row.state) for row in rows if row.state and row.stream in set(streams)}


def keep_horizon(session: Session, source: str, stream: str, day: date) -> None:
    """Keep how far back the first pull of a stream goes; what is kept stays."""
    here = (StreamCursor.source == source, StreamCursor.stream == stream, StreamCursor.horizon.is_(None))
    session.execute(update(StreamCursor).where(*here).values(horizon=day))


def finish(sessions: sessionmaker[Session], source: str, stream: str, error: str | None, whole: bool) -> None:
    """Note how a stream ended; `whole` where its past is read too."""
    now = datetime.now(UTC)
    with sessions.begin() as session:
        kept = session.get(StreamCursor, (source, stream))
        if kept is None:
            kept = StreamCursor(source=source, stream=stream, state={}, pulled_at=now)
            session.add(kept)
        kept.error = error
        if error is None and whole:
            kept.finished_at = now


def drop_streams(sessions: sessionmaker[Session], source: str, streams: Collection[str]) -> None:
    """Forget the errors of streams that are no longer there, such as a project that was taken from the list."""
    with sessions.begin() as session:
        for row in session.scalars(select(StreamCursor).where(StreamCursor.source == source)):
            if row.error and not row.state and row.stream not in streams:
                session.delete(row)

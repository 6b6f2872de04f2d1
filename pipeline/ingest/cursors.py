"""The cursors of a source's streams: loading, keeping and dropping them."""

from collections.abc import Collection, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Cursor
from models import StreamCursor

SWEEP = "sweep"
"""The name under which the daily sweep keeps its time among the streams."""


def load_cursors(sessions: sessionmaker[Session], source: str, streams: Sequence[str]) -> dict[str, Cursor]:
    with sessions() as session:
        rows = session.scalars(select(StreamCursor).where(StreamCursor.source == source))
        return {row.stream: dict(row.state) for row in rows if row.state and row.stream in set(streams)}


def keep_horizon(session: Session, source: str, stream: str, day: date) -> None:
    """Keep how far back the first pull of a stream goes; what is kept stays."""
    here = (StreamCursor.source == source, StreamCursor.stream == stream, StreamCursor.horizon.is_(None))
    session.execute(update(StreamCursor).where(*here).values(horizon=day))


def finish(
    sessions: sessionmaker[Session], source: str, stream: str, error: str | None, since: datetime | None = None
) -> None:
    """Note how a stream ended; `since` is set where its past is read too, as far back. Where that is further than its first pull
    went, since the settings ask for more, it is known from there on."""
    now = datetime.now(UTC)
    with sessions.begin() as session:
        kept = session.get(StreamCursor, (source, stream))
        if kept is None:
            kept = StreamCursor(source=source, stream=stream, state={}, pulled_at=now)
            session.add(kept)
        kept.error = error
        if error is None and since is not None:
            kept.finished_at = now
            if kept.horizon is not None and kept.reached is not None:  # of a list of people there is no past
                kept.horizon = min(kept.horizon, since.date())


def drop_streams(sessions: sessionmaker[Session], source: str, streams: Collection[str]) -> None:
    """Forget the errors of streams that are no longer there, such as a channel or project that was taken from the list, and that
    their past is still to be read: nobody will. What they brought, and where they stand, stays."""
    now = datetime.now(UTC)
    with sessions.begin() as session:
        for row in session.scalars(select(StreamCursor).where(StreamCursor.source == source)):
            if row.stream in streams:
                continue
            if row.error and not row.state:
                session.delete(row)
            elif " " in row.stream:  # of something that is listed; another is there again once the source shows it
                row.error, row.finished_at = None, now


def drop_sources(session: Session, configured: Collection[str]) -> None:
    """The same for sources that are no longer configured: nothing waits for their past."""
    held = or_(StreamCursor.finished_at.is_(None), StreamCursor.error.is_not(None))
    rows = update(StreamCursor).where(StreamCursor.source.not_in(configured), held)
    session.execute(
        rows.values(finished_at=func.coalesce(StreamCursor.finished_at, StreamCursor.pulled_at), error=None)
    )

"""The daily sweep: what the source no longer has, silent edits, and records that were set aside."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector
from models import Failure, Signal, StreamCursor, WorkItem, upsert
from pipeline.ingest.store import store

SWEEP = "sweep"
"""The name under which the daily sweep keeps its time among the streams."""
SWEEP_EVERY = timedelta(hours=24)


def sweep(connector: Connector, sessions: sessionmaker[Session]) -> dict[str, int]:
    """Take away what the source no longer has and take over silent edits; returns {"signals", "removed"}."""
    counts = {"signals": 0, "removed": 0}
    for page in connector.sweep(_known(sessions, connector.name)):
        with sessions.begin() as session:
            new, removed = store(session, connector.name, page)
        counts["signals"] += new
        counts["removed"] += removed
    with sessions.begin() as session:
        _note_sweep(session, connector.name)
    return counts


def sweep_is_due(sessions: sessionmaker[Session], source: str) -> bool:
    """Whether the last sweep is a day old. The first comes a day after the first pull: until then all is fresh."""
    with sessions() as session:
        last = session.scalar(select(StreamCursor.finished_at).where(
            StreamCursor.source == source, StreamCursor.stream == SWEEP
        ))  # fmt: skip
        first = session.scalar(select(StreamCursor.pulled_at).where(StreamCursor.source == source).limit(1))
        if last is None and first is not None:
            _note_sweep(session, source)
            session.commit()
            return False
    return last is not None and datetime.now(UTC) - last >= SWEEP_EVERY


def _note_sweep(session: Session, source: str) -> None:
    now = datetime.now(UTC)
    row = {"source": source, "stream": SWEEP, "state": {}, "pulled_at": now, "finished_at": now, "error": None}
    upsert(session, StreamCursor, [row], ("source", "stream"))


def _known(sessions: sessionmaker[Session], source: str) -> Iterator[str]:
    """Ids of all items, then of all signals, each in the order of their bytes; read as they are wanted."""
    for table in (WorkItem, Signal):
        with sessions() as session:
            postgresql = session.get_bind().dialect.name == "postgresql"
            column = table.external_id.collate("C") if postgresql else table.external_id
            query = select(table.external_id).where(table.source == source).order_by(column)
            yield from session.scalars(query, execution_options={"yield_per": 5_000})


def retry_failed(connector: Connector, sessions: sessionmaker[Session]) -> dict[str, int]:
    """Read again what was set aside; returns {"read": understood now or gone, "failures": still set aside}."""
    with sessions() as session:
        rows = session.execute(
            select(Failure.stream, Failure.external_id).where(Failure.source == connector.name)
        ).all()
    aside: dict[str, list[str]] = defaultdict(list)
    for stream, record in rows:
        aside[stream].append(record)
    for stream, records in aside.items():
        for page in connector.again(stream, records):
            with sessions.begin() as session:
                store(session, connector.name, page)
    with sessions() as session:
        left = session.scalar(select(func.count()).select_from(Failure).where(Failure.source == connector.name)) or 0
    return {"read": len(rows) - left, "failures": left}

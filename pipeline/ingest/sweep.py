"""The daily sweep: deletions, silent edits, and records that were set aside."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector, Page, SourceError
from models import Failure, Signal, StreamCursor, WorkItem, upsert
from models.session import in_batches
from pipeline.ingest.border import expected
from pipeline.ingest.confirm import store_page
from pipeline.ingest.cursors import SWEEP
from pipeline.ingest.left import have_left
from pipeline.ingest.tenants import hold_to_tenant

SWEEP_EVERY = timedelta(hours=24)


MOST_REMOVED = 0.05
"""Largest fraction of a source's items or signals that a sweep may remove; more is probably a lost permission."""
ALWAYS_REMOVED = 20
"""A sweep may always remove this many, whatever the fraction."""


class MassDeletion(SourceError):
    """The sweep would have removed more than a few per cent."""

    permanent = True


def sweep(connector: Connector, sessions: sessionmaker[Session], *, force: bool = False) -> dict[str, int]:
    """Remove what the source no longer has and apply silent edits; return {"signals", "removed"}.

    Raises SourceError; MassDeletion if it would remove more than MOST_REMOVED, unless forced.
    """
    hold_to_tenant(connector, sessions)
    counts = {"signals": 0, "removed": 0}
    gone: list[str] = []
    error: SourceError | None = None
    try:
        with expected(connector.name, SWEEP):
            for page in connector.sweep(_known(sessions, connector.name)):
                gone += page.gone
                new, removed = store_page(connector, sessions, replace(page, gone=()))
                counts["signals"] += new
                counts["removed"] += removed
        if not force:
            _refuse_mass_deletion(sessions, connector.name, gone)
        for some in in_batches(gone):
            counts["removed"] += store_page(connector, sessions, Page(SWEEP, {}, gone=some))[1]
    except MassDeletion as refused:
        error = refused
    with sessions.begin() as session:
        _note_sweep(session, connector.name, error)
    if error:
        raise error
    return counts


def _refuse_mass_deletion(sessions: sessionmaker[Session], source: str, gone: Sequence[str]) -> None:
    with sessions() as session:
        for table, names in ((WorkItem, (WorkItem.external_id,)), (Signal, (Signal.external_id, Signal.item))):
            kept = session.scalar(select(func.count()).select_from(table).where(table.source == source)) or 0
            lost = 0
            for some in in_batches(sorted({*gone})):
                named = or_(*(name.in_(some) for name in names))
                lost += session.scalar(select(func.count()).where(table.source == source, named)) or 0
            if lost > max(ALWAYS_REMOVED * len(names) ** 2, MOST_REMOVED * kept):
                raise MassDeletion(
                    source,
                    f"{lost:,} of {kept:,} {table.__tablename__.replace('_', ' ')}s seem to be gone, more than "
                    f"{MOST_REMOVED:.0%}; nothing is removed.",
                    "Check with `leeway check` that the account still has the same access; if it is really all gone: "
                    f"leeway sync {source} --sweep --force.",
                )


def sweep_is_due(sessions: sessionmaker[Session], source: str) -> bool:
    """Return True if the last sweep is a day old. The first runs a day after the first pull: until then everything is fresh."""
    with sessions() as session:
        last = session.scalar(
            select(StreamCursor.finished_at).where(StreamCursor.source == source, StreamCursor.stream == SWEEP)
        )
        first = session.scalar(select(StreamCursor.pulled_at).where(StreamCursor.source == source).limit(1))
        if last is None and first is not None:
            _note_sweep(session, source)
            session.commit()
            return False
    # In both directions: a last sweep in the future was recorded by a clock that has since been set back.
    return last is not None and abs(datetime.now(UTC) - last) >= SWEEP_EVERY


def _note_sweep(session: Session, source: str, error: SourceError | None = None) -> None:
    now = datetime.now(UTC)
    said = str(error) if error else None
    row = {"source": source, "stream": SWEEP, "state": {}, "pulled_at": now, "finished_at": now, "error": said}
    upsert(session, StreamCursor, [row], ("source", "stream"))


def _known(sessions: sessionmaker[Session], source: str) -> Iterator[str]:
    """Yield the ids of all items, then of all signals, each in byte order, read lazily; without items out of scope."""
    with sessions() as session:
        left = have_left(session, source)
    for table in (WorkItem, Signal):
        with sessions() as session:
            postgresql = session.get_bind().dialect.name == "postgresql"
            column = table.external_id.collate("C") if postgresql else table.external_id
            item = table.external_id if table is WorkItem else Signal.item
            query = select(table.external_id, *([item] if left else [])).where(table.source == source).order_by(column)
            rows = session.execute(query, execution_options={"yield_per": 5_000})
            yield from (row[0] for row in rows if not left or row[-1] not in left)


def retry_failed(connector: Connector, sessions: sessionmaker[Session]) -> dict[str, int]:
    """Read again what was set aside; return {"read": parsed now or gone, "failures": still set aside}."""
    hold_to_tenant(connector, sessions)
    with sessions() as session:
        rows = session.execute(
            select(Failure.stream, Failure.external_id).where(Failure.source == connector.name)
        ).all()
    aside: dict[str, list[str]] = defaultdict(list)
    for stream, record in rows:
        aside[stream].append(record)
    failed: SourceError | None = None
    for stream, records in aside.items():
        try:
            with expected(connector.name, stream):
                for page in connector.again(stream, records):
                    store_page(connector, sessions, page)
        except SourceError as error:  # continue with the other streams
            failed = failed or error
    if failed:
        raise failed
    with sessions() as session:
        left = session.scalar(select(func.count()).select_from(Failure).where(Failure.source == connector.name)) or 0
    return {"read": len(rows) - left, "failures": left}

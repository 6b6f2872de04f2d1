"""From a source into the database: each page and its cursor in one transaction, nothing twice."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector, Page, SourceError
from models import Account, Failure, Signal, StreamCursor, WorkItem, upsert

_ITEM_NEWS = ("updated_at", "title", "text", "status", "assignee", "parent", "key", "container")
_SIGNAL_NEWS = ("at", "text", "hours", "account", "item")


def pull(
    connector: Connector, sessions: sessionmaker[Session], since: datetime,
    progress: Callable[[str, int], None] | None = None,
) -> dict[str, int]:  # fmt: skip
    """Pull every stream of a source to its end.

    Returns {"signals": new or changed ones, "failures": items set aside}. A stream that fails keeps its last good
    cursor and the error is kept with it; the others go on, and the first error is raised at the end.
    """
    counts = {"signals": 0, "failures": 0}
    failed: SourceError | None = None
    for stream in connector.streams():
        with sessions() as session:
            kept = session.get(StreamCursor, (connector.name, stream))
            cursor = dict(kept.state) if kept and kept.state else None
        try:
            for page in connector.pull(stream, cursor, since):
                with sessions.begin() as session:
                    new = store(session, connector.name, page)
                counts["signals"] += new
                counts["failures"] += len(page.failures)
                if progress:
                    progress(stream, new)
        except SourceError as error:
            failed = failed or error
            _finish(sessions, connector.name, stream, str(error))
        else:
            _finish(sessions, connector.name, stream, None)
    if failed:
        raise failed
    return counts


def store(session: Session, source: str, page: Page) -> int:
    """Write one page with its cursor; returns how many signals were new or changed."""
    accounts = [
        {**asdict(account), "email": account.email.lower() if account.email else None} for account in page.accounts
    ]
    upsert(session, Account, accounts, ("source", "external_id"), ("name", "email", "bot", "time_zone"))
    upsert(session, WorkItem, _items(page), ("source", "external_id"), _ITEM_NEWS)
    rows = [
        asdict(signal) | {"mentions": list(signal.mentions), "detail": dict(signal.detail)} for signal in page.signals
    ]
    changed = upsert(session, Signal, rows, ("source", "external_id"), _SIGNAL_NEWS)
    if changed:
        touched = sorted({signal.item for signal in page.signals})
        for first in range(0, len(touched), 500):
            some = touched[first : first + 500]
            session.execute(
                update(WorkItem).where(WorkItem.source == source, WorkItem.external_id.in_(some)).values(stale=True)
            )
    now = datetime.now(UTC)
    failures = [asdict(failure) | {"at": now} for failure in page.failures]
    upsert(session, Failure, failures, ("source", "stream", "external_id"))
    cursor = {"source": source, "stream": page.stream, "state": dict(page.cursor), "pulled_at": now}
    upsert(session, StreamCursor, [cursor], ("source", "stream"))
    return changed


def _items(page: Page) -> Iterable[dict[str, Any]]:
    for item in page.items:
        yield asdict(item) | {"labels": list(item.labels), "mentions": list(item.mentions), "stale": True}


def _finish(sessions: sessionmaker[Session], source: str, stream: str, error: str | None) -> None:
    now = datetime.now(UTC)
    with sessions.begin() as session:
        kept = session.get(StreamCursor, (source, stream))
        if kept is None:
            kept = StreamCursor(source=source, stream=stream, state={}, pulled_at=now)
            session.add(kept)
        kept.error = error
        if error is None:
            kept.finished_at = now

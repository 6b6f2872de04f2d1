"""One source, one tenant: data of different sites, workspaces or accounts is never mixed.

Ids are unique, and cursors meaningful, only within one tenant. The first pull records the source's tenant, and each pull, sweep
and measurement checks it before asking for anything else.
"""

from datetime import UTC, datetime

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector, Page
from connectors.errors import SourceError
from connectors.tenant import Recognising, Tenant, Tenanted
from models import Account, Failure, FormerKey, Signal, StreamCursor, WorkItem, upsert
from models import Tenant as Kept
from pipeline.ingest.border import expected
from pipeline.ingest.cursors import SWEEP
from pipeline.ingest.store import store

log = structlog.get_logger()
_SAMPLE = 20
"""The newest items by which a nameless tenant is recognised at another address: an earlier copy lacks them."""
_AT_ONCE = 2_000
"""Items removed in one transaction."""


class OtherTenant(SourceError):
    """The settings lead to a different site, workspace or account than the one read so far."""

    permanent = True

    def __init__(self, source: str, kept: str, since: datetime, now: str) -> None:
        super().__init__(
            source,
            f"the settings lead to {now}, but the stored data came from {kept} (since {since:%Y-%m-%d}). Nothing is read, so "
            "that the two are not mixed.",
            "If that is a mistake, restore the former address and token. To switch to the new one: "
            f"`leeway source replace {source}`, which removes the old data and reads the new one. If it holds the same "
            f"records with the same ids: `leeway source accept {source}`.",
        )


def kept_tenant(session: Session, source: str) -> Kept | None:
    """Return the source's tenant at the last pull."""
    return session.get(Kept, source)


def refused_tenant(session: Session, source: str) -> OtherTenant | None:
    """Return the error of the last pull if it refused the tenant."""
    kept = kept_tenant(session, source)
    return OtherTenant(source, kept.label, kept.since, kept.refused) if kept is not None and kept.refused else None


def found_tenant(connector: Connector) -> Tenant | None:
    """Return the tenant that the settings lead to; None if the source does not say. Raises SourceError."""
    with expected(connector.name, "whose it is"):
        found = connector.tenant() if isinstance(connector, Tenanted) else None
    return found if found is not None and (found.id or found.address) else None


def compared(connector: Connector, sessions: sessionmaker[Session]) -> tuple[Tenant | None, Kept | None, bool]:
    """Return the tenant by the settings (None if unknown), the one at the last pull, and whether both are the same.

    Raises SourceError.
    """
    now = found_tenant(connector)
    with sessions() as session:
        kept = kept_tenant(session, connector.name)
    return now, kept, now is not None and kept is not None and _is_the_kept_one(connector, sessions, kept, now)


def hold_to_tenant(connector: Connector, sessions: sessionmaker[Session]) -> None:
    """Record the source's tenant the first time; later raise OtherTenant if it is a different one. Raises SourceError."""
    now, kept, is_same = compared(connector, sessions)
    if now is None:
        return
    if kept is None:
        keep_tenant(sessions, connector.name, now)
    elif is_same:
        if (kept.external_id or now.id, now.address, now.label, None) != _said(kept):
            keep_tenant(sessions, connector.name, now, kept)
    elif not _holds_anything(sessions, connector.name):
        # The token was wrong from the start: delete what is known of its streams and people.
        remove_all(connector.name, sessions)
        keep_tenant(sessions, connector.name, now)
    else:
        error = OtherTenant(connector.name, kept.label, kept.since, now.label)
        _note_refusal(sessions, connector.name, now.label, str(error))
        raise error


def _is_the_kept_one(connector: Connector, sessions: sessionmaker[Session], kept: Kept, now: Tenant) -> bool:
    """Return True if it is the same tenant, including a server without an id that has a new address but still holds the stored
    records. Raises SourceError."""
    was = Tenant(kept.external_id, kept.address, kept.label)
    if was.is_same(now):
        return True
    if not (was.is_nameless() and now.is_nameless() and isinstance(connector, Recognising)):
        return False
    newest = select(WorkItem.external_id, WorkItem.created_at).where(
        WorkItem.source == connector.name, WorkItem.created_at.is_not(None)
    )
    with sessions() as session:
        rows = session.execute(newest.order_by(WorkItem.created_at.desc()).limit(_SAMPLE)).all()
    with expected(connector.name, "whose it is"):
        return connector.recognises([(id_, at) for id_, at in rows if at is not None])


def keep_tenant(sessions: sessionmaker[Session], source: str, now: Tenant, kept: Kept | None = None) -> None:
    """Store the source's tenant; `kept` is the record so far, if only its name changed."""
    row = {
        "source": source,
        "external_id": now.id or (kept.external_id if kept else ""),
        "address": now.address[:300],
        "label": now.label[:400],
        "since": kept.since if kept else datetime.now(UTC),
        "refused": None,
    }
    with sessions.begin() as session:
        upsert(session, Kept, [row], ("source",))
    log.info("tenant", source=source, label=now.label)


def remove_all(source: str, sessions: sessionmaker[Session]) -> int:
    """Remove everything a source brought, its cursors first; return the number of items and signals. If interrupted, the next
    call removes the rest, and a pull in between starts from the beginning."""
    with sessions.begin() as session:
        for table in (StreamCursor, Failure, FormerKey):
            session.execute(delete(table).where(table.source == source))
    removed = 0
    for column in (WorkItem.external_id, Signal.external_id):
        while True:
            with sessions.begin() as session:
                named = select(column).where(column.class_.source == source)
                some: list[str] = list(session.scalars(named.limit(_AT_ONCE)))
                if not some:
                    break
                removed += store(session, source, Page("all", None, gone=some))[1]
    with sessions.begin() as session:
        session.execute(delete(Account).where(Account.source == source))
    return removed


def _holds_anything(sessions: sessionmaker[Session], source: str) -> bool:
    with sessions() as session:
        return any(
            session.scalar(select(table.id).where(table.source == source).limit(1)) is not None
            for table in (WorkItem, Signal)
        )


def _said(kept: Kept) -> tuple[str, str, str, str | None]:
    return kept.external_id, kept.address, kept.label, kept.refused


def _note_refusal(sessions: sessionmaker[Session], source: str, now: str, why: str) -> None:
    """Record it where people look: with the source, and with each of its streams."""
    with sessions.begin() as session:
        session.execute(update(Kept).where(Kept.source == source).values(refused=now))
        session.execute(
            update(StreamCursor).where(StreamCursor.source == source, StreamCursor.stream != SWEEP).values(error=why)
        )

"""A lease on a piece of work: one holder at a time, by a conditional update; a dead holder's lease runs out."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, or_, update
from sqlalchemy.orm import Session, sessionmaker

from models import Lease, upsert


@contextmanager
def hold(sessions: sessionmaker[Session], name: str, longest: timedelta) -> Iterator[bool]:
    """Yields whether the lease is ours. It is given back at the end, and lost after `longest`."""
    holder, now = uuid.uuid4().hex, datetime.now(UTC)
    with sessions.begin() as session:
        # The row must exist before it can be claimed; one who comes second changes nothing.
        upsert(session, Lease, [{"name": name, "holder": "", "until": now}], ("name",), keep=True)
        free = or_(Lease.holder == "", Lease.until < now)
        statement = update(Lease).where(Lease.name == name, free).values(holder=holder, until=now + longest)
        mine = getattr(session.execute(statement), "rowcount", 0) == 1
    try:
        yield mine
    finally:
        if mine:
            with sessions.begin() as session:
                session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))

"""A lease on a piece of work: one holder at a time, by a conditional update. It is renewed while its holder lives, and expires
within SECONDS of the holder's death."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import delete, or_, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from models import Lease, upsert
from models.changed import rows_changed

log = structlog.get_logger()
SECONDS = 60.0
SKEW = timedelta(minutes=10)
"""How far workers' clocks may differ. A time further ahead was written by a clock that has been set back since."""


@contextmanager
def hold(sessions: sessionmaker[Session], name: str, seconds: float | None = None) -> Iterator[bool]:
    """Yield True if the lease was acquired. It is released at the end, and expires `seconds` after its holder's death."""
    seconds = SECONDS if seconds is None else seconds
    holder, now = uuid.uuid4().hex, datetime.now(UTC)
    with sessions.begin() as session:
        # The row must exist before it can be claimed; a second insert changes nothing.
        upsert(session, Lease, [{"name": name, "holder": "", "until": now}], ("name",), keep=True)
        free = or_(Lease.holder == "", Lease.until < now, Lease.until > _until(seconds) + SKEW)
        statement = update(Lease).where(Lease.name == name, free).values(holder=holder, until=_until(seconds))
        mine = rows_changed(session, statement) == 1
    done = threading.Event()
    if mine:
        threading.Thread(target=_renew, args=(sessions, name, holder, seconds, done), daemon=True).start()
    try:
        yield mine
    finally:
        done.set()
        if mine:
            with sessions.begin() as session:
                session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))


def _until(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def _renew(sessions: sessionmaker[Session], name: str, holder: str, seconds: float, done: threading.Event) -> None:
    while not done.wait(max(0.1, seconds / 4)):
        try:
            with sessions.begin() as session:
                mine = (Lease.name == name, Lease.holder == holder)
                session.execute(update(Lease).where(*mine).values(until=_until(seconds)))
        except SQLAlchemyError as error:  # retried on the next turn; work done twice in the meantime is harmless
            log.warning("a lease could not be renewed", lease=name, reason=type(error).__name__)


def due(sessions: sessionmaker[Session], name: str, now: datetime) -> bool:
    """Return True if the time set by `not_before` has come, or if it was set by a clock that was ahead."""
    with sessions() as session:
        row = session.get(Lease, name)
        return row is None or row.until <= now or _was_ahead(row.holder, now)


def _was_ahead(set_at: str, now: datetime) -> bool:
    try:
        return datetime.fromisoformat(set_at) > now + SKEW
    except ValueError:  # written by an older version, without a time
        return False


def not_before(sessions: sessionmaker[Session], name: str, now: datetime, pause: timedelta = timedelta()) -> None:
    """Set the pause after which `name` is due again."""
    with sessions.begin() as session:
        row = {"name": name, "holder": now.astimezone(UTC).isoformat(), "until": now + pause}
        upsert(session, Lease, [row], ("name",))


def once_every(sessions: sessionmaker[Session], name: str, pause: timedelta) -> bool:
    """Return True once per `pause`; for workers that wake more often."""
    now = datetime.now(UTC)
    if not due(sessions, name, now):
        return False
    not_before(sessions, name, now, pause)
    return True

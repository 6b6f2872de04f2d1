"""A stage's pending chunks in the database: any number of workers take them, each chunk one worker at a time.

On PostgreSQL a worker holds the row lock while it works (`FOR UPDATE SKIP LOCKED`), so the chunk of a killed worker is free as
soon as its connection closes. SQLite has a single writer; a lease on the whole analysis replaces the lock there (lease.py).
"""

from collections.abc import Callable, Mapping
from typing import Any
from zlib import crc32

from sqlalchemy import delete, exists, false, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from models import Chunk, Lease, upsert
from pipeline.queue.garbage import few_collections

RunChunk = Callable[[Session, Chunk], None]


def add(session: Session, stage: str, parts: Mapping[str, Mapping[str, Any]]) -> None:
    """Queue chunks by name. An existing one is written again, so that nobody can remove it before this is committed."""
    rows = [{"stage": stage, "name": name, "detail": dict(parts[name])} for name in sorted(parts)]
    upsert(session, Chunk, rows, ("stage", "name"))


def left(session: Session, stage: str) -> bool:
    """Return True if any chunk is pending, taken or not."""
    return bool(session.scalar(select(exists().where(Chunk.stage == stage))))


def take_all(session: Session, stage: str) -> list[str]:
    """Return the names of all chunks and delete them in this transaction."""
    found = session.execute(
        select(Chunk.id, Chunk.name).where(Chunk.stage == stage).order_by(Chunk.name).with_for_update()
    ).all()
    session.execute(delete(Chunk).where(Chunk.id.in_([id_ for id_, _ in found])))
    return [name for _, name in found]


@few_collections()
def take(
    sessions: sessionmaker[Session], stage: str, run: RunChunk, progress: Callable[[int], None] | None = None
) -> int:
    """Run chunks until none is free; return how many. Each is deleted in the transaction that stores its results."""
    done = 0
    while True:
        with sessions.begin() as session:
            free = select(Chunk).where(Chunk.stage == stage).order_by(Chunk.id).limit(1)
            chunk = session.scalar(free.with_for_update(skip_locked=True))
            if chunk is None:
                return done
            run(session, chunk)
            session.delete(chunk)
        done += 1
        if progress:
            progress(done)


def alone(session: Session, name: str) -> bool:
    """Try to take the lock `name` until this transaction ends; return True on success.

    Without advisory locks, the transaction becomes the single writer immediately.
    """
    if session.get_bind().dialect.name == "postgresql":
        return bool(session.scalar(select(func.pg_try_advisory_xact_lock(crc32(f"leeway {name}".encode())))))
    write_now(session)
    return True


def write_now(session: Session) -> None:
    """On SQLite, become the single writer before reading anything, so that what is read cannot change before the write."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(update(Lease).where(false()).values(holder=""))

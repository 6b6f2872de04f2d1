"""Pending chunks of a stage, in the database: any number of workers take them, each chunk by one worker at a time.

On PostgreSQL a worker holds the row's lock while it works (`FOR UPDATE SKIP LOCKED`), so the chunks of one that was killed are
free as soon as its connection is gone. SQLite has one writer; there a lease on the whole analysis stands for it (lease.py).
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
    """Note chunks, by name. One that is there is written again, so that nobody takes it away before this is committed."""
    rows = [{"stage": stage, "name": name, "detail": dict(parts[name])} for name in sorted(parts)]
    upsert(session, Chunk, rows, ("stage", "name"))


def left(session: Session, stage: str) -> bool:
    """Whether any chunk is not done, free or not."""
    return bool(session.scalar(select(exists().where(Chunk.stage == stage))))


def take_all(session: Session, stage: str) -> list[str]:
    """The names of all chunks, which are gone with this transaction."""
    found = session.execute(
        select(Chunk.id, Chunk.name).where(Chunk.stage == stage).order_by(Chunk.name).with_for_update()
    ).all()
    session.execute(delete(Chunk).where(Chunk.id.in_([id_ for id_, _ in found])))
    return [name for _, name in found]


@few_collections()
def take(
    sessions: sessionmaker[Session], stage: str, run: RunChunk, progress: Callable[[int], None] | None = None
) -> int:
    """Run chunks until none is free; returns how many. Each is gone in the transaction that holds its results."""
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
    """Whether nobody else is inside `name`; until this transaction ends nobody will be.

    Where there are no advisory locks, the transaction becomes the one writer at once.
    """
    if session.get_bind().dialect.name == "postgresql":
        return bool(session.scalar(select(func.pg_try_advisory_xact_lock(crc32(f"leeway {name}".encode())))))
    write_now(session)
    return True


def write_now(session: Session) -> None:
    """On SQLite, become the one writer before anything is read, so that what is read cannot change before it is written."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(update(Lease).where(false()).values(holder=""))

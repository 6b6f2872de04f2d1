"""Encode what changed: words of stale items, lot by lot, the newest first, each distinct text once.

Any number of workers take lots at once; the rows of a lot stay locked until its vectors are stored.
"""

from collections.abc import Callable

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from models import Vector, WorkItem, upsert
from models.session import in_lots
from pipeline.encode.encoder import Encoder, text_hash
from pipeline.items import Work, load_work
from pipeline.queue import chunks, fingerprint
from pipeline.queue.chunks import write_now

LOT = 1000
"""Items that a worker takes at once, and at most the work that a kill loses."""


def encode_pending(
    sessions: sessionmaker[Session], encoder: Encoder, progress: Callable[[int, int], None] | None = None
) -> tuple[int, int]:
    """Encode the words of all stale items that nobody else has; returns (items that changed, texts encoded)."""
    with sessions.begin() as session:
        if chunks.alone(session, "encode") and fingerprint.differs(session, "encode", encoder.name):
            fingerprint.keep(session, "encode", encoder.name)  # another model: all vectors are made again
            session.execute(update(WorkItem).where(WorkItem.stale.is_(False)).values(stale=True))
    with sessions() as session:
        waiting = session.scalar(select(func.count()).select_from(WorkItem).where(WorkItem.stale)) or 0
    items = texts = 0
    while True:
        with sessions.begin() as session:
            write_now(session)
            lot = _take(session)
            if not lot:
                return items, texts
            texts += _encode(session, encoder, lot)
        items += len(lot)
        if progress:
            progress(items, max(items, waiting))


def _take(session: Session) -> list[Work]:
    query = select(WorkItem.id).where(WorkItem.stale).order_by(WorkItem.updated_at.desc(), WorkItem.id).limit(LOT)
    ids = list(session.scalars(query.with_for_update(skip_locked=True)))
    return load_work(session, ids) if ids else []


def _encode(session: Session, encoder: Encoder, lot: list[Work]) -> int:
    hashes = {text_hash(one.item.words): one.item.words for one in lot if one.item.words and not one.kept_hash}
    known = _known(session, list(hashes), encoder.name)
    missing = sorted(name for name in hashes if name not in known)  # sorted: two workers must not wait for each other
    if missing:
        vectors = encoder.encode([hashes[name] for name in missing])
        rows = [
            {"text_hash": name, "model": encoder.name, "data": vector.tobytes()}
            for name, vector in zip(missing, vectors, strict=True)
        ]
        upsert(session, Vector, rows, ("text_hash", "model"))
    marks = [
        {"id": one.row, "stale": False, "unmatched": True,
         "text_hash": one.kept_hash or (text_hash(one.item.words) if one.item.words else None)}
        for one in lot
    ]  # fmt: skip
    session.execute(update(WorkItem), marks)
    return len(missing)


def _known(session: Session, hashes: list[str], model: str) -> set[str]:
    found: set[str] = set()
    for some in in_lots(hashes):
        found |= set(session.scalars(select(Vector.text_hash).where(Vector.model == model, Vector.text_hash.in_(some))))
    return found

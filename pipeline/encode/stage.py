"""Encode what changed: the words of stale items in batches, newest first, each distinct text once.

Any number of workers may take batches at once; the rows of a batch stay locked until its vectors are stored.
"""

from collections.abc import Callable

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from models import Vector, WorkItem, upsert
from models.session import in_batches
from pipeline.encode.encoder import Encoder, text_hash
from pipeline.items import LoadedItem, load_items
from pipeline.queue import chunks, fingerprint
from pipeline.queue.chunks import write_now
from pipeline.said import VERSION

BATCH = 1000
"""Items per batch, and the most work lost when a worker is killed."""


def encode_pending(
    sessions: sessionmaker[Session],
    encoder: Encoder,
    progress: Callable[[int, int], None] | None = None,
    enough: Callable[[Session], bool] | None = None,
) -> tuple[int, int]:
    """Encode the words of all stale items that no other worker holds, or until `enough` returns True; return (items encoded,
    texts encoded)."""
    with sessions.begin() as session:
        made = f"{encoder.name}, words {VERSION}"
        if chunks.alone(session, "encode") and fingerprint.differs(session, "encode", made):
            fingerprint.keep(
                session, "encode", made
            )  # the model or the choice of words changed: encode everything again
            session.execute(update(WorkItem).where(WorkItem.stale.is_(False)).values(stale=True))
    with sessions() as session:
        waiting = session.scalar(select(func.count()).select_from(WorkItem).where(WorkItem.stale)) or 0
    items = texts = 0
    while True:
        with sessions.begin() as session:
            if items and enough is not None and enough(session):
                return items, texts
            write_now(session)
            batch = _take(session)
            if not batch:
                return items, texts
            texts += _encode(session, encoder, batch)
        items += len(batch)
        if progress:
            progress(items, max(items, waiting))


def _take(session: Session) -> list[LoadedItem]:
    query = select(WorkItem.id).where(WorkItem.stale).order_by(WorkItem.updated_at.desc(), WorkItem.id).limit(BATCH)
    ids = list(session.scalars(query.with_for_update(skip_locked=True)))
    return load_items(session, ids) if ids else []


def _encode(session: Session, encoder: Encoder, batch: list[LoadedItem]) -> int:
    hashes = {text_hash(one.item.words): one.item.words for one in batch if one.item.words and not one.kept_hash}
    known = _known(session, list(hashes), encoder.name)
    missing = sorted(name for name in hashes if name not in known)  # sorted, so that two workers cannot deadlock
    if missing:
        vectors = encoder.encode([hashes[name] for name in missing])
        rows = [
            {"text_hash": name, "model": encoder.name, "data": vector.tobytes()}
            for name, vector in zip(missing, vectors, strict=True)
        ]
        upsert(session, Vector, rows, ("text_hash", "model"))
    marks = [
        {
            "id": one.row,
            "stale": False,
            "unmatched": True,
            "text_hash": one.kept_hash or (text_hash(one.item.words) if one.item.words else None),
        }
        for one in batch
    ]
    session.execute(update(WorkItem), marks)
    return len(missing)


def _known(session: Session, hashes: list[str], model: str) -> set[str]:
    found: set[str] = set()
    for some in in_batches(hashes):
        found |= set(session.scalars(select(Vector.text_hash).where(Vector.model == model, Vector.text_hash.in_(some))))
    return found

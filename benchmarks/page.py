"""How fast the page's first view answers with a million signals stored: `python -m benchmarks.page`.

Over HTTP from a server process of its own; beside it an empty handler of the same app, so that the ratio says what the page
itself costs.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from leeway.app import App
from leeway.settings import DatabaseSettings, Settings, WebSettings
from models import Signal, upsert
from tests.web.conftest import fill
from web.auth import sign_in_token

PORT = 8497


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
        config = Path(folder) / "leeway.toml"
        config.write_text(f'[database]\nurl = "{url}"\n[web]\nport = {PORT}\n')
        server = subprocess.Popen(
            [sys.executable, "-m", "leeway.cli", "--config", str(config), "web"], stdout=subprocess.DEVNULL
        )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{PORT}") as client:
                wait(client)
                client.get("/sign-in", params={"token": sign_in_token(app, "company")})
                client.post("/sign-in")
                cold = took(client, "/")
                warm = [took(client, "/") for _ in range(60)]
                empty = [took(client, "/healthz") for _ in range(60)]
        finally:
            server.terminate()
            server.wait()
    page, nothing = 1000 * statistics.median(warm), 1000 * statistics.median(empty)
    print(
        f"{given.signals} signals stored. First view: median {page:.1f} ms (wanted 200), the very first {1000 * cold:.0f} ms; "
        f"empty handler {nothing:.1f} ms; ratio {page / nothing:.1f}"
    )


def took(client: httpx.Client, path: str) -> float:
    """Seconds of one answer."""
    start = time.perf_counter()
    assert client.get(path).status_code == 200
    return time.perf_counter() - start


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

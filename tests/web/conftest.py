"""A company with shares, drifts and hostile texts, without a pull; and a real browser."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from inspect import unwrap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import uvicorn
from fastapi import routing
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from sqlalchemy.orm import Session
from starlette.types import ASGIApp

from leeway.app import App
from leeway.settings import Settings
from models import Cycle, Drift, Effort, Match, Person, Question, Share, Theme, WorkItem, connect
from pipeline.queue import chunks
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from pipeline.share import stage as shares
from simulator.company import register_yaml
from simulator.server import Simulator
from tests.conftest import TODAY, newest_sqlite
from web import frame
from web.app import make

MONDAY = date(2026, 7, 6)
HOSTILE = '<script>fetch("https://evil.example/")</script><img src=x onerror=alert(1)> <!channel> *bold*'
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium")


class Compiled(BytecodeCache):
    """Keeps what templates are compiled to: each test has a page of its own, of the same templates."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key, bucket.checksum] = bucket.code


frame.Environment = partial(Environment, bytecode_cache=Compiled())  # type: ignore[misc]


class Analysed:
    """Keeps what FastAPI reads of each endpoint: each test has a page of its own, of the same endpoints, and most of the
    time of making one is FastAPI looking at their signatures."""

    def __init__(self) -> None:
        self.kept: dict[tuple[Any, ...], Any] = {}
        self.dependant, self.body = routing.get_dependant, routing._get_body_field

    def dependant_of(self, *, path: str, call: Any, scope: Any) -> Any:
        """What an endpoint takes; all that it depends on are functions of modules, and belong to no page."""
        key = path, unwrap(call).__code__, scope
        if key not in self.kept:
            self.kept[key] = self.dependant(path=path, call=call, scope=scope)
        return replace(self.kept[key], call=call)

    def body_of(self, *, body_params: list[Any], name: str, embed_body_fields: bool) -> Any:
        """The body of those fields, which are those that were read first and stay."""
        key = name, *map(id, body_params), embed_body_fields
        if key not in self.kept:
            self.kept[key] = self.body(body_params=body_params, name=name, embed_body_fields=embed_body_fields)
        return self.kept[key]


if hasattr(routing, "get_dependant") and hasattr(routing, "_get_body_field"):  # FastAPI's own names, which may change
    analysed = Analysed()
    routing.get_dependant, routing._get_body_field = analysed.dependant_of, analysed.body_of


def fill(session: Session) -> None:
    """Ten weeks of shares for the company and two teams, two drifts, and items whose titles attack the page."""
    text = register_yaml(TODAY).replace("Velora Bikes", '"Velora <b>Bikes</b>"')
    version, _ = load_register(session, parse(text), text)
    keys = ["O1", "O2", "O3", "O4", "O5", ""]
    for n in range(10):
        week = MONDAY - timedelta(weeks=9 - n)
        for scope in ("company", "app", "fleet"):
            for place, key in enumerate(keys):
                share, low, high = [0.2, 0.15, 0.15, 0.1, 0.1, 0.3][place], 0.05, 0.4
                if n == 9 and key == "":
                    share, low, high = 0.5, 0.4, 0.6
                session.add(
                    Share(
                        week=week,
                        scope=scope,
                        objective=key,
                        share=share,
                        low=low,
                        high=high,
                        coverage=0.9,
                        person_days=100,
                    )
                )
            session.add(
                Share(
                    week=week,
                    scope=scope,
                    objective="top",
                    share=0.5 - 0.02 * n,
                    low=0.4 - 0.02 * n,
                    high=0.6 - 0.02 * n,
                    coverage=0.9,
                    person_days=100,
                )
            )
    for scope in ("company", "fleet"):
        session.add(
            Drift(
                kind="drift",
                scope=scope,
                state="raised",
                severity="high",
                raised_on=date(2026, 7, 3),
                start=date(2026, 6, 15),
                before=0.5,
                after=0.3,
                low=-0.28,
                high=-0.12,
                absorbed_by=[["", 23.0], ["O4", -1.2], ["O5", -1.8]],
                explanation={
                    "themes": [{"name": HOSTILE, "points": 12.0, "teams": ["app"], "examples": [HOSTILE]}],
                    "teams": [{"team": "app", "before": 0.6, "after": 0.3, "points": -9.0}],
                },
            )
        )
    weeks = {"app": {(MONDAY - timedelta(weeks=n)).isoformat(): 10.0 for n in range(3)}}
    session.add(
        Theme(
            name=HOSTILE,
            first_day=date(2026, 6, 20),
            person_days=30,
            recent_person_days=20,
            teams=[["app", 30.0]],
            items=[1, 2, 3],
            weeks=weeks,
        )
    )
    person = Person(email="nele.brandt@velora.example", team="app")
    session.add(person)
    session.flush()
    for n in range(3):
        item = WorkItem(
            source="jira",
            external_id=str(n),
            key=f"APP-{n}",
            kind="task",
            container="APP",
            labels=[],
            title=f"{HOSTILE} {n}",
            text=HOSTILE,
            mentions=[],
            url="javascript:alert(1)",
            stale=False,
        )
        session.add(item)
        session.flush()
        session.add(
            Match(
                work_item_id=item.id, version_id=version, probabilities={"O3.1": 0.3, "O1.3": 0.2}, evidence=[HOSTILE]
            )
        )
        session.add(Question(work_item_id=item.id, rank=n))
        session.add(Effort(day=date(2026, 7, 1 + n), person_id=person.id, work_item_id=item.id, person_days=1.0))
    began = MONDAY - timedelta(weeks=9)  # the first of ten weeks
    session.add(Effort(day=began, person_id=person.id, work_item_id=item.id, person_days=0.0))
    now = datetime(2026, 7, 10, 20, tzinfo=UTC)
    session.add(Cycle(started_at=now, finished_at=now, through=MONDAY + timedelta(days=6), seconds={}, counts={}))


@cache
def _filled() -> bytes:
    """A filled SQLite file: filled once, and copied for each test."""
    with TemporaryDirectory(prefix="leeway-filled-") as folder:
        engine = connect(newest_sqlite(Path(folder, "page.db")))
        with Session(engine) as session, session.begin():
            fill(session)
        engine.dispose()
        return Path(folder, "page.db").read_bytes()


def app_with(folder: Path, **sections: dict[str, Any]) -> App:
    """An App on a filled database."""
    (folder / "page.db").write_bytes(_filled())
    given = {"database": {"url": f"sqlite:///{folder / 'page.db'}"}, **sections}
    return App(
        Settings.model_construct(**Settings.model_validate(given).__dict__), now=datetime(2026, 7, 10, 21, tzinfo=UTC)
    )


def settled_app(tmp_path: Path, **sections: Any) -> App:
    """With shares that a cycle has just ended with."""
    app = app_with(tmp_path, **sections)
    with app.sessions.begin() as session:
        shares.plan(session, app.register()[0], 5, app.settings.drift.unseen)
        chunks.take_all(session, "share")
    return app


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Without Slack."""
    return app_with(tmp_path)


@pytest.fixture
def slack_app(tmp_path: Path, company: Simulator) -> App:
    """With the simulated Slack, its buttons answered over HTTP."""
    slack = company.settings()["slack"] | {"signing_secret": "s3cret"}
    return app_with(tmp_path, slack=slack, web={"url": "https://leeway.example"})


@contextmanager
def listening(served: ASGIApp) -> Iterator[str]:
    """The address of an ASGI app on a loopback port, as long as it is wanted."""
    server = uvicorn.Server(uvicorn.Config(served, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 300  # only a hang takes so long
    while not server.started:
        assert time.monotonic() < end
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)


@pytest.fixture
def served(app: App) -> Iterator[str]:
    """The page on a loopback port."""
    with listening(make(app)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, started once a module: as long as it is there, nothing else can run a loop of its own in this thread."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()

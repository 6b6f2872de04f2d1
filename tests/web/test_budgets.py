"""What a page may weigh and cost: bytes of all that the first view fetches, seconds of the processor, reads of effort."""

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from urllib.parse import unquote, urljoin

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, insert, select
from starlette.requests import Request

from benchmarks.page import PLACES
from leeway.app import App
from models import Cycle, Effort, Match, Person, Share, WorkItem
from tests.web.conftest import MONDAY
from web import drawing
from web.app import make
from web.auth import WITHIN, sign_in_token
from web.ready import LATELY, Looked, read_pages

FIRST_VIEW = 150_000
"""Bytes of the page with its style, script and pictures: 300,000 are allowed, and other companies have more objectives."""
SECONDS = 1.0
"""Of the processor, for a page of a company of the demo's size; it takes a twentieth of this."""
ITEMS, PEOPLE, EACH = 6_746, 60, 4


@pytest.fixture
def client(app: App) -> Iterator[TestClient]:
    """Signed in as ops."""
    with TestClient(make(app)) as client:
        client.get("/sign-in", params={"token": sign_in_token(app, "ops")})
        client.post("/sign-in")
        yield client


def test_the_company_of_the_demos_size_is_shown_within_its_budgets(app: App, client: TestClient) -> None:
    _as_large_as_the_demo(app)
    page = client.get("/")  # the charts are drawn, what is imported once is imported
    fetched = {page.request.url.path: len(page.content)}
    for address in re.findall(r'<(?:script|img|link)\b[^>]*?(?:src|href)="([^"]+)"', page.text):
        if not address.startswith("data:"):
            answer = client.get(urljoin("/", address))
            assert answer.status_code == 200, address
            fetched[address] = len(answer.content)
    assert any(name.endswith(".css") for name in fetched), fetched
    assert any(name.endswith(".js") for name in fetched), fetched
    assert sum(fetched.values()) < FIRST_VIEW, fetched
    spent = []
    for _ in range(3):
        before = time.process_time()
        assert client.get("/").status_code == 200
        spent.append(time.process_time() - before)
    assert min(spent) < SECONDS, spent


def test_no_page_adds_effort_up_twice_in_a_cycle(app: App, client: TestClient) -> None:
    read: list[str] = []

    @event.listens_for(app.engine, "before_cursor_execute")
    def _(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if re.search(r"\beffort\b.*GROUP BY", statement, re.DOTALL):
            read.append(statement)

    for path in PLACES:
        assert client.get(path).status_code == 200, path
        read.clear()
        assert client.get(path).status_code == 200, path
        assert not read, (path, read)


def test_what_is_listed_is_found_again_after_a_cycle(app: App, client: TestClient) -> None:
    assert "APP-2" not in _items(client)
    with app.sessions.begin() as session:
        least = session.scalars(select(WorkItem.id).where(WorkItem.key == "APP-2")).one()
        session.get_one(Match, least).probabilities = {"O1.1": 0.9}
        person = session.scalars(select(Person.id)).first()
        session.add(Effort(day=MONDAY, person_id=person, work_item_id=least, person_days=50.0))
        last = session.scalars(select(Cycle)).one()
        again = {"started_at": last.started_at, "finished_at": last.finished_at, "through": last.through}
    assert "APP-2" not in _items(client)
    with app.sessions.begin() as session:
        session.add(Cycle(**again, seconds={}, counts={}))
    assert "APP-2" in _items(client)


def test_whoever_comes_first_after_a_cycle_finds_the_pages_ready(
    app: App, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def draw(chart: Mapping[str, object]) -> str:
        drawn.append("chart")
        return "<svg></svg>"

    monkeypatch.setattr(drawing, "svg", draw)
    drawing._picture.cache_clear()

    @event.listens_for(app.engine, "before_cursor_execute")
    def _(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if re.search(r"\beffort\b.*GROUP BY", statement, re.DOTALL):
            drawn.append(statement)

    wanted = {path for path in PLACES if re.match(r"/(teams|objectives|key-results|drifts|streams/)", path)}
    assert asyncio.run(read_pages(client.app, client.app.state.looked.lately())) == ["/"]
    for path in (*sorted(wanted), "/drifts/9999", "/search?q=app"):
        client.get(path)
    drawing._picture.cache_clear()
    with app.sessions.begin() as session:
        last = session.scalars(select(Cycle)).one()
        again = {"started_at": last.started_at, "finished_at": last.finished_at, "through": last.through}
        session.add(Cycle(**again, seconds={}, counts={}))
    drawn.clear()
    read = asyncio.run(read_pages(client.app, client.app.state.looked.lately()))
    assert {unquote(path) for path in wanted} | {"/"} == set(read)
    assert drawn
    drawn.clear()
    for path in ("/", *sorted(wanted)):
        assert client.get(path).status_code == 200, path
        assert not drawn, path
    drawing._picture.cache_clear()


def test_a_page_that_nobody_looked_at_for_a_week_is_not_made_ready(client: TestClient) -> None:
    now = 0.0
    looked = Looked(lambda: now)
    request = Request({"type": "http", "path": "/teams/app", "headers": [], "server": ("x", 80), "scheme": "http"})
    looked.at(request)
    now = LATELY
    assert looked.lately() == {"/teams/app"}
    now += 1
    assert looked.lately() == set()
    looked.at(Request(request.scope | {WITHIN: "the server itself"}))
    assert looked.lately() == set()


def _items(client: TestClient) -> str:
    """The list of a key result's largest items."""
    return client.get("/key-results/O1.1").text.partition("Its largest items")[2]


def _as_large_as_the_demo(app: App) -> None:
    """Half a year of shares of every scope and objective, and of work on as many items as the demo's company has."""
    _, register = app.register()
    teams, keys = [team.key for team in register.teams], [key.key for _, key in register.key_results()]
    days = [day for n in range(182) if (day := date(2026, 7, 10) - timedelta(days=n)).weekday() < 5]
    objectives = [*(one.key for one in register.objectives), ""]
    with app.sessions.begin() as session:
        version = session.scalars(select(Match.version_id)).first()
        session.execute(insert(Person), [{"id": 100 + n, "team": teams[n % len(teams)]} for n in range(PEOPLE)])
        session.execute(insert(WorkItem), [_item(1000 + n) for n in range(ITEMS)])
        matches = [
            {"work_item_id": 1000 + n, "version_id": version, "evidence": ["text: near"]}
            | {"probabilities": {keys[n % len(keys)]: 0.7}}
            for n in range(ITEMS)
        ]
        session.execute(insert(Match), matches)
        effort = [
            {"day": day, "person_id": 100 + who, "work_item_id": 1000 + (who * 37 + n * 11 + k * 499) % ITEMS}
            | {"person_days": 1 / EACH}
            for n, day in enumerate(days)
            for who in range(PEOPLE)
            for k in range(EACH)
        ]
        session.execute(insert(Effort), effort)
        known = set(session.execute(select(Share.week, Share.scope, Share.objective)).all())
        shares = [
            {"week": week, "scope": scope, "objective": one, "share": part, "low": part / 2, "high": part * 1.5}
            | {"coverage": 0.9, "person_days": 100.0}
            for week in (MONDAY - timedelta(weeks=n) for n in range(26))
            for scope in ("company", *teams)
            for one in (*objectives, "top")
            if (week, scope, one) not in known
            for part in (0.5 if one == "top" else 1 / len(objectives),)
        ]
        session.execute(insert(Share), shares)


def _item(id_: int) -> dict[str, object]:
    return {"id": id_, "source": "jira", "external_id": f"i{id_}", "key": f"BIG-{id_}", "kind": "task"} | {
        "container": "BIG",
        "title": f"Turnaround of order {id_}",
        "stale": False,
        "unmatched": False,
    }

"""What people of teams that are too small do is told by no face: not by a figure, nor by the difference of two.

Two companies, alike but that two people of such teams do each other's work. All that is told of any whole is the same in both,
so a face that says something else tells of them.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from fastapi.testclient import TestClient
from sqlalchemy import update
from sqlalchemy.orm import sessionmaker
from typer.testing import CliRunner

from alerts.digest import compose, team_week
from alerts.mail import Smtp
from connectors.base import Account, Page, Signal, WorkItem
from leeway.app import App
from leeway.cli import app as command_line
from leeway.settings import Settings
from models import Person, StreamCursor, connect
from models.vocabulary import COMPANY
from pipeline import cycle
from pipeline.drift.detector import DriftSettings
from pipeline.ingest.store import store
from pipeline.register.document import Team, parse
from pipeline.register.versions import load_register
from tests.conftest import HashedWords, newest_sqlite
from tests.web.test_ask import ask
from tests.web.test_pages import enter
from web.app import make
from web.auth import Viewer
from web.largest import Largest

BEGIN, DAYS, CHANGE = datetime(2026, 3, 2, 9, tzinfo=UTC), 85, 60
"""A Monday; working days; from which day on some do other work."""
NOW = datetime(2026, 6, 27, 21, tzinfo=UTC)
APP, OPS, FLEET = range(6), range(6, 10), range(10, 15)
"""Six at work; four; five on the list, of whom one is at work."""
LONE, OTHER = FLEET[0], OPS[0]
ITEMS = {
    "checkout": "Checkout in two clicks for returning customers",
    "returns": "Returns form tells sizes, so that returns fall",
    "printer": "Printer on the third floor prints blank pages",
    "museum": "Website of the museum of old machines",
}
"""The first is of a top objective, the last two of none."""


def address(person: int) -> str:
    return f"p{person}@x.example"


def measured(objective: str, title: str) -> dict[str, Any]:
    return {"key": f"{objective}.1", "title": title, "teams": ["app"]}


def register() -> str:
    teams = {"app": APP, "ops": OPS, "fleet": FLEET}
    return str(
        yaml.safe_dump(
            {
                "company": "Acme",
                "period": {"name": "H1", "start": "2026-01-01", "end": "2026-06-30"},
                "teams": [
                    {
                        "key": key,
                        "name": f"Team {key}",
                        "lead": f"{key}@x.example",
                        "members": [f"p{p}@x.example" for p in people],
                    }
                    for key, people in teams.items()
                ],
                "objectives": [
                    {
                        "key": key,
                        "title": title,
                        "priority": n,
                        "key_results": [{"key": f"{key}.1", "title": result, "teams": ["app"]}],
                    }
                    for n, (key, title, result) in enumerate(
                        [
                            ("O1", "Buying is easy", "Checkout takes two clicks"),
                            ("O2", "Fewer returns", "Returns below five percent"),
                            ("O3", "A shop abroad", "Shop open in three countries"),
                            ("O4", "A calm office", "Half as many tickets for the office"),
                        ],
                        1,
                    )
                ],
            },
            sort_keys=False,
        )
    )


def page(works: Callable[[int, int], str]) -> Page:
    """Everybody at work logs a day a day, on the item that `works` names."""
    items = [
        WorkItem("jira", name, "story", "APP", title, assignee=f"p{APP[n]}", created_at=BEGIN, key=f"APP-{n}")
        for n, (name, title) in enumerate(ITEMS.items())
    ]
    accounts = [Account("jira", f"p{n}", email=address(n)) for n in (*APP, *OPS, *FLEET)]
    signals = [
        Signal("jira", f"{person}-{day}", works(person, day), "worklog", BEGIN + timedelta(days=day), f"p{person}", 8.0)
        for person in (*APP, *OPS, LONE)
        for day in range(DAYS * 7 // 5)
        if (BEGIN + timedelta(days=day)).weekday() < 5
    ]
    return Page("s", None, items, signals, accounts)


def talk(lines: int) -> Page:
    """A source that nobody but the one who is alone writes in."""
    item = WorkItem("slack", "c-1", "message", "general", "Lunch", created_at=BEGIN)
    said = [
        Signal("slack", f"c-{n}", "c-1", "message", BEGIN + timedelta(days=1, minutes=n), f"s{LONE}")
        for n in range(lines)
    ]
    return Page("s", None, [item], said, [Account("slack", f"s{LONE}", email=address(LONE))])


def one_way(person: int, day: int) -> str:
    """Who is alone in a team leaves the top priority in the last weeks, and one of the four comes to it."""
    late = day >= CHANGE * 7 // 5
    if person == LONE:
        return "museum" if late else "checkout"
    if person == OTHER:
        return "checkout" if late else "museum"
    if person in APP:
        return list(ITEMS)[(person + day // 5) % 4]
    return ("returns", "printer", "museum")[(person + day // 3) % 3]


def other_way(person: int, day: int) -> str:
    return one_way({LONE: OTHER, OTHER: LONE}.get(person, person), day)


def with_app(person: int, day: int) -> str:
    """Somebody of the team that is shown in the place of the one who is alone."""
    return one_way({LONE: APP[0], APP[0]: LONE}.get(person, person), day)


LINES: dict[Callable[[int, int], str], int] = {one_way: 7, other_way: 11, with_app: 7}


def company(folder: Path, works: Callable[[int, int], str]) -> App:
    folder.mkdir()
    url = newest_sqlite(folder / "acme.db")
    engine = connect(url)
    sessions = sessionmaker(engine)
    with sessions.begin() as session:
        load_register(session, parse(register()), register())
        store(session, "jira", page(works))
        store(session, "slack", talk(LINES[works]))
        session.add(StreamCursor(source="slack", stream="s", state={}, pulled_at=NOW, finished_at=NOW))
    analysis = cycle.Analysis(sessions, HashedWords(), DriftSettings(), NOW)
    analysis.encode(cycle.Report())
    assert analysis.join(cycle.Report())
    engine.dispose()
    (folder / "leeway.toml").write_text(f'[database]\nurl = "{url}"\n')
    given = Settings.model_validate({"database": {"url": url}})
    return App(Settings.model_construct(**given.__dict__), now=NOW)


def pages(app: App, role: str, team: str | None = None) -> Iterator[tuple[str, str]]:
    """Every page and export that a link leads to, and those of the small teams that none should."""
    client = enter(TestClient(make(app)), app, role, team)
    todo = ["/", "/metrics", "/teams/fleet", "/teams/ops", "/api/fleet/shares.json", "/api/ops/shares.csv", "/streams"]
    seen = {"/labels"} if role == "team" else set()  # a lead is asked about what the team works on, without a figure
    while todo:
        path = todo.pop()
        if path not in seen and not path.startswith("/static"):
            seen.add(path)
            answer = client.get(path)
            yield f"{role}: {path}", f"{answer.status_code} {answer.text}"
            if "html" in answer.headers.get("content-type", ""):
                todo += re.findall(r'href="(/[^"#?]*)', answer.text)


def assistant(app: App) -> Iterator[tuple[str, str]]:
    """What an assistant is answered."""
    asked: list[tuple[str, dict[str, Any]]] = [
        ("shares", {}),
        ("shares", {"team": "app"}),
        ("drifts", {}),
        ("streams", {}),
        ("streams", {"team": "app"}),
        ("progress", {}),
        ("evidence", {"key_result": "O1.1"}),
        ("evidence", {"stream": ITEMS["museum"]}),
    ]
    for name, given in asked:
        yield f"{name} {given}", json.dumps(ask(app, Viewer("company", None), name, **given))


def mails(app: App) -> Iterator[tuple[str, str]]:
    """Each team's digest, where it has one."""
    _, plan = app.register()
    with app.sessions() as session:
        for team in (*plan.teams, Team(key=COMPANY, name="Acme", lead="coo@x.example")):
            content = team_week(session, plan, team)
            mail = compose(content, Smtp("localhost", sender="leeway@x.example")) if content else None
            yield f"digest {team.key}", mail.get_body(("plain",)).get_content() if mail else "none"  # type: ignore[union-attr]


def printed(folder: Path) -> Iterator[tuple[str, str]]:
    """What the command line prints; of the last cycle not how long it took."""
    for words in (
        "status",
        "status --json",
        "costs --month 2026-05",
        "diagnoses --json",
        "pack weekly",
        "streams --template 40",
    ):
        found = CliRunner().invoke(command_line, ["--config", str(folder / "leeway.toml"), *words.split()])
        assert found.exit_code == 0, (words, found.output)
        if words == "status --json":
            yield words, json.dumps(json.loads(found.output) | {"last_cycle": 0})
        else:
            yield words, re.sub(r"last cycle: .*", "", found.output)


def same(told: Iterable[tuple[str, str]], folder: Path) -> dict[str, str]:
    """Without what is another in each session, cycle and folder."""
    moving = r'name="(?:csrf|nonce)" value="[^"]*"|nonce="[^"]*"|token=[\w.-]+'
    moving += r"|leeway_(?:cycle|source_lag)_\S* .*|Last computed [^.]*|\"minutes_since_pull\": \d+|pulled \d+ \w+ ago"
    return {name: re.sub(moving, "", text.replace(str(folder), "")) for name, text in told}


def faces(folder: Path, works: Callable[[int, int], str]) -> dict[str, str]:
    app = company(folder, works)
    told = (*pages(app, "company"), *pages(app, "team", "fleet"), *mails(app), *assistant(app), *printed(folder))
    return same(told, folder)


def test_what_people_of_too_small_teams_do_is_told_by_no_face_and_by_no_difference_of_two(tmp_path: Path) -> None:
    one, other = (faces(tmp_path / works.__name__, works) for works in (one_way, other_way))
    assert len(one) > 60
    assert [name for name, text in one.items() if text != other.get(name)] == []
    assert set(one) == set(other)
    # Of a team that is large enough it is told.
    app = company(tmp_path / "shown", with_app)
    shown = same((*mails(app), *assistant(app)), tmp_path / "shown")
    assert {name for name, text in shown.items() if text != one[name]} >= {"digest app", "shares {'team': 'app'}"}
    # Until those of them who are not forgotten are too few: a sum of the others is nobody's.
    for people in (APP[:0], APP[:2]):
        with app.sessions.begin() as session:
            gone = Person.email.in_([address(n) for n in people])
            session.execute(update(Person).where(gone).values(forgotten=True))
        with app.sessions() as session:
            assert bool(Largest(app).serving(session, "O1.1", "app", BEGIN.date())) == (not people)

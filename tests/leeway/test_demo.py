"""The whole way, as `make demo` goes it. tests/leeway/test_chaos.py goes it on PostgreSQL, with workers."""

import json
import os
import resource
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from alerts.slack import mrkdwn
from alerts.words import Name
from leeway.app import App
from leeway.demo import plain_lines
from leeway.settings import DatabaseSettings, Settings
from models import Drift
from tests.demo_faces import FACES, Demo, gathered, misspoken
from tests.leeway.test_cli import leeway
from web.app import make
from web.auth import sign_in_token
from web.data import STORIES


def demo(folder: Path, *words: str) -> tuple[dict[str, Any], str]:
    # One thread: another test runs beside it on two cores.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LEEWAY_")} | {"OMP_NUM_THREADS": "1"}
    result = subprocess.run(
        [sys.executable, "-m", "leeway.cli", "demo", "--output", str(folder), "--today", "2026-07-10", *words],
        capture_output=True,
        text=True,
        timeout=2400,
        env=environment,
    )
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    # Nothing between the user and the result: no warning, no bar of a library.
    assert not [line for line in result.stderr.splitlines() if "warning" in line or "Loading" in line]
    return json.loads((folder / "summary.json").read_text()), result.stdout


def holds(summary: dict[str, Any]) -> None:
    """The bars of the demo."""
    fall = next(event for event in summary["planted"] if event["kind"] == "fall")
    company = [alert for alert in summary["alerts"] if alert["scope"] == "company"]
    assert len(company) == 1
    alert = company[0]
    assert abs((date.fromisoformat(alert["start"]) - date.fromisoformat(fall["start"])).days) <= 10
    assert abs(100 * (alert["after"] - alert["before"]) - fall["true_company_points"]) <= 6
    others = [event for event in summary["planted"] if event["expected"] == "no alert"]
    assert len(others) == 2
    for event in others:
        about = [
            a
            for a in summary["alerts"]
            if abs((date.fromisoformat(a["start"]) - date.fromisoformat(event["start"])).days) <= 14
        ]
        assert about == []
    errors = [abs(week["top_share"] - week["true_top_share"]) for week in summary["weeks"]]
    assert len(errors) == 26
    assert sum(errors) / len(errors) <= 0.05
    assert all(week["low"] <= week["top_share"] <= week["high"] for week in summary["weeks"])


def test_names_in_the_demo_s_alert_end_where_they_end() -> None:
    said = [("To decide: ", "stop "), ("", Name("It helps & is [new]")), ("", " fell from 18% to 9%")]
    text = mrkdwn(tuple(part for pair in said for part in pair)).replace("To decide:", "*To decide:*", 1)
    block = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    assert plain_lines({"blocks": [block]}) == ["To decide: stop “It helps & is [new]” fell from 18% to 9%"]


def test_the_demo_on_sqlite(tmp_path: Path) -> None:
    summary, said = demo(tmp_path)
    holds(summary)
    absorbed = " ".join(
        theme["name"] + " ".join(theme["examples"])
        for a in summary["alerts"]
        if a["scope"] == "company"
        for theme in a["themes"][:2]
    )
    assert "Hafenwerk" in absorbed or "HW" in absorbed
    assert "argo" in absorbed or "Lastenrad" in absorbed
    assert "Posted to Slack (company" in said
    assert (tmp_path / "shares.png").read_bytes()[:4] == b"\x89PNG"
    assert "<!" not in json.dumps(json.loads((tmp_path / "alert.json").read_text()))
    assert len(list(tmp_path.glob("digest-*.eml"))) == 8  # seven teams and the company
    collapse = next(event for event in summary["planted"] if event["kind"] == "collapse")
    assert collapse["scope"] in {alert["scope"] for alert in summary["alerts"]}
    peak_megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    assert peak_megabytes < 2048
    app, client = page_of(tmp_path)
    nobody_is_named(tmp_path, said, client, app)
    faces_agree(tmp_path, client, app)
    again = subprocess.run(
        [
            sys.executable,
            "-m",
            "leeway.cli",
            "demo",
            "--output",
            str(tmp_path),
            "--database",
            f"sqlite:///{tmp_path}/leeway.db",
        ],
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert again.returncode == 2
    assert "needs an empty database" in again.stderr
    assert "Traceback" not in again.stderr


def page_of(folder: Path) -> tuple[App, TestClient]:
    """An App on the demo's database, and a client signed in as ops: what is drawn once is kept for both checks."""
    app = App(Settings(database=DatabaseSettings(url=f"sqlite:///{folder}/leeway.db")))
    client = TestClient(make(app))
    client.get("/sign-in", params={"token": sign_in_token(app, "ops")})
    client.post("/sign-in")
    return app, client


def faces_agree(folder: Path, client: TestClient, app: App) -> None:
    """Whatever two faces of the demo say of one thing is the same, from the alert to `leeway detect`, and in one form."""
    shown = Demo(folder, app, client)
    said = gathered(shown)
    differing = {name: faces for name, faces in said.items() if len(set(map(repr, faces.values()))) > 1}
    assert differing == {}
    assert {face for faces in said.values() for face in faces} == {face.__name__ for face in FACES}
    assert sum(len(faces) > 1 for faces in said.values()) > 250
    assert len(said["now of company/O1"]) >= 7
    assert len(said["levels of the fall of company"]) >= 5
    assert set(said["told by replaying"]) == {"backtest", "detect"}
    low, high = map(int, said["interval of the fall of company"]["alerts"])
    before, after = said["levels of the fall of company"]["alerts"]
    assert said["fall of company"]["alerts"] == before - after
    assert low <= before - after <= high
    summary = json.loads((folder / "summary.json").read_text())
    start = next(alert["start"] for alert in summary["alerts"] if alert["scope"] == "company")
    since = [week for week in summary["weeks"] if week["week"] >= start]
    least, most = said["top's interval of company"]["pages"]  # of the level since: as its weeks have it, not the fall's
    assert (
        100 * min(week["low"] for week in since) - 1
        <= least
        < after
        < most
        <= 100 * max(week["high"] for week in since) + 1
    )
    assert misspoken(shown) == []


def nobody_is_named(folder: Path, said: str, client: TestClient, app: App) -> None:
    """No name, address or account of an employee in any face, export, log or status of the demo: so beside no number.

    Read are: what was printed and logged, every file but the database and the register that goes in, every page and table
    as ops see them, `leeway status`. A mail's own To line names its reader.
    """
    from simulator.company import TEAM_NAMES, people
    from simulator.crm import owner_id

    with app.sessions() as session:
        # A shift that is only noted has no page.
        found = session.scalars(select(Drift.id).where(Drift.kind.in_(STORIES)))
        drifts = [f"/drifts/{id_}" for id_ in found]
    scopes = ["company", *TEAM_NAMES]
    tables = [
        f"/api/{scope}/{table}.{kind}"
        for scope in scopes
        for table in ("shares", "objectives", "themes", "drifts")
        for kind in ("json", "csv")
    ]
    read = {"printed": said}
    for path in ["/", "/labels", "/register", "/sources", *(f"/teams/{team}" for team in TEAM_NAMES), *drifts, *tables]:
        answer = client.get(path)
        assert answer.status_code == 200, path
        read[path] = answer.text
    for file in folder.iterdir():
        if file.suffix in (".html", ".json"):
            read[file.name] = file.read_text()
        elif file.suffix == ".eml":
            read[file.name] = "\n".join(line for line in file.read_text().splitlines() if not line.startswith("To:"))
    told = leeway(folder, "status", LEEWAY_DATABASE__URL=f"sqlite:///{folder}/leeway.db")
    assert told.returncode == 0
    read["status"] = told.stdout
    named = {
        (where, trace)
        for where, text in read.items()
        for person in people()
        for trace in (
            person.name,
            person.email,
            f"5f{person.number:06d}",
            f"U{person.number:08d}",
            f'"{owner_id(person.number)}"',
        )
        if trace in text
    }
    assert named == set()

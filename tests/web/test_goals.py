"""Goals of Jira beside the register, on the page: compared, one choice a conflict, asked once, undone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from leeway.app import App
from leeway.goals import goals_line, goals_status, look_daily
from leeway.settings import Settings
from pipeline.register.document import parse
from pipeline.register.versions import current_version, load_register
from simulator.api.config import ApiConfig
from simulator.company import people
from simulator.server import Simulator
from simulator.world import World
from tests.conftest import TODAY, newest_sqlite
from tests.leeway.test_goals import OKRS, goals, issue
from tests.web.test_edits import hidden
from web.app import make
from web.auth import sign_in_token


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(World(TODAY, people(), [], goals()), ApiConfig(speed=10_000)) as served:
        yield served


@pytest.fixture
def app(simulator: Simulator, tmp_path: Path) -> App:
    given = {
        "database": {"url": newest_sqlite(tmp_path / "goals.db")},
        "jira": simulator.settings()["jira"] | {"projects": ["APP"]},
        "goals": {"type": "Goal", "key_result_type": "Epic"},
    }
    app = App(Settings.model_validate(given))
    with app.sessions.begin() as session:
        load_register(session, parse(OKRS), OKRS)
    return app


def signed(app: App, role: str, team: str | None = None) -> TestClient:
    client = TestClient(make(app))
    client.get("/sign-in", params={"token": sign_in_token(app, role, team)})
    assert client.post("/sign-in", follow_redirects=False).status_code == 303
    return client


def text(app: App) -> str:
    with app.sessions() as session:
        found = current_version(session)
    assert found is not None
    return found.document


def test_a_word_is_taken_and_another_kept_asked_once_and_undone(app: App, simulator: Simulator) -> None:
    client = signed(app, "company")
    simulator.world.issues[1].title = "<script>alert(1)</script> churn"
    simulator.world.issues[2].title = "NPS from 31 to 40"
    simulator.world.issues.append(issue(9, "Epic", "Spare parts for 97 % of repairs", simulator.world.issues[3]))
    assert "/register/goals" in client.get("/register").text
    page = client.get("/register/goals")
    assert "<script>alert" not in page.text
    assert "APP-9 is new in O2" in page.text
    take = ["O1.1.title=register", "O1.2.title=jira"]
    asked = client.post("/register/goals", data=hidden(page.text) | {"take": take})
    for said in (
        "O1.1.title: the register&#39;s word stays",
        "the target 45 became 40",
        "O1.2: title: NPS from 31 to 45",
    ):
        assert said in asked.text
    assert text(app) == OKRS
    again = client.post("/register/goals", data=hidden(asked.text) | {"take": take, "sure": "yes"})
    assert "Give a reason first" in again.text
    simulator.world.issues[2].title = "NPS from 31 to 20"  # after it was shown
    moved = client.post("/register/goals", data=hidden(again.text) | {"take": take, "sure": "yes", "why": "agreed"})
    assert "the target 45 became 20" in moved.text
    assert text(app) == OKRS
    kept = client.post("/register/goals", data=hidden(moved.text) | {"take": take, "sure": "yes", "why": "agreed"})
    assert "Saved as version 2 of the register" in kept.text
    assert "NPS from 31 to 20" in text(app)
    assert "APP-9" in text(app)
    assert "the register's value was kept" in client.get("/register/goals").text
    undo = hidden(kept.text[: kept.text.index("Undo</button>")])
    assert "Undone" in client.post("/register/2/undo", data=undo).text
    assert text(app) == OKRS


def test_leads_and_other_sessions_are_refused_and_a_jira_that_does_not_answer_is_said(
    app: App, simulator: Simulator
) -> None:
    lead = signed(app, "team", "app")
    assert lead.get("/register/goals").status_code == 403
    client = signed(app, "ops")
    assert client.post("/register/goals", data={"csrf": "x"}).status_code == 403
    fields = dict(re.findall(r'name="(csrf)" value="([^"]*)"', client.get("/register").text))
    assert client.post("/register/goals", data=fields).status_code == 409
    assert client.post("/register/goals", data=fields | {"take": ["O9.title=jira"]}).status_code == 409
    simulator.config.jira_projects = frozenset()
    answer = client.get("/register/goals")
    assert answer.status_code == 502
    assert "goals are not compared" in answer.text


def test_once_a_day_it_is_looked_and_logged_and_nothing_is_changed(app: App, simulator: Simulator) -> None:
    simulator.world.issues[2].title = "NPS from 31 to 40"
    with capture_logs() as logs:
        assert look_daily(app) == {"goals_new": 0, "goals_in_conflict": 1}
        assert look_daily(app) == {}
    with app.sessions() as session:
        assert (found := goals_status(app, session)) is not None
    assert goals_line(found).startswith("1 goal differs in Jira (looked at on 20")
    assert "1 goal differs in Jira (looked at on " in signed(app, "ops").get("/register").text
    assert "goal differs" not in signed(app, "team", "app").get("/register").text
    keep = {"take": ["O1.2.title=register"]}
    keep |= dict(re.findall(r'name="(csrf)" value="([^"]*)"', (client := signed(app, "ops")).get("/register").text))
    asked = client.post("/register/goals", data=keep)
    keep |= dict(re.findall(r'name="(seen)" value="([^"]*)"', asked.text))
    client.post("/register/goals", data=keep | {"sure": "yes"})
    assert "goal differs" not in client.get("/register").text
    assert [one["goals_in_conflict"] for one in logs if "goals_in_conflict" in one] == [1]
    assert text(app) == OKRS

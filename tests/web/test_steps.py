"""The page of steps that must be stable: who sees it, what it says, its charts."""

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from alerts.diagnoses import diagnoses
from alerts.words import plain
from leeway.app import App
from leeway.settings import Settings
from leeway.signing import serializer
from models import Ask, InterviewRound
from pipeline.findings.stage import keep_diagnoses
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register
from tests.conftest import newest_sqlite
from tests.pipeline.steps.made import NOW, REGISTER, fill
from tests.web.conftest import listening, needs_browser
from tests.web.test_pages import too_wide
from web.app import make
from web.auth import sign_in_token

HOSTILE = REGISTER.replace("From a won deal to the kick-off", "<script>alert(1)</script>")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> App:
    folder: Path = tmp_path_factory.mktemp("steps")
    given = {"database": {"url": newest_sqlite(folder / "page.db")}}
    app = App(Settings.model_construct(**Settings.model_validate(given).__dict__), now=NOW)
    with app.sessions.begin() as session:
        load_register(session, parse(HOSTILE), HOSTILE)
        fill(session, softens_from=20)
    return app


@pytest.fixture
def register(app: App) -> Register:
    return app.register()[1]


@cache
def client(app: App, role: str, team: str | None = None) -> TestClient:
    """Signed in; there are no shares, so the first page is not asked for."""
    found = TestClient(make(app))
    found.get("/sign-in", params={"token": sign_in_token(app, role, team)})
    assert found.post("/sign-in", follow_redirects=False).status_code == 303
    return found


def page(app: App, path: str, role: str = "company", team: str | None = None) -> tuple[int, str]:
    found = client(app, role, team).get(path)
    return found.status_code, found.text


def test_it_says_what_softens_since_when_and_what_would_make_it_easier(app: App) -> None:
    code, text = page(app, "/steps/handover")
    assert code == 200
    assert "softening since 25 May" in text or "softening since 18 May" in text or "softening since 1 Jun" in text
    assert "What would make it easier:" in text
    assert text.count("<figure") == 3
    assert "<script>alert" not in text
    assert "p1@x.example" not in text
    assert "Secret" not in text


def test_the_list_leads_to_each_path_and_stands_in_the_menu(app: App) -> None:
    code, text = page(app, "/steps")
    assert code == 200
    assert 'href="/steps/handover"' in text
    assert ">Steps</a>" in text
    assert page(app, "/steps/nothing")[0] == 404


def test_a_lead_sees_the_own_team_s_steps_and_no_other_s(app: App) -> None:
    assert "/steps/handover" in page(app, "/steps", "team", "ops")[1]
    assert "/steps/handover" not in page(app, "/steps", "team", "duo")[1]
    assert page(app, "/steps/handover", "team", "duo")[0] == 403
    assert page(app, "/charts/steps/company?key=handover.seen&since=2026-01-05&until=2026-06-29")[0] == 404


def test_the_chart_is_served_as_it_is_drawn(app: App) -> None:
    address = "/charts/steps/ops?key=handover.seen&since=2026-01-05&until=2026-06-29&width=640"
    found = client(app, "company").get(address).json()
    rows = found["data"]["values"]
    assert len(rows) >= 20
    assert all(row["low"] <= row["part"] <= row["high"] for row in rows)


def test_a_softening_is_a_diagnosis_of_the_team_that_owns_the_step(app: App, register: Register) -> None:
    with app.sessions.begin() as session:
        keep_diagnoses(session, register, NOW.date().replace(day=5), 5)
    with app.sessions() as session:
        (found,) = [one for one in diagnoses(session, register, 5, ["ops"]) if one.kind == "softening"]
    said = plain(found.signal)
    assert said.startswith("“Acknowledged by operations”: ")
    assert "of 100 cases went as written since it softened" in said
    assert "most often it is late" in said
    assert found.since is not None
    assert (found.low or 0) <= found.strength <= (found.high or 0)


@needs_browser
def test_tables_and_the_form_of_the_interview_fit_a_phone(app: App, browser: Any) -> None:
    with app.sessions.begin() as session:
        session.merge(InterviewRound(name="2026-Q3", asked_at=NOW, closes_at=NOW + timedelta(days=9), closed_at=None))
        session.merge(Ask(kind="interview", round="2026-Q3", recipient="ann@x.example", about="leads", reference={}))
    token = serializer(app, "interview").dumps(["ann@x.example", "2026-Q3"])
    with listening(make(app)) as served:
        window = browser.new_page()
        window.goto(f"{served}/sign-in?token={sign_in_token(app, 'company')}")
        window.get_by_role("button", name="Sign in").click()
        for path in ("/steps", "/steps/handover", f"/interview?token={token}"):
            window.goto(served + path)
            assert window.locator("h1").count() == 1, path
            assert too_wide(window) == [], path
        window.context.close()

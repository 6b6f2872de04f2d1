"""Diagnoses and packs on every face: the same sentences, hostile names as text, and nothing of a team that is too small."""

import json
import re
from datetime import date, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from rich.console import Console
from sqlalchemy import select, update

from alerts.diagnoses import diagnoses
from alerts.digest import compose, team_week
from alerts.mail import Smtp
from alerts.packs import PACKS
from alerts.packs.content import as_text
from alerts.view import Terms
from leeway.app import App
from leeway.meetings import show_diagnoses, show_pack, write_pack
from models import Diagnosis, Drift, Judged, Stream, Theme, ThemeAnswer
from pipeline.findings.kinds import KINDS
from tests.web.conftest import HOSTILE, MONDAY, app_with
from tests.web.test_pages import csrf, enter
from web.app import make

SUNDAY = MONDAY.replace(day=12)
"""The last day that the company's figures know."""


def found(kind: str, scope: str, subject: str = "", **figures: object) -> Diagnosis:
    values = {
        "streams": ["stream:1"],
        "count": 2,
        "planned": 50.0,
        "weeks": 8,
        "days": 90.0,
        "trend": "rising",
        "larger": 0,
    }
    return Diagnosis(
        kind=kind,
        scope=scope,
        subject=subject,
        since=MONDAY,
        found_on=SUNDAY,
        seen_on=SUNDAY,
        strength=0.31,
        low=0.2,
        high=0.42,
        figures=values | figures,
        streams=[1],
        items=[1, 2],
    )


@pytest.fixture
def app(tmp_path: Path) -> App:
    app = app_with(tmp_path)
    with app.sessions.begin() as session:
        session.add(Stream(id=1, anchor="jira:1", name=HOSTILE, first_day=MONDAY, last_day=SUNDAY, answer=""))
        session.add(found("shadow", "company"))
        session.add(found("shadow", "app"))
        idle = {"key_result": "kr:O1.1", "objective": "objective:O1", "teams": ["team:app"], "weeks": 3}
        session.add(found("support", "company", "kr:O1.1", **idle))
        session.add(Judged(kind="creep", day=SUNDAY, because="the plan is too young", failed=False))
    return app


@pytest.fixture
def client(app: App) -> TestClient:
    return enter(TestClient(make(app)), app, "company")


def test_the_page_says_what_is_seen_what_it_means_and_opens_its_evidence_in_two_clicks(client: TestClient) -> None:
    text = client.get("/diagnoses").text
    assert "31 of 100 working days of the company" in text
    assert KINDS["shadow"].insight in text
    assert "the plan is too young" in text
    assert '<a href="/diagnoses/1">' in text
    one = client.get("/diagnoses/1").text
    assert "20 to 42, rising" in one
    assert KINDS["shadow"].reinforcement in one
    assert "APP-0" in one


def test_what_teams_settle_comes_after_what_the_leadership_decides_on_and_is_one_line(
    client: TestClient, app: App
) -> None:
    with app.sessions.begin() as session:
        words = [("staff", "app"), ("bike", "app"), ("bike", "ops")]
        session.add_all(
            [found("wording", "company", f"term:{w}:{t}", term=f"term:{w}", team=f"team:{t}") for w, t in words]
        )
    line = "Vocabulary gap: teams use words of the objectives differently: <b>bike</b> and <b>staff</b></a>"
    home = client.get("/").text
    assert f'<a href="/diagnoses">{line}' in home
    assert home.index("Shadow roadmap: ") < home.index("Vocabulary gap: ")
    page = client.get("/diagnoses").text
    assert page.rindex("Shadow roadmap · ") < page.index("For the teams to settle: vocabulary gap")
    assert page.count('<a href="/diagnoses/') == 6  # each is there, once
    assert client.get("/packs/weekly").text.count("Vocabulary gap") == 1


def test_what_a_diagnosis_is_about_is_one_click_away_also_where_nobody_worked(client: TestClient, app: App) -> None:
    with app.sessions.begin() as session:
        row = session.get_one(Diagnosis, 3)
        row.streams, row.items = [], []
    text = client.get("/diagnoses/3").text
    assert '<a href="/key-results/O1.1">O1.1 ' in text
    assert '<a href="/objectives/O1">' in text
    assert "Its items" not in text
    assert client.get("/key-results/O1.1").status_code == 200
    with app.sessions.begin() as session:
        named = {"gained": "objective:O2", "lost": "objective:O3", "objectives": ["objective:O1"]}
        session.add(found("decay", "company", **named))
    text = client.get("/diagnoses/4").text
    for key in ("O1", "O2", "O3"):
        assert f'<a href="/objectives/{key}">' in text


def test_outside_text_is_text_on_the_page_in_the_pack_and_in_mail(client: TestClient, app: App) -> None:
    for path in ("/diagnoses", "/diagnoses/1", "/packs/weekly", "/", "/teams/app", "/objectives/O1"):
        assert "<script>fetch" not in client.get(path).text, path
    _, register = app.register()
    with app.sessions() as session:
        content = team_week(session, register, next(team for team in register.teams if team.key == "app"))
    assert content is not None
    mail = compose(content, Smtp("mail.example", sender="x@velora.example"))
    body = mail.get_body(("html",))
    assert body is not None
    assert "Shadow roadmap: " in body.get_content()
    assert "<script>fetch" not in body.get_content()


def test_the_scopes_and_the_objectives_page_name_their_own(client: TestClient) -> None:
    assert client.get("/").text.count('href="/diagnoses/') == 2
    assert client.get("/teams/app").text.count('href="/diagnoses/') == 1
    assert "hardly anything was done on" in client.get("/objectives/O1").text
    assert 'href="/diagnoses/' not in client.get("/objectives/O2").text


def test_a_lead_sees_their_own_teams_and_no_pack(app: App) -> None:
    lead = enter(TestClient(make(app)), app, "team", "app")
    text = lead.get("/diagnoses").text
    assert 'href="/diagnoses/2"' in text
    assert 'href="/diagnoses/1"' not in text
    assert lead.get("/diagnoses/1").status_code == 404
    assert lead.get("/packs/weekly").status_code == 403
    assert 'href="/packs"' not in text


def test_no_face_tells_of_a_team_below_the_floor(app: App, tmp_path: Path) -> None:
    _, register = app.register()
    name = next(team.name for team in register.teams if team.key == "app")
    size = len(next(team.members for team in register.teams if team.key == "app"))
    app.settings.drift.least_people = size + 1
    client = enter(TestClient(make(app)), app, "company")
    pages = [client.get(path).text for path in ("/diagnoses", "/packs/weekly")]
    assert client.get("/diagnoses/2").status_code == 404
    printed = tmp_path / "out.txt"
    with printed.open("w") as file:
        show_diagnoses(app, file, as_json=True)
        show_pack(app, "weekly", file, Console(quiet=True))
    written = [path.read_text() for path in write_pack(app, "weekly", tmp_path / "packs")]
    shown = [text.split("<main", 1)[-1] for text in pages] + [printed.read_text(), *written]
    for text in shown:
        assert f"days of {name}" not in text
        assert f"days of “{name}”" not in text
        assert f"<b>{name}</b>" not in text
    assert '"scope": "app"' not in printed.read_text()


def test_the_weekly_pack_says_only_what_changed_and_the_same_on_every_face(
    client: TestClient, app: App, tmp_path: Path
) -> None:
    page = " ".join(client.get("/packs/weekly").text.split())
    assert page.index("What moved") < page.index("What is blocked") < page.index("What to de-risk")
    assert "Shadow roadmap: 31 of 100 working days of the company" in page
    assert "hardly anything was done on" in page
    with (tmp_path / "pack.txt").open("w") as file:
        show_pack(app, "weekly", file, Console(quiet=True))
    text = (tmp_path / "pack.txt").read_text()
    assert "Shadow roadmap: 31 of 100 working days of the company" in text
    with app.sessions.begin() as session:
        for row in session.query(Diagnosis):
            row.found_on = MONDAY.replace(month=5)
    later = " ".join(client.get("/packs/weekly").text.split())
    assert "Shadow roadmap: 31" not in later
    assert "3 older diagnoses are open and unchanged" in later
    assert "Nothing outside its usual range" in page
    assert (
        "Still open: “20 of 100 working days have left the top priorities since 15 June”; 1 more on the page." in page
    )
    with app.sessions.begin() as session:
        for drift in session.query(Drift):
            drift.raised_on = MONDAY
    assert "Still open" not in client.get("/packs/weekly").text  # it is what moved


def test_for_machines_everything_is_there(app: App, tmp_path: Path) -> None:
    with (tmp_path / "rows.json").open("w") as file:
        show_diagnoses(app, file, as_json=True)
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert [(row["kind"], row["scope"], row["strength"]) for row in rows["open"]] == [
        ("shadow", "company", 31),
        ("support", "company", 31),
        ("shadow", "app", 31),
    ]
    assert rows["not_judged"] == [{"kind": "creep", "because": "the plan is too young"}]


def test_a_pack_that_does_not_exist_is_named_with_those_that_do(app: App, client: TestClient) -> None:
    assert client.get("/packs/daily").status_code == 404
    assert "weekly" in client.get("/packs/daily").text
    assert set(PACKS) >= {"weekly"}
    _, register = app.register()
    with app.sessions() as session:
        for kind in PACKS.values():
            made = kind.make(session, register, Terms())
            assert made is not None
            assert made.company in as_text(made)


def test_the_days_of_a_kill_session_add_up_to_what_it_says_of_all(app: App) -> None:
    values = {"first_day": MONDAY, "person_days": 5.4, "recent_person_days": 5.4, "teams": [["app", 5.4]], "items": [1]}
    with app.sessions.begin() as session:
        session.scalars(select(Theme)).one().weeks = {"app": {MONDAY.isoformat(): 10.4}}
        session.add(Theme(name="Depot", **values, weeks={"app": {MONDAY.isoformat(): 5.4}}))
    text = enter(TestClient(make(app)), app, "company").get("/packs/monthly").text
    shown = re.findall(r'data-h="Days, four weeks">([\d,]+)', text)
    assert shown == ["10", "5"]
    assert "All of these together are 15 person-days." in text


def test_the_kill_session_ranks_streams_asks_and_keeps_what_is_decided(app: App) -> None:
    client = enter(TestClient(make(app)), app, "company")
    page = client.get("/packs/monthly")
    assert "8 a week" in page.text
    assert "30% likely" in page.text, "the best case of a stream is the key result that it most likely serves"
    assert "continue ☐ reshape ☐ stop" in page.text
    assert "<script>fetch" not in page.text
    form = {"csrf": csrf(page.text)["csrf"], "stream": HOSTILE, "answer": "stop"}
    assert client.post("/packs/monthly", data=form | {"csrf": "forged"}).status_code == 403
    assert client.post("/packs/monthly", data=form | {"stream": "another"}).status_code == 404
    assert client.post("/packs/monthly", data=form).status_code == 200
    with app.sessions() as session:
        kept = session.scalar(select(ThemeAnswer))
    assert kept is not None
    assert (kept.theme, kept.answer) == (HOSTILE, "stop")
    after = client.get("/packs/monthly").text
    assert f"stop ({kept.by})" in after
    assert "too early to say" in after


def test_a_stream_that_the_page_shows_is_in_the_packs_too(client: TestClient) -> None:
    """Few people in four weeks: its days are those of weeks put together until enough had worked, on every face."""
    for path in ("/streams", "/packs/monthly", "/packs/quarterly"):
        text = client.get(path).text
        assert "&lt;img src=x" in text, path
        assert "fewer than" not in text


def test_the_quarter_says_week_by_week_what_happened(app: App, client: TestClient) -> None:
    text = client.get("/packs/quarterly").text
    first = text.index("When work and plan diverged")
    assert first < text.index("Shares against the plan") < text.index("The next register")
    assert "working days have left the top priorities" in text
    assert "Shadow roadmap begins: 31 of 100 working days of the company go to large streams" in text
    assert "Under-supported begins: hardly anything was done on" in text
    assert "<script>fetch" not in text


def test_many_of_one_kind_in_a_week_are_told_in_one_line(app: App, client: TestClient) -> None:
    with app.sessions.begin() as session:
        idle = {"objective": "objective:O1", "teams": [], "weeks": 3}
        session.add(found("support", "company", "kr:O1.2", key_result="kr:O1.2", **idle))
    text = client.get("/packs/quarterly").text
    assert text.count("Under-supported begins") == 1
    assert ", and 1 more" in text


def test_what_was_there_when_the_known_work_begins_is_not_said_to_begin(app: App) -> None:
    def told() -> tuple[str, list[date | None]]:
        _, register = app.register()
        with app.sessions() as session:
            pack = PACKS["quarterly"].make(session, register, Terms())
            assert pack is not None
            return as_text(pack), [one.since for one in diagnoses(session, register, 5, ["company"])]

    text, since = told()
    assert "Shadow roadmap begins" in text
    assert None not in since
    with app.sessions.begin() as session:
        session.execute(update(Diagnosis).values(since=MONDAY - timedelta(weeks=9) + timedelta(days=3)))
    text, since = told()
    assert "begins" not in text
    assert set(since) == {None}

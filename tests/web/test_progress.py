"""A key result's number on its page and in the exports: the chart, the forecast, what a lead does not see."""

import re
from datetime import date, timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from leeway.app import App
from leeway.measuring import check_in
from models import Effort, Match, Person, RegisterVersion, WorkItem
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.conftest import TODAY
from tests.web.test_pages import enter
from web.app import make

FIRST = date(2026, 5, 25)
METRIC = "metric: {checkin: true, start: 0, target: 25}, owner: carla.jung@velora.example, teams: [sales]}"


def measured(app: App, plan: str = "") -> None:
    """A key result with six weekly numbers, and six people's work on it; a line that plans its objective, where one is given."""
    text = register_yaml(TODAY).replace("owner: carla.jung@velora.example, teams: [sales]}", METRIC, 1)
    text = re.sub(r"start: \d{4}-\d\d-\d\d, end: \d{4}-\d\d-\d\d", "start: 2026-05-25, end: 2026-08-30", text, count=1)
    text = text.replace("    priority: 1\n", f"    priority: 1\n{plan}", 1)
    with app.sessions.begin() as session:
        version, _ = load_register(session, parse(text), text)
        item = WorkItem(source="jira", external_id="77", kind="task", container="APP", labels=[], mentions=[])
        session.add(item)
        session.flush()
        session.add(Match(work_item_id=item.id, version_id=version, probabilities={"O1.1": 0.9}, evidence=[]))
        for n in range(6):
            person = Person(email=f"p{n}@velora.example", team="sales")
            session.add(person)
            session.flush()
            for week in range(6):
                day = FIRST + timedelta(weeks=week)
                session.add(Effort(day=day, person_id=person.id, work_item_id=item.id, person_days=1.0))
    for week in range(6):
        check_in(app, "O1.1", 2.0 * week, "", FIRST + timedelta(weeks=week))


@pytest.fixture
def client(app: App) -> TestClient:
    measured(app)
    return TestClient(make(app))


def test_the_page_draws_the_number_beside_its_work(client: TestClient, app: App) -> None:
    page = enter(client, app, "company").get("/key-results/O1.1").text
    assert "<h2>The number</h2>" in page
    assert "<h2>Its share of work by week</h2>" in page
    assert "from 0, target 25" in page
    assert re.search(r"9 in 10 sure</div><div class=\"v\">[\d.]+ to [\d.]+<", page)
    assert "the number moves where the work goes." in page
    assert len(re.findall(r"<svg", page)) >= 4
    for address in re.findall(r'data-chart="([^"]+)"', page):
        assert client.get(address.replace("&amp;", "&")).json()["layer"]


def test_a_new_number_is_drawn_at_once(client: TestClient, app: App) -> None:
    enter(client, app, "company")
    check_in(app, "O1.1", 17.25, "")
    page = client.get("/key-results/O1.1").text
    assert '<div class="v">17.25</div>' in page
    address = next(one for one in re.findall(r'data-chart="([^"]+)"', page) if "/number/" in one)
    assert 17.25 in [
        row.get("value")
        for layer in client.get(address.replace("&amp;", "&")).json()["layer"]
        for row in layer["data"]["values"]
    ]


def test_a_lead_sees_the_number_and_not_the_company_s_work(client: TestClient, app: App) -> None:
    lead = enter(client, app, "team", "app")
    page = lead.get("/key-results/O1.1").text
    assert "<h2>The number</h2>" in page
    assert "Its share of work by week" not in page
    assert "working days went to it" not in page
    chart, asked = "work", {"key": "O1.1@", "since": "2026-05-25", "until": "2026-08-30"}
    assert lead.get(f"/charts/{chart}/app", params=asked).status_code in (403, 404)
    assert lead.get("/api/company/progress.json").status_code in (403, 404)


def test_the_register_s_page_says_how_earlier_periods_ended(client: TestClient, app: App) -> None:
    assert "Earlier periods" not in enter(client, app, "company").get("/register").text
    with app.sessions.begin() as session:
        text = session.scalars(select(RegisterVersion.document).order_by(RegisterVersion.id.desc())).first()
        assert text is not None
        period = "{name: later, start: 2026-06-29, end: 2026-09-30}"
        after = re.sub(r"period: \{[^}]*\}", f"period: {period}", text)
        before = text.replace("end: 2026-08-30", "end: 2026-06-28")
        for one in (before, after):
            load_register(session, parse(one), one)
    page = client.get("/register").text
    assert "25 May 2026 to 28 June 2026" in page
    assert re.search(r"O1\.1 [^<]*<span class=\"quiet\">ended at 8, 32% of its way</span>", page)


def test_a_key_result_without_a_metric_has_no_number(client: TestClient, app: App) -> None:
    page = enter(client, app, "company").get("/key-results/O1.2").text
    assert "The number" not in page


def test_the_exports_hold_the_same_figures(client: TestClient, app: App) -> None:
    enter(client, app, "company")
    (row,) = client.get("/api/company/progress.json").json()
    assert (row["key_result"], row["now"], row["target"], row["pace"]) == ("O1.1", 10.0, 25.0, 0.4)
    assert row["low"] < row["forecast"] < row["high"]
    assert row["share_of_work"] > 0.5
    lines = client.get("/api/company/progress.csv").text.splitlines()
    assert lines[0].startswith("key_result,title,unit,start,now,day,target,pace")
    assert len(lines) == 2
    assert client.get("/api/app/progress.json").status_code == 404


def with_outcome(app: App) -> None:
    """The first objective gets an outcome, with six weekly numbers that stand still."""
    measured(app, "    outcome: {checkin: true, start: 10, target: 50, unit: riders}\n")
    for week in range(6):
        check_in(app, "O1", 10.0, "", FIRST + timedelta(weeks=week))


def test_the_objective_s_page_shows_its_outcome(app: App) -> None:
    with_outcome(app)
    client = enter(TestClient(make(app)), app, "company")
    page = client.get("/objectives/O1").text
    assert "Outcome on" in page
    assert "from 10 riders, target 50 riders" in page
    assert "<h2>The outcome</h2>" in page
    assert "work goes there, and the number does not move." in page
    for address in re.findall(r'data-chart="([^"]+)"', page):
        assert client.get(address.replace("&amp;", "&")).json()["layer"]
    assert "Outcome on" not in client.get("/objectives/O2").text
    rows = {row["key_result"]: row["kind"] for row in client.get("/api/company/progress.json").json()}
    assert rows == {"O1": "outcome", "O1.1": "key result"}


def test_a_lead_sees_the_outcome_and_not_the_company_s_work(app: App) -> None:
    with_outcome(app)
    page = enter(TestClient(make(app)), app, "team", "app").get("/objectives/O1").text
    assert "Outcome on" in page
    assert "working days went to it" not in page

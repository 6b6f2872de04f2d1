"""A plan that has run out, on the page: a band on every place, its later weeks pale in the charts and marked in the tables."""

from datetime import date

import pytest
from fastapi.testclient import TestClient

from leeway.app import App
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.conftest import TODAY
from tests.web.conftest import MONDAY
from tests.web.test_pages import enter
from web.app import make

END = date(2026, 6, 14)  # a Sunday, three whole weeks before MONDAY
BAND = 'class="notice ended"'


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(make(app))


def run_out(app: App, end: date = END) -> None:
    given = parse(register_yaml(TODAY)).period
    text = register_yaml(TODAY).replace(str(given.start), "2026-01-05").replace(str(given.end), str(end))
    assert parse(text).period.end == end
    with app.sessions.begin() as session:
        load_register(session, parse(text), text)


def drawn(client: TestClient, kind: str, key: str = "") -> list[dict[str, object]]:
    given = {"since": "2026-05-04", "until": "2026-07-12", "key": key}
    spec = client.get(f"/charts/{kind}/company", params=given).json()
    rows: list[dict[str, object]] = spec["data"]["values"]
    return rows


def test_the_page_says_on_each_place_that_the_plan_has_run_out(client: TestClient, app: App) -> None:
    enter(client, app, "company")
    for path in ("/", "/teams", "/drifts", "/register"):
        assert BAND not in client.get(path).text
    run_out(app)
    for path in ("/", "/teams", "/drifts", "/register"):
        text = client.get(path).text
        assert text.count(BAND) == 1
        assert "ended on 14 June 2026, and no later one is loaded. Since then no drift is reported" in text
        assert "leeway okrs carry-over" in text


def test_a_teams_people_read_what_it_means_and_no_command(client: TestClient, app: App) -> None:
    run_out(app)
    text = enter(client, app, "team", "app").get("/teams/app").text
    assert "no later one is loaded" in text
    assert "leeway okrs" not in text


def test_weeks_after_the_end_are_pale_and_marked(client: TestClient, app: App) -> None:
    enter(client, app, "company")
    assert not any("after" in row for row in drawn(client, "stack"))
    assert "the plan had ended" not in client.get("/").text
    run_out(app)
    for kind, key in (("stack", ""), ("objective", "O1"), ("drift", "1")):
        rows = drawn(client, kind, key)
        after = {row["week"] for row in rows if row.get("after")}
        assert after == {"2026-06-15", "2026-06-22", "2026-06-29", "2026-07-06"}, kind
        assert all(str(row["name"]).endswith("after the plan's end") == (row["week"] in after) for row in rows)
    assert "Weeks after 14 June 2026 are pale: the plan had ended." in client.get("/").text
    assert "datum.after" in client.get("/charts/stack/company?since=2026-05-04&until=2026-07-12").text
    for path in ("/", "/teams"):
        assert client.get(path).text.count('class="after"') >= 3
    assert "after the plan&#39;s end" in client.get(f"/weeks/{MONDAY}").text.replace("plan's", "plan&#39;s")
    assert "after the plan" not in client.get("/weeks/2026-06-08").text


def test_the_last_day_of_a_plan_is_one_of_it_here_too(client: TestClient, app: App) -> None:
    run_out(app, app.now().date())
    assert BAND not in enter(client, app, "company").get("/").text

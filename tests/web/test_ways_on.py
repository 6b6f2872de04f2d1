"""Whoever is refused, or has come a wrong way, is told the next step, and a page stays a page."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner

from leeway.app import App
from leeway.nothing_yet import nothing_yet
from leeway.settings import Settings
from leeway.signing import serializer
from models import Lease, StreamCursor, Tenant
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from tests.conftest import newest_sqlite
from tests.web.test_pages import enter
from web.app import make
from web.auth import sign_in_token


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(make(app))


@pytest.mark.parametrize(
    ("woken", "broker", "next_"),
    [
        (5, False, "woken 5 minutes ago"),
        (9000, False, "`leeway run --once`"),
        (9000, True, "woken 6 days ago"),
        (None, False, "`leeway run --once`"),
        (None, True, "begin automatically"),
    ],
)
def test_what_waits_is_told_by_one_look_at_the_wake(woken: int | None, broker: bool, next_: str) -> None:
    """It was read twice, and a wake of last year told of workers where somebody has run without them since."""
    now, looks = datetime.now(UTC), list[str]()

    def get(_: object, name: str) -> Lease | None:
        looks.append(name)
        return None if woken is None else Lease(name=name, holder="", until=now - timedelta(minutes=woken))

    settings = SimpleNamespace(model_fields_set={"broker"} if broker else set())
    app = SimpleNamespace(connectors={"jira": 1}, settings=settings)
    said = nothing_yet(app, SimpleNamespace(get=get), registered=True, now=now)  # type: ignore[arg-type]
    assert next_ in said
    assert len(looks) == 1


@pytest.mark.parametrize("path", ["/answer", "/pulse", "/interview", "/unsubscribe"])
@pytest.mark.parametrize("token", ["", "?token=", "?token=cut"])
def test_a_mails_link_that_was_cut_says_to_open_it_from_the_mail_again(
    client: TestClient, path: str, token: str
) -> None:
    refused = client.get(path + token)
    assert refused.status_code == 403
    assert refused.headers["content-type"].startswith("text/html")
    assert "Open it again from the mail" in refused.text


@pytest.mark.parametrize(("path", "given"), [("answer", {}), ("pulse", ["", ""]), ("interview", ["", ""])])
def test_a_mails_old_link_says_which_one_works(
    client: TestClient, app: App, monkeypatch: pytest.MonkeyPatch, path: str, given: object
) -> None:
    token = serializer(app, path).dumps(given)
    later = TimestampSigner.get_timestamp(TimestampSigner("x")) + 100 * 86_400
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: later)
    refused = client.get(f"/{path}", params={"token": token})
    assert refused.status_code == 410
    assert "<h1>This is over</h1>" in refused.text
    assert "ew" in refused.text.partition("<h1>")[2].partition("</section>")[0]  # a newer one, the newest digest


@pytest.mark.parametrize(
    "path",
    [
        "/weeks/monday",
        "/drifts/first",
        f"/drifts/{10**20}",
        "/?since=soon",
        "/diagnoses/x",
        f"/diagnoses/{10**10}",
        "/nowhere",
        "/labels?item=x",
        f"/labels?item={10**20}",
        "/teams?until=x",
    ],
)
def test_an_address_that_leads_nowhere_is_a_page_with_a_way_back(client: TestClient, app: App, path: str) -> None:
    found = enter(client, app, "company").get(path)
    assert found.status_code == 404
    said = found.text.partition("<h1>")[2].partition("</section>")[0]
    assert "There is no such page" in said
    assert 'href="/"' in said


def test_who_signs_in_comes_to_the_place_that_they_wanted(client: TestClient, app: App) -> None:
    assert client.get("/drifts/1?since=2026-06-01").status_code == 401
    client.get("/sign-in", params={"token": sign_in_token(app, "company")})
    assert client.post("/sign-in", follow_redirects=False).headers["location"] == "/drifts/1?since=2026-06-01"
    client.get("/sign-in", params={"token": sign_in_token(app, "company")})
    assert client.post("/sign-in", follow_redirects=False).headers["location"] == "/"  # once


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example", "/%2F%2Fevil.example/", "/%5Cevil.example"])
def test_the_place_wanted_is_never_elsewhere(client: TestClient, app: App, path: str) -> None:
    client.get(f"http://testserver{path}")
    client.get("/sign-in", params={"token": sign_in_token(app, "company")})
    to = client.post("/sign-in", follow_redirects=False).headers["location"]
    assert to.startswith("/")
    assert not to.startswith(("//", "/\\"))


def test_days_that_were_chosen_are_kept_from_page_to_page_until_half_a_year_is_asked_for(app: App) -> None:
    """Reported of Grafana and Kibana (grafana #94303, kibana #23263): a link to the next dashboard loses what was chosen."""
    client = enter(TestClient(make(app)), app, "company")
    days = "?since=2026-06-01&amp;until=2026-07-12"
    for path in ("/", "/teams", "/teams/app", "/objectives/O1"):
        text = client.get(f"{path}?since=2026-06-01&until=2026-07-12").text
        for other in ("/", "/teams", "/teams/app"):
            assert f'href="{other}{days}"' in text, (path, other)
        assert f'<a href="{path}">Half a year</a>' in text, path
        assert f'href="/drifts{days}"' not in text, path
        assert days not in client.get(path).text, path


def test_a_table_that_a_page_links_is_read_by_excel(app: App) -> None:
    """Reported of Grafana (#32516) and OpenSearch (#545): umlauts are broken in Excel without the mark of UTF-8."""
    client = enter(TestClient(make(app)), app, "company")
    for page in ("/", "/drifts/1"):
        (link, *_) = re.findall(r'href="(/api/[^"]+\.csv[^"]*)"', client.get(page).text)
        assert client.get(link).content.startswith(b"\xef\xbb\xbf"), link
        assert not client.get(link.partition("?")[0]).content.startswith(b"\xef\xbb\xbf"), link


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_table_that_there_is_not_says_which_there_are(app: App, kind: str) -> None:
    client = enter(TestClient(make(app)), app, "company")
    answer = client.get(f"/api/company/effort.{kind}")
    assert answer.status_code == 404
    assert answer.json()["error"] == "There is no such table. Available: shares, objectives, themes, drifts, progress."
    given = client.get("/openapi.json").json()["paths"]["/api/{scope}/{table}.json"]["get"]["parameters"]
    assert {"shares", "progress"} <= set(next(one for one in given if one["name"] == "table")["schema"]["enum"])


def test_when_it_was_computed_is_said_where_the_company_works(app: App) -> None:
    """Reported of digests and dashboards (cds-snc/notification-api #218): UTC is nobody's time."""
    assert "Last computed 10 July 2026, 22:00 CEST." in enter(TestClient(make(app)), app, "company").get("/").text


REGISTER = """\
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams: [{key: app, name: App, members: [a@x.example, b@x.example, c@x.example, d@x.example, e@x.example]}]
objectives: [{key: O1, title: Customers stay, priority: 1, key_results: [{key: O1.1, title: Churn from 2 % to 1 %}]}]
"""


def test_before_the_first_figures_each_page_says_what_is_waited_for_and_leads_on(tmp_path: Path) -> None:
    new = App(Settings.model_validate({"database": {"url": newest_sqlite(tmp_path / "new.db")}}))
    client = TestClient(make(new))
    client.get("/sign-in", params={"token": sign_in_token(new, "ops")})
    client.post("/sign-in")
    missing = client.get("/")
    assert missing.status_code == 503
    assert "<p>No register is loaded yet." in missing.text
    with new.sessions.begin() as session:
        load_register(session, parse(REGISTER), REGISTER)
    for path in ("/", "/teams", "/objectives/O1", "/packs/weekly", "/packs/monthly", "/packs/quarterly"):
        waits = client.get(path)
        assert waits.status_code == 404, path
        assert "<h1>Nothing to show yet</h1>" in waits.text, path
        assert "To the first page" not in waits.text, path  # the first page says the same
        assert 'href="/register">See the register' in waits.text, path
        assert 'href="/sources">See the sources' in waits.text, path
    assert "Nothing pulled yet." in client.get("/sources").text
    assert "Not looked for yet" in client.get("/diagnoses").text  # and no "Nothing found": clawmetry #5716
    with new.sessions.begin() as session:
        now = datetime(2026, 7, 10, tzinfo=UTC)
        session.add(StreamCursor(source="jira", stream="issues", state={}, pulled_at=now, finished_at=now))
        session.add(Tenant(source="jira", external_id="1", address="x", label="https://a.example (Cloud)", since=now))
    page = client.get("/sources").text
    for said in ("https://a.example (Cloud)", "no longer in the settings", "0 work items pending"):
        assert said in page  # as `leeway status` says
    for path in ("/register", "/key-results/O1.1", "/streams", "/drifts", "/diagnoses", "/labels", "/packs"):
        assert client.get(path).status_code == 200, path

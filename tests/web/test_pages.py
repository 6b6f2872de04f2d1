"""The page: who may see what, hostile texts as text, links that work once, and all of it in a real browser."""

import os
import re
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner
from sqlalchemy import delete, select, update

from alerts.packs import PACKS
from alerts.packs.content import as_text
from alerts.view import Terms
from leeway.app import App
from leeway.signing import serializer
from models import Decision, Drift, Label, RegisterVersion, Share, Theme, ThemeAnswer, WorkItem
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.conftest import TODAY
from tests.web.conftest import HOSTILE, MONDAY, needs_browser
from web.app import make
from web.auth import sign_in_token
from web.tables import as_csv

AXE = Path(os.environ.get("LEEWAY_AXE", ".ci/node_modules/axe-core/axe.min.js"))


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(make(app))


def enter(client: TestClient, app: App, role: str, team: str | None = None) -> TestClient:
    client.get("/sign-in", params={"token": sign_in_token(app, role, team)})
    # Not on to the company's page, which is drawn for a test that is about another.
    assert client.post("/sign-in", follow_redirects=False).status_code == 303
    return client


def csrf(text: str) -> dict[str, str]:
    """Hidden fields of the first form."""
    return dict(re.findall(r'name="(csrf|nonce)" value="([^"]*)"', text))


def test_nobody_sees_anything_without_signing_in(client: TestClient) -> None:
    for path in (
        "/",
        "/teams/app",
        "/drifts/1",
        "/labels",
        "/register",
        "/sources",
        "/api/company/shares.json",
        "/api/company/shares.csv",
    ):
        answer = client.get(path, follow_redirects=False)
        assert answer.status_code == 401, path
        assert "leeway web --open" in answer.text


def test_a_sign_in_link_works_once_and_only_when_the_button_is_pressed(client: TestClient, app: App) -> None:
    token = sign_in_token(app, "company")
    for _ in range(3):  # a mail scanner follows the link
        assert client.get("/sign-in", params={"token": token}).status_code == 200
    assert TestClient(make(app)).get("/").status_code == 401
    assert client.post("/sign-in", follow_redirects=False).status_code == 303
    other = TestClient(make(app))
    other.get("/sign-in", params={"token": token})
    refused = other.post("/sign-in")
    assert refused.status_code == 410
    assert "already been used" in refused.text


def test_forged_and_old_links_are_refused(client: TestClient, app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    client.get("/sign-in", params={"token": sign_in_token(app, "company")[:-2] + "xx"})
    assert client.post("/sign-in").status_code == 403
    answer = serializer(app, "answer").dumps({"role": "ops", "team": None, "nonce": "n"})
    client.get("/sign-in", params={"token": answer})  # signed by us, for another purpose
    assert client.post("/sign-in").status_code == 403
    token = sign_in_token(app, "company")
    later = TimestampSigner.get_timestamp(TimestampSigner("x")) + 700
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: later)
    client.get("/sign-in", params={"token": token})
    assert "older than ten minutes" in client.post("/sign-in").text


@pytest.mark.parametrize(
    ("role", "team", "allowed", "refused"),
    [
        (
            "company",
            None,
            ["/", "/teams/app", "/teams/fleet", "/drifts/1", "/drifts/2", "/register", "/labels"],
            ["/sources"],
        ),
        (
            "ops",
            None,
            ["/", "/teams/app", "/sources", "/api/fleet/shares.csv", "/api/sources.csv", "/api/sources.json"],
            [],
        ),
        (
            "team",
            "app",
            ["/teams/app", "/labels", "/register", "/api/app/shares.json"],
            [
                "/teams/fleet",
                "/sources",
                "/drifts/1",
                "/drifts/2",
                "/api/company/shares.json",
                "/api/fleet/shares.csv",
                "/api/drifts/1.json",
            ],
        ),
    ],
)
def test_roles_by_guessing_addresses(
    client: TestClient, app: App, role: str, team: str | None, allowed: list[str], refused: list[str]
) -> None:
    enter(client, app, role, team)
    assert {path: client.get(path).status_code for path in allowed} == dict.fromkeys(allowed, 200)
    assert {path: client.get(path).status_code for path in refused} == dict.fromkeys(refused, 403)


def test_a_list_that_is_cut_leads_to_all_of_it(app: App, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    enter(client, app, "ops")
    whole = client.get("/").text + client.get("/search?q=a").text
    with app.sessions.begin() as session:
        one = session.scalars(select(Theme)).one()
        kept = {
            name: getattr(one, name) for name in ("first_day", "person_days", "recent_person_days", "teams", "weeks")
        }
        session.add(Theme(name="Another", items=[], **kept))
    for name in ("reading.SEARCHED", "scopes.MOST_STREAMS", "scopes.MOST_FINDINGS"):
        monkeypatch.setattr(f"web.{name}", 1)
    cut = client.get("/").text + client.get("/search?q=a").text
    for said in ('<a href="/streams">All streams</a>', '<a href="/drifts">All findings</a>', "there are more."):
        assert said not in whole
        assert said in cut


def test_the_objectives_on_a_drifts_page_add_up_to_its_fall(app: App, client: TestClient) -> None:
    enter(client, app, "company")
    table = re.search("<h2>What took its place</h2>(.*?)</table>", client.get("/drifts/1").text, re.DOTALL)
    assert table is not None
    rows = [int(n.replace("−", "-").replace("±", "")) for n in re.findall(r">([+−±]\d+)<", table[1])]
    assert len(rows) == 4
    assert sum(rows) == 20
    assert re.search(r'Answer for <a href="/streams/[^"]+">', client.get("/drifts/1").text)  # where it says: to decide


def test_while_a_fall_is_open_a_scope_stands_at_its_level_against_the_days_before(client: TestClient, app: App) -> None:
    enter(client, app, "company")
    text = " ".join(client.get("/").text.split())
    assert "changes are against the days before 15 June" in text
    assert "20 of 100 working days have left the top priorities since 15 June" in text
    assert re.search(r'30% <span class="d down">▼&#8202;20</span>', text)
    with app.sessions.begin() as session:
        for drift in session.scalars(select(Drift)):
            drift.state, drift.ended_on = "recovered", MONDAY
    text = " ".join(client.get("/").text.split())
    assert "changes are against the eight weeks before" in text
    assert "the pale one" not in text  # all weeks are over
    assert re.search(r'32% <span class="d" title="[^"]+">▼&#8202;9</span>', text)  # of eight weeks from 48 down to 34
    over = " ".join(client.get("/drifts/1").text.split())
    assert (
        "20 of 100 working days had left the top priorities since 15 June; by 6 July their share was nearly back"
        in over
    )
    assert "To decide:" not in over


def test_a_team_without_figures_of_this_week_stands_beside_no_other(client: TestClient, app: App) -> None:
    with app.sessions.begin() as session:
        session.execute(delete(Share).where(Share.scope == "fleet", Share.week == MONDAY))
    enter(client, app, "company")
    text = client.get("/teams").text
    assert "last week of 5 people or more was that of 29 June" in text
    for heading in ("Teams by objective", "Each team"):
        assert "Fleet" not in re.findall(f"<h2>{heading}</h2>.*?</table>", text, re.DOTALL)[0]
    assert "Fleet" not in re.findall("<h2>Teams</h2>.*?</table>", client.get("/objectives/O1").text, re.DOTALL)[0]
    assert "The last week of 5 people or more here was that of 29 June." in client.get("/teams/fleet").text


def test_a_team_with_a_fall_of_its_own_says_beside_the_others_since_when(client: TestClient, app: App) -> None:
    with app.sessions.begin() as session:
        session.execute(update(Drift).where(Drift.scope == "fleet").values(start=date(2026, 6, 1)))
    enter(client, app, "company")
    both = client.get("/teams").text
    tables = re.findall(r"<h2>(?:Teams by objective|Each team)</h2>.*?</table>", both, re.DOTALL)
    assert "Since 15 June" in tables[0]
    for table in tables:
        (fleet,) = re.findall(r"<tr><td>(?:(?!</td>).)*Fleet.*?</td>", table)
        assert "since 1 Jun<" in fleet
        assert table.count("since 1 Jun") == 1


def test_a_running_week_is_no_headline_and_is_marked_wherever_it_is_listed(client: TestClient, app: App) -> None:
    with app.sessions.begin() as session:
        session.add(
            Share(
                week=MONDAY + timedelta(weeks=1),
                scope="company",
                objective="top",
                share=0.99,
                low=0.9,
                high=1.0,
                coverage=0.2,
                person_days=9,
            )
        )
        for drift in session.scalars(select(Drift)):
            drift.state = "superseded"
    enter(client, app, "company")
    text = client.get("/").text
    assert "Complete weeks to 12 July 2026" in text
    assert "99%" not in text
    assert "the pale one is not complete yet" in text
    rows = client.get("/api/company/shares.json").json()
    assert {row["week"]: row["complete"] for row in rows[-8:]} == {"2026-07-06": True, "2026-07-13": False}
    assert "not complete yet" in client.get("/weeks/2026-07-13").text


@pytest.mark.parametrize(
    ("first", "long", "short"),
    [
        (date(2026, 5, 8), "before 11 May 2026", "before 11 May"),  # in the first week of all work that is known
        (date(2026, 5, 11), "11 May 2026", "11 May"),
    ],
)
def test_a_stream_that_was_there_when_the_known_work_begins_is_older(
    client: TestClient, app: App, first: date, long: str, short: str
) -> None:
    with app.sessions.begin() as session:
        session.execute(update(Theme).values(first_day=first))
    enter(client, app, "company")
    assert all(f">{short}</td>" in client.get(path).text for path in ("/streams", "/"))
    page = client.get(f"/streams/{quote(HOSTILE)}").text
    assert f"Since {long}." in page
    assert "pale" not in page
    row = client.get("/api/company/themes.json").json()[0]
    assert (row["since"], row["since_before"]) == (("", "2026-05-11") if "before" in long else ("2026-05-11", ""))


def test_days_that_were_left_empty_are_no_choice_and_days_without_figures_say_so(app: App, client: TestClient) -> None:
    enter(client, app, "company")
    usual = client.get("/").text
    for path in ("/?since=&until=", "/teams?since=&until=", "/objectives/O1?since=&until="):  # a form's dates, cleared
        assert client.get(path).status_code == 200, path
    assert "Complete weeks to 12 July 2026" in client.get("/?since=2026-06-01&until=").text
    assert "changes are against the days before" in usual
    assert client.get("/api/company/shares.json?since=&until=").json() == client.get("/api/company/shares.json").json()
    for path in ("/", "/api/company/shares.json", "/charts/stack/company"):  # a year that is still being typed
        assert client.get(f"{path}?since=0001-01-01&until=9999-12-31").status_code == 200, path
    for days in ("since=2030-01-01", "until=2020-01-01", "since=2020-01-01&until=2020-02-01"):
        refused = client.get(f"/?{days}")
        assert (refused.status_code, "no figures for these days" in refused.text) == (404, True), days
        assert client.get(f"/api/company/objectives.json?{days}").status_code == 404


def test_a_team_below_the_floor_has_no_page(app: App, client: TestClient) -> None:
    app.settings.drift.least_people = 9
    small = enter(TestClient(make(app)), app, "company")
    assert small.get("/teams/iberia").status_code == 404
    assert small.get("/api/iberia/shares.json").status_code == 404
    assert "/teams/iberia" not in small.get("/").text


def test_the_register_is_read_once_for_what_a_page_shows_and_once_for_its_frame_however_many_findings(
    client: TestClient, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.sessions.begin() as session:
        found = session.get_one(Drift, 1)
        kept = {name: getattr(found, name) for name in ("kind", "scope", "severity", "start", "before", "after")}
        given = {"low": -0.28, "high": -0.12, "absorbed_by": [], "explanation": {}, "ended_on": found.raised_on}
        for n in range(10):
            day = found.raised_on - timedelta(days=n % 4)
            session.add(Drift(**kept, **given, raised_on=day, state="recovered"))
    enter(client, app, "company")
    read, register = 0, App.register

    def counted(self: App) -> Any:
        nonlocal read
        read += 1
        return register(self)

    monkeypatch.setattr(App, "register", counted)
    for path, times in (
        ("/", 2),
        ("/teams/fleet", 2),
        ("/objectives/O1", 2),
        ("/weeks/2026-06-29", 2),
        ("/drifts", 2),
        ("/api/company/drifts.json", 1),
    ):
        client.get(path)  # draws its charts, which are kept
        read = 0
        assert client.get(path).status_code == 200
        assert read == times, path


def test_hostile_texts_are_shown_as_text(client: TestClient, app: App) -> None:
    enter(client, app, "ops")
    for path in ("/", "/drifts/1", "/labels", "/register", "/streams", f"/streams/{quote(HOSTILE)}", "/search?q=alert"):
        text = client.get(path).text
        assert "<script>fetch" not in text, path
        assert "onerror=alert(1)>" not in text.replace("&gt;", ""), path
        assert "javascript:" not in text, path
        assert "<b>Bikes" not in text, path


def test_a_decision_wants_the_sessions_own_form_and_is_kept_once(client: TestClient, app: App) -> None:
    enter(client, app, "company")
    assert client.post("/drifts/1/snoozed", data={"csrf": "guessed", "nonce": "1"}).status_code == 403
    form = csrf(client.get("/drifts/1").text)
    for _ in range(2):
        assert client.post("/drifts/1/snoozed", data=form).status_code == 200
    with app.sessions() as session:
        assert session.get_one(Drift, 1).state == "snoozed"
        rows = list(session.scalars(select(Decision)))
        assert [(row.kind, row.by) for row in rows] == [("snoozed", "company")]
    form = csrf(client.get("/drifts/1").text)
    client.post("/drifts/1/intended", data=form)
    ended = client.post("/drifts/1/snoozed", data=form | {"nonce": "another"})
    assert ended.status_code == 409
    assert "This finding is over already: planned." in ended.text


def test_what_is_undone_is_the_press_that_it_stands_beside_and_no_later_one(client: TestClient, app: App) -> None:
    enter(client, app, "company")
    pressed = client.post("/drifts/1/acknowledged", data=csrf(client.get("/drifts/1").text)).text
    (back,) = re.findall(r'action="(/drifts/1/undone[^"]*)"', pressed)
    lead = enter(TestClient(make(app)), app, "ops")
    lead.post("/drifts/1/intended", data=csrf(lead.get("/drifts/1").text))
    refused = client.post(unescape(back), data=csrf(pressed))
    assert refused.status_code == 409
    assert "Something else happened since" in refused.text
    with app.sessions() as session:
        assert session.get_one(Drift, 1).state == "intended"


def test_what_was_learned_is_said_below_a_finding_that_is_over(client: TestClient, app: App) -> None:
    enter(client, app, "company")
    form = csrf(client.get("/drifts/1").text)
    client.post("/drifts/1/intended", data=form)
    said = client.post("/drifts/1/commented", data=form | {"note": "It was the audit"}, follow_redirects=True)
    assert "“It was the audit”" in said.text
    with app.sessions() as session:
        assert session.get_one(Drift, 1).state == "intended"


def test_who_takes_a_skip_back_takes_nobody_elses_label_away(client: TestClient, app: App) -> None:
    enter(client, app, "team", "app")
    form = csrf(client.get("/labels").text)
    client.post("/labels/2", data=form | {"key_result": "skip"})
    other = enter(TestClient(make(app)), app, "company")
    other.post("/labels/2", data=csrf(other.get("/labels").text) | {"key_result": "O3.1"})
    assert "back in the queue" in client.post("/labels/undo", data=form).text
    with app.sessions() as session:
        assert session.get_one(Label, 2).key_result == "O3.1"


def test_what_was_typed_is_given_back_where_it_could_not_be_kept(client: TestClient, app: App) -> None:
    enter(client, app, "company")
    form = csrf(client.get("/drifts/1").text)
    typed = form | {"note": "We <b>chose</b> this on Monday"}
    client.post("/sign-out", data=form)  # in another tab, or a week later
    refused = client.post("/drifts/1/commented", data=typed)
    assert refused.status_code == 401
    assert "We &lt;b&gt;chose&lt;/b&gt; this on Monday" in refused.text
    assert form["csrf"] not in refused.text
    enter(client, app, "company")  # the form of before has another session's token
    assert "We &lt;b&gt;chose&lt;/b&gt; this on Monday" in client.post("/drifts/1/commented", data=typed).text
    elsewhere = {"sec-fetch-site": "cross-site"}
    assert "on Monday" not in client.post("/drifts/1/commented", data=typed, headers=elsewhere).text


def test_the_first_page_asks_what_to_decide_and_lists_no_stream_of_nothing(client: TestClient, app: App) -> None:
    """mis-builder #59: rows of 0 ask why they are there."""
    with app.sessions.begin() as session:
        row = session.scalars(select(Theme)).first()
        assert row is not None
        row.weeks = {"app": {str(MONDAY): 0.3}}
    enter(client, app, "company")
    assert "<p><b>To decide:</b> continue, reshape or stop" in client.get("/").text
    listed = client.get("/streams").text
    assert ">&lt;1</td>" in listed
    assert ">0</td>" not in listed


def test_answers_stay_with_a_group_of_streams_that_grows_around_its_largest(client: TestClient, app: App) -> None:
    enter(client, app, "company")
    with app.sessions.begin() as session:
        row = session.scalars(select(Theme).order_by(Theme.id)).first()
        assert row is not None
        id_ = row.id
    for name in ("Depot", "Depot and more"):  # "Depot" alone is a stream in it, with a size of its own
        with app.sessions.begin() as session:
            session.execute(update(Theme).where(Theme.id == id_).values(name=name))
        form = csrf(client.get("/streams/Depot").text) | {"answer": "stop" if name == "Depot" else "continue"}
        assert f"<h1>{name}</h1>" in client.get("/streams/Depot").text
        assert f"Saved: {form['answer']}." in client.post("/streams/Depot and more", data=form).text
        with app.sessions() as session:
            said = [(one.theme, one.answer) for one in session.scalars(select(ThemeAnswer))]
        assert said == [("Depot", form["answer"])]


def test_a_day_is_that_of_where_the_company_works(client: TestClient, app: App) -> None:
    late = datetime(2026, 7, 10, 22, 30, tzinfo=UTC)  # half past midnight in Berlin
    with app.sessions.begin() as session:
        session.add(Decision(drift_id=1, kind="commented", by="coo", at=late, note="Seen", nonce="n"))
        session.add(ThemeAnswer(theme=HOSTILE, by="coo", at=late, answer="stop"))
        session.execute(update(RegisterVersion).values(loaded_at=late))
    enter(client, app, "ops")
    assert "Version 1, 11 July 2026" in client.get("/register").text
    enter(client, app, "company")
    assert "<li>11 July 2026: " in client.get("/drifts/1").text
    with app.sessions() as session:
        _, register = app.register()
        monthly, quarterly = (
            as_text(PACKS[kind].make(session, register, Terms())) for kind in ("monthly", "quarterly")
        )
    assert "stopped on 11 July by coo" in monthly
    assert "11 July: " in quarterly


def test_a_label_is_kept_and_the_item_is_matched_again(client: TestClient, app: App) -> None:
    enter(client, app, "team", "app")
    form = csrf(client.get("/labels").text)
    assert client.post("/labels/1", data=form | {"key_result": "O3.1"}).status_code == 200
    assert client.post("/labels/2", data=form | {"key_result": "skip"}).status_code == 200
    assert client.post("/labels/3", data=form | {"key_result": "O9.9"}).status_code == 409
    assert client.post("/labels/999", data=form | {"key_result": ""}).status_code == 404
    with app.sessions() as session:
        rows = {row.work_item_id: row.key_result for row in session.scalars(select(Label))}
        assert rows == {1: "O3.1"}
        assert session.get_one(WorkItem, 1).stale
    assert "1 left" in client.get("/labels").text


def test_a_link_in_a_mail_changes_nothing_until_its_button_is_pressed(client: TestClient, app: App) -> None:
    given = {"item": 1, "key_result": "O3.1", "say": "This serves O3.1", "name": HOSTILE}
    token = serializer(app, "answer").dumps(given)
    page = client.get("/answer", params={"token": token})
    assert "This serves O3.1" in page.text
    assert "<script>fetch" not in page.text
    with app.sessions() as session:
        assert session.scalar(select(Label)) is None
    assert "Saved" in client.post("/answer", params={"token": token}).text
    with app.sessions() as session:
        assert session.get_one(Label, 1).key_result == "O3.1"
    assert client.get("/answer", params={"token": token[:-3] + "abc"}).status_code == 403


@pytest.mark.parametrize("face", ["mail", "queue"])
def test_an_answer_that_was_asked_before_another_plan_is_of_the_key_result_that_it_named(
    client: TestClient, app: App, face: str
) -> None:
    enter(client, app, "team", "app")
    form = dict(re.findall(r'name="(csrf|seen)" value="([^"]*)"', client.get("/labels").text))
    version, register = app.register()
    titles = {one.key: one.title for _, one in register.key_results()}
    text = register_yaml(TODAY)

    def answered(item: int, key: str) -> int:
        if face == "queue":
            return client.post(f"/labels/{item}", data=form | {"key_result": key}).status_code
        given = {"item": item, "key_result": key, "say": "This", "name": "An item", "seen": version}
        return client.post("/answer", params={"token": serializer(app, "answer").dumps(given)}).status_code

    swapped = (
        text.replace(titles["O3.1"], "kept aside")
        .replace(titles["O1.3"], titles["O3.1"])
        .replace("kept aside", titles["O1.3"])
    )
    assert swapped != text
    load(app, swapped)
    assert answered(1, "O3.1") == 200
    load(app, swapped.replace(titles["O3.1"], "Nine depots with solar roofs").replace("H2 2026", "H1 2027"))
    assert answered(2, "O3.1") == 409
    with app.sessions() as session:
        held = {row.work_item_id: row.key_result for row in session.scalars(select(Label))}
    assert list(held) == [1]
    assert held[1] is not None
    assert held[1].startswith("O1.3")


def load(app: App, document: str) -> None:
    """Another plan, of another period."""
    with app.sessions.begin() as session:
        load_register(session, parse(document), document)


def test_tables_as_json_and_csv_and_their_description(client: TestClient, app: App) -> None:
    enter(client, app, "company")
    rows = client.get("/api/company/shares.json").json()
    assert set(rows[0]) == {"week", "objective", "share", "low", "high", "coverage", "complete"}
    lines = client.get("/api/company/shares.csv").text.splitlines()
    assert len(lines) == len(rows) + 1
    for table in ("objectives", "themes", "drifts"):
        rows = client.get(f"/api/company/{table}.json").json()
        assert rows
        assert len(client.get(f"/api/company/{table}.csv").text.splitlines()) == len(rows) + 1
    assert client.get("/api/company/people.json").status_code == 404
    parts = client.get("/api/drifts/1.json").json()
    assert {row["part"] for row in parts} == {"theme", "objective", "rest", "team"}
    assert len(client.get("/api/drifts/1.csv").text.splitlines()) == len(parts) + 1
    assert client.get("/api/sources.json").status_code == 403
    assert set(client.get("/openapi.json").json()["paths"]) == {
        "/api/{scope}/{table}.json",
        "/api/{scope}/{table}.csv",
        "/api/drifts/{id_}.{kind}",
        "/api/sources.{kind}",
    }


def test_every_answer_forbids_other_hosts_and_frames(client: TestClient, app: App) -> None:
    for path in ("/", "/sign-in?token=x", "/static/style.css", "/healthz", "/nothing"):
        policy = client.get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy


@needs_browser
def test_in_a_browser_every_view_the_keyboard_and_nothing_from_elsewhere(app: App, served: str, browser: Any) -> None:
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda one: said.append(one.url) if not one.url.startswith((served, "data:")) else None)
    page.goto(f"{served}/sign-in?token={sign_in_token(app, 'ops')}")
    page.get_by_role("button", name="Sign in").click()
    assert "Velora <b>Bikes</b>" in page.locator("h1").inner_text()
    assert page.locator("figure svg:visible").count() == 1
    for path in (
        "/teams",
        "/teams/app",
        "/objectives/O1",
        "/key-results/O1.1",
        "/streams",
        f"/streams/{quote(HOSTILE)}",
        "/weeks/2026-07-06",
        "/drifts",
        "/drifts/1",
        "/register",
        "/sources",
        "/search?q=APP-1",
        "/ask",
    ):
        page.goto(served + path)
        assert page.locator("h1").count() == 1, path
        assert too_wide(page) == [], path
        if AXE.exists():
            found = audit(page)
            assert found == [], (path, found)
    page.goto(f"{served}/")
    assert too_wide(page) == []
    page.goto(f"{served}/labels")
    assert too_wide(page) == []
    assert HOSTILE.split()[0] in page.locator("section.card").first.inner_text()
    page.keyboard.press("1")
    page.wait_for_url(f"{served}/labels")
    page.get_by_text("2 left").wait_for()
    page.keyboard.press("s")
    page.get_by_text("1 left").wait_for()
    with app.sessions() as session:
        assert [row.key_result for row in session.scalars(select(Label))] == ["O3.1"]
    assert said == []


def too_wide(page: Any) -> list[int]:
    """Widths of a window (a tablet, a phone, a desk at four times its size, a desk) in which the page would scroll sideways."""
    found = []
    for width in (768, 390, 320, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            found.append(width)
    return found


def audit(page: Any) -> list[str]:
    """Serious findings of axe-core; its script is run in the page's own world, past the policy."""
    result = page.evaluate(f"(() => {{ {AXE.read_text()}; return axe.run(); }})()")
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:80]}"
        for v in result["violations"]
        if v["impact"] in ("serious", "critical")
    ]


@needs_browser
@pytest.mark.skipif(not AXE.exists(), reason="no axe-core: npm install --prefix .ci axe-core")
def test_no_serious_finding_of_axe_on_the_company_page_and_the_queue(app: App, served: str, browser: Any) -> None:
    page = browser.new_page()
    page.goto(f"{served}/sign-in?token={sign_in_token(app, 'ops')}")
    assert audit(page) == []
    with page.expect_navigation():  # a click alone may return while the page that it leaves is going
        page.get_by_role("button", name="Sign in").click()
    assert audit(page) == []
    page.goto(f"{served}/labels")
    assert audit(page) == []


def test_the_digests_links_label_an_item_once_pressed(tmp_path: Path) -> None:
    from leeway.digest import write_previews
    from tests.web.conftest import app_with

    app = app_with(tmp_path, web={"url": "https://leeway.example"})
    list(write_previews(app, tmp_path, "app"))
    html = (tmp_path / "digest-app.html").read_text()
    links = re.findall(r'href="https://leeway\.example(/answer\?token=[^"]+)"', html)
    assert len(links) == 3 * 3 + 3  # three items with two likely key results each and none; three answers on a theme
    assert "<script>fetch" not in html
    client = TestClient(make(app), base_url="https://leeway.example")
    label_ = next(link for link in links if "This serves O3.1" in client.get(link).text)
    client.post(label_)
    with app.sessions() as session:
        assert [(row.work_item_id, row.key_result, row.origin) for row in session.scalars(select(Label))] == [
            (1, "O3.1", "digest")
        ]
    text = (tmp_path / "digest-app.eml").read_text()
    assert "What do these serve?" in text


def test_any_key_of_the_register_leads_to_its_page(  # fixmystreet #2439, idno #1331
    client: TestClient, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "R&D/Ä #2 50%?b=c"
    monkeypatch.setattr("web.drawing._picture", lambda spec: "")
    text = register_yaml(TODAY).replace("key: O3\n", f'key: "{key}"\n').replace("key: O3.1,", f'key: "{key}.1",')
    with app.sessions.begin() as session:
        load_register(session, parse(text), text)
    enter(client, app, "ops")
    found = client.get("/search", params={"q": "the app"}).text + client.get("/register").text
    links = {unescape(one) for one in re.findall(r'href="(/(?:objectives|key-results)/[^"]*)"', found)}
    mine = {one for one in links if unquote(one).split("/", 2)[2].startswith(key)}
    assert len(mine) >= 2
    for link in mine:
        page = client.get(link)
        assert page.status_code == 200, link
        assert unescape(page.text).count(key)
        for other in set(re.findall(r'href="(/objectives/[^"]*)"', page.text)):  # its other days, and its form
            assert client.get(unescape(other)).status_code == 200, other


def test_a_files_name_is_one_whatever_a_team_is_called() -> None:
    answer = as_csv([{"week": "2026-07-06"}], '営業/"EMEA"-shares')
    said = answer.headers["content-disposition"]
    assert said.startswith('attachment; filename="----EMEA--shares.csv"')
    assert unquote(said.split("filename*=UTF-8''")[1]) == "営業--EMEA--shares.csv"

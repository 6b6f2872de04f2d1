"""One number: what two faces say about the same thing is the same, and what stands beside its sum adds up to it."""

import io
import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rich.console import Console
from sqlalchemy import delete, select

from alerts.digest import compose, team_week
from alerts.falls import alert_of
from alerts.figures import standing
from alerts.mail import Smtp
from alerts.words import percent, plain
from leeway.app import App
from leeway.status import status_of
from leeway.status_text import render
from models import Drift, Share
from models.vocabulary import COMPANY
from pipeline.register.document import Team, parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.conftest import TODAY
from tests.web.conftest import HOSTILE, MONDAY, app_with
from tests.web.test_pages import enter
from web.app import make

EXPORTED = ("csv", "json")
SOURCE = {"signals": 1, "streams": 1, "minutes_since_pull": 1, "errors": []}
LEVELS = {
    "company": {
        "O1": [0.2449, 0.1449],
        "O2": [0.1251, 0.0651],
        "O3": [0.13, 0.09],
        "O4": [0.0855, 0.0735],
        "O5": [0.0845, 0.0665],
        "": [0.33, 0.56],
    },
    "app": {
        "O1": [0.1, 0.05],
        "O2": [0.0, 0.0],
        "O3": [0.4949, 0.2451],
        "O4": [0.0, 0.0],
        "O5": [0.0, 0.0],
        "": [0.4051, 0.7049],
    },
    "fleet": {"O1": [0.2, 0.1], "O2": [0.2, 0.1], "O3": [0.1, 0.1], "O4": [0.0, 0.0], "O5": [0.0, 0.0], "": [0.5, 0.7]},
}


@pytest.fixture
def pages(tmp_path: Path) -> tuple[App, TestClient]:
    """A company whose fall has levels that do not round nicely."""
    app = app_with(tmp_path)
    with app.sessions.begin() as session:
        for drift in session.scalars(select(Drift)):
            drift.explanation = drift.explanation | {"levels": LEVELS}
    return app, enter(TestClient(make(app)), app, "company")


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table below a heading, as text."""
    found = re.search(f"<h2[^>]*>{heading}</h2>(.*?)</table>", text, re.DOTALL)
    assert found is not None, heading
    cells = [
        re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
        for row in re.findall(r"<tr[^>]*>(.*?)</tr>", found[1], re.DOTALL)
    ]
    return [
        [re.sub(r"<[^>]+>|\s+", " ", cell).strip().replace("−", "-").strip("±+") for cell in row]
        for row in cells
        if row
    ]


def test_objectives_are_the_same_on_every_page_in_the_export_and_the_digest(pages: tuple[App, TestClient]) -> None:
    app, client = pages
    scope = {row[0]: (row[1], row[3], row[4]) for row in rows(client.get("/").text, "All objectives")}
    drift = {row[0]: (row[2], row[1], row[3]) for row in rows(client.get("/drifts/1").text, "What it fell from")}
    assert scope == drift
    export = client.get("/api/company/objectives.json").json()
    names = {f"{row['priority']} {row['title']}" if row["priority"] else row["title"]: row for row in export}
    assert scope == {
        name: (str(names[name]["now"]), str(names[name]["before"]), str(names[name]["change"])) for name in scope
    }
    _, register = app.register()
    with app.sessions() as session:
        content = team_week(session, register, Team(key=COMPANY, name="Velora"))
    assert content is not None
    mail = {
        f"{line.priority} {line.title}" if line.priority else line.title: (str(line.now), str(line.before))
        for line in content.lines
    }
    assert {name: pair[:2] for name, pair in scope.items() if name in mail} == mail
    home = client.get("/").text
    for objective in register.objectives:
        name = f"{objective.priority} {objective.title}"
        text = client.get(f"/objectives/{objective.key}").text
        assert f'<div class="v">{scope[name][0]}%' in text, name
        card = re.search(r'<div class="v">\d+% <span class="d[^<]*</span></div>', text)
        assert card is not None, name
        assert objective.priority > 3 or card[0] in home, name  # also what is red is red on both


def test_the_tables_of_chosen_days_and_the_files_that_they_link_are_of_these_days(
    pages: tuple[App, TestClient],
) -> None:
    _, client = pages
    since, until = MONDAY - timedelta(weeks=2), MONDAY - timedelta(days=1)
    text = client.get("/", params={"since": str(since), "until": str(until)}).text
    links = {Path(link.partition("?")[0]).name: unescape(link) for link in re.findall(r'href="(/api/[^"]+)"', text)}
    assert set(links) == {
        f"{name}.{kind}" for name in ("shares", "objectives", "themes", "drifts") for kind in EXPORTED
    }
    shares = client.get(links["shares.json"]).json()
    assert {row["week"] for row in shares} == {str(since), str(since + timedelta(weeks=1))}
    said = {row[0][2:]: row[1] for row in rows(text, "All objectives")}
    exported = {row["title"]: str(row["now"]) for row in client.get(links["objectives.json"]).json() if row["priority"]}
    assert exported.items() <= said.items()
    (stream,) = client.get(links["themes.json"]).json()
    assert [stream["person_days"]] == [int(row[-1]) for row in rows(text, "Largest work on no objective")] == [20]
    assert f"Person-days, {since.day} {since:%B} to {until.day} {until:%B}." in text
    assert len(client.get(links["drifts.json"]).json()) == len(rows(text, "Findings of these days")) == 2
    before = {"since": "2026-05-04", "until": "2026-05-31"}
    assert client.get("/api/company/drifts.json", params=before).json() == []
    assert f"company-shares-{since}-{until}.csv" in client.get(links["shares.csv"]).headers["content-disposition"]
    assert "since" not in re.search(r'href="(/api/[^"]+)"', client.get("/").text)[1]  # type: ignore[index]


def test_columns_add_up(pages: tuple[App, TestClient]) -> None:
    _, client = pages
    table = rows(client.get("/").text, "All objectives")
    assert [sum(int(row[n]) for row in table) for n in (1, 3, 4)] == [100, 100, 0]
    fell = rows(client.get("/drifts/1").text, "What it fell from")
    assert sum(int(row[3]) for row in fell if row[0][:1] in "123") == -20
    took = rows(client.get("/drifts/1").text, "What took its place")
    assert sum(int(row[-1]) for row in took[:-1]) == int(took[-1][-1]) == 20
    home = rows(client.get("/").text, "Where it went")
    named = [(row[0].removesuffix("objective").partition(" such as")[0].strip(), row[-1]) for row in took[:-1]]
    shown = [(row[0].removesuffix("objective").strip(), row[-1]) for row in home[:-1]]
    assert shown == [one for one in named if one[1] != "±0"]  # "everything else" is one thing
    parts = client.get("/api/drifts/1.json").json()
    assert sum(row["points"] for row in parts if row["part"] != "team") == 20


def test_the_fall_is_one_fall_in_every_face(pages: tuple[App, TestClient]) -> None:
    app, client = pages
    _, register = app.register()
    with app.sessions() as session:
        drift = session.get_one(Drift, 1)
        alert = alert_of(session, drift, register)
        content = team_week(session, register, Team(key=COMPANY, name="Velora", lead="coo@velora.example"))
    assert content is not None
    assert content.head == (alert.after, "on the top priorities")
    page = client.get("/").text
    assert alert.title in page
    assert f'<div class="v">{alert.after}% ' in page
    assert plain(alert.story[1]) in [plain(words) for words in content.story]
    assert f"{alert.before}% → {alert.after}%" in client.get("/drifts").text
    row = next(row for row in client.get("/api/company/drifts.json").json() if row["scope"] == "company")
    assert (percent(row["before"]), percent(row["after"])) == (alert.before, alert.after)
    status = next(row for row in status_of(app)["open_drifts"] if row["scope"] == "company")
    assert (percent(status["before"]), percent(status["after"])) == (alert.before, alert.after)
    text = compose(content, Smtp("mail.example", sender="x@velora.example")).get_body(("plain",))
    assert text is not None
    assert f"{alert.after}% of the work was on the top priorities" in text.get_content()


def test_an_interval_is_said_in_the_same_words_and_says_what_it_is_about(pages: tuple[App, TestClient]) -> None:
    app, client = pages
    _, register = app.register()
    with app.sessions() as session:
        alert = alert_of(session, session.get_one(Drift, 1), register)
        content = team_week(session, register, Team(key=COMPANY, name="Velora", lead="coo@velora.example"))
        top = list(session.scalars(select(Share).where(Share.scope == COMPANY, Share.objective == "top")))
    assert content is not None
    assert f"9 in 10 sure: between {alert.low} and {alert.high} of 100 working days left" in alert.text
    head = content.stands.top
    # The level's interval is that of its weeks; the fall's own, seen from the level before, would end well below them.
    reach = next((row.share - row.low, row.high - row.share) for row in top)
    assert (head.low, head.high) == (percent(alert.after / 100 - reach[0]), percent(alert.after / 100 + reach[1]))
    said = f"9 in 10 sure: between {head.low} and {head.high}% on average since 15 June"
    mail = compose(content, Smtp("mail.example", sender="x@velora.example"))
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        assert said in body.get_content()
    assert said in client.get("/").text
    with app.sessions.begin() as session:
        for drift in session.scalars(select(Drift)):
            drift.state, drift.ended_on = "recovered", MONDAY
    assert "% in the week of 6 July" in client.get("/").text


def test_a_team_that_does_nothing_of_one_top_priority_has_one_interval_for_its_plan_and_the_top_priorities(
    pages: tuple[App, TestClient],
) -> None:
    app, client = pages
    fleet = LEVELS["fleet"] | {"O1": [0.0, 0.0], "O2": [0.3, 0.2]}
    with app.sessions.begin() as session:
        for drift in session.scalars(select(Drift).where(Drift.scope == "fleet")):
            drift.explanation = drift.explanation | {"levels": LEVELS | {"fleet": fleet}}
    assert "between 12 and 28 of 100 working days left" in client.get("/drifts/2").text
    assert "30%" in client.get("/teams/fleet").text
    assert "9 in 10 sure: between 20 and 40% on average since 15 June" in client.get("/teams/fleet").text


def test_a_team_is_the_same_on_its_page_the_teams_page_the_finding_and_its_digest(
    pages: tuple[App, TestClient],
) -> None:
    app, client = pages
    teams = {row[0]: row for row in rows(client.get("/teams").text, "Each team")}
    fell = {row[0]: row for row in rows(client.get("/drifts/1").text, "Team by team")}
    _, register = app.register()
    team = next(one for one in register.teams if one.key == "app")
    with app.sessions() as session:
        content = team_week(session, register, team)
    assert content is not None
    assert content.stands.own is not None
    assert teams["Rider App"][1:3] == [f"{content.stands.own.now}%", f"{content.stands.own.before}%"]
    assert fell["Rider App"][1:3] == [f"{content.stands.top.before}%", f"{content.stands.top.now}%"]
    page = " ".join(client.get("/teams/app").text.split())
    assert f"from {content.stands.top.before}% to {content.stands.top.now}%" in page
    assert "None. The first can be raised" not in page  # its fall is listed where the company's names it


def test_person_days_of_a_stream_are_of_one_window_everywhere(pages: tuple[App, TestClient]) -> None:
    app, client = pages
    window = f"{(MONDAY - timedelta(weeks=3)).day} June to 12 July"
    home, listed = client.get("/").text, client.get("/streams").text
    stream = client.get(f"/streams/{HOSTILE.replace('/', '%2F').replace('?', '%3F').replace('#', '%23')}").text
    assert window in home
    assert window in listed
    assert window in stream
    exported = client.get("/api/company/themes.json").json()[0]
    assert exported["person_days"] == 30
    assert rows(home, "Largest work on no objective")[0][-1] == "30"
    assert '<div class="v">30</div>' in stream
    _, register = app.register()
    with app.sessions() as session:
        content = team_week(session, register, next(one for one in register.teams if one.key == "app"))
    assert content is not None
    assert [round(days) for _, days in content.themes] == [30]
    assert content.window == window


def test_a_team_with_a_fall_of_its_own_says_of_the_companys_what_the_companys_page_says(
    pages: tuple[App, TestClient],
) -> None:
    app, client = pages
    with app.sessions.begin() as session:
        for row in session.scalars(select(Drift).where(Drift.scope == "fleet")):
            own = {"O1": [0.35, 0.1], "O2": [0.2, 0.1], "O3": [0.1, 0.05], "O4": [0.0, 0.0], "O5": [0.0, 0.0]}
            row.scope, row.start = "app", MONDAY - timedelta(weeks=6)
            row.explanation = {"levels": {"app": own | {"": [0.35, 0.75]}}}
    company = client.get("/drifts/1").text
    lead = enter(TestClient(make(app)), app, "team", "app").get("/teams/app").text
    assert re.search(r">Rider App</a></td><td class=\"n\">59%</td><td class=\"n\">30%</td>", company)
    assert "59% → 30% here" in lead


def test_a_team_that_is_the_whole_company_has_the_companys_interval(pages: tuple[App, TestClient]) -> None:
    app, _ = pages
    with app.sessions.begin() as session:
        session.execute(delete(Drift).where(Drift.scope == "fleet"))
        for drift in session.scalars(select(Drift)):
            drift.explanation = drift.explanation | {"levels": LEVELS | {"app": LEVELS["company"]}}
    _, register = app.register()
    with app.sessions() as session:
        found = [standing(session, register, scope) for scope in (COMPANY, "app")]
    said = [(one.top.low, one.top.high, one.top.now, one.top.before) for one in found if one]
    assert said[0] == said[1]


def test_a_team_that_is_gone_stands_in_status_until_it_is_taken_out_or_back(pages: tuple[App, TestClient]) -> None:
    app, _ = pages
    gone = {"kind": "data", "subject": "gone", "state": "noted", "severity": "medium", "raised_on": MONDAY}
    levels: dict[str, Any] = {"before": 0.0, "after": 0.0, "low": 0.0, "high": 0.0, "absorbed_by": []}
    with app.sessions.begin() as session:
        session.add_all(
            Drift(scope=scope, start=start, **gone, **levels)
            for scope, start in (("care", MONDAY), ("fleet", MONDAY), ("old", MONDAY))
        )
    (said,) = status_of(app)["teams_gone"]  # one has a week since then, one is not in the register
    assert said.startswith("Nobody of “Rider Care” has left a trace since 6 July.")


def test_a_company_without_top_priorities_is_not_said_to_do_nothing_for_them(tmp_path: Path) -> None:
    app = app_with(tmp_path)
    with app.sessions.begin() as session:
        session.execute(delete(Drift))
        text = re.sub(r"priority: (\d)", r"priority: 1\1", register_yaml(TODAY)).replace("Velora Bikes", "Velora")
        load_register(session, parse(text), text)
    client = enter(TestClient(make(app)), app, "company")
    page = client.get("/").text
    assert "On the objectives" in page
    assert "On the top priorities" not in page
    _, register = app.register()
    with app.sessions() as session:
        content = team_week(session, register, Team(key=COMPANY, name="Velora"))
    assert content is not None
    assert content.head == (58, "on the objectives")  # 0.7 of 1.2
    out = io.StringIO()
    render(
        status_of(app) | {"waits_for": [], "days_known": 99, "sources": {"jira": SOURCE}}, Console(file=out, width=300)
    )
    assert "no objective has priority 1, 2 or 3" in out.getvalue()
    assert "top priorities 0%" not in out.getvalue()

"""One gap: the plan, the gap and its person-days are the same on the page, in the export, the digest, status and the alert."""

import io
import re
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from rich.console import Console

from alerts.digest import compose, team_week
from alerts.gaps import gap_view, short
from alerts.mail import Smtp
from alerts.words import plain
from leeway.app import App
from leeway.decisions import show_decisions
from leeway.status import status_of
from leeway.status_text import render
from models import Drift
from models.vocabulary import COMPANY
from pipeline.register.document import Team, parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.conftest import TODAY
from tests.web.conftest import app_with
from tests.web.test_ask import COMPANY as ASKS
from tests.web.test_ask import ask
from tests.web.test_one_number import rows
from tests.web.test_pages import enter
from web.app import make


def planned(app: App, plan: str = "plan: 45 %") -> None:
    """The register with a plan for O1 of the company's work, and of one team's own, and what a day costs."""
    text = register_yaml(TODAY).replace("    priority: 1\n", f"    priority: 1\n    {plan}\n")
    text = text.replace("  - key: app\n", "  - key: app\n    rate: 600\n    plan: {O3: 30 %}\n").replace(
        "company: Velora Bikes", "company: Velora Bikes\ncurrency: EUR"
    )
    with app.sessions.begin() as session:
        load_register(session, parse(text), text)
        for drift in session.query(Drift):
            drift.state = "recovered"


def a_gap(app: App) -> int:
    """An open gap of the company to the plan for O1."""
    with app.sessions.begin() as session:
        row = Drift(
            kind="gap",
            scope=COMPANY,
            subject="O1",
            state="raised",
            severity="high",
            raised_on=date(2026, 7, 12),
            start=date(2026, 6, 15),
            before=0.45,
            after=0.2,
            low=-0.33,
            high=-0.17,
            absorbed_by=[],
            explanation={"until": "2026-07-12", "weeks": 4, "person_days": 100.0},
        )
        session.add(row)
        session.flush()
        return row.id


@pytest.fixture
def pages(tmp_path: Path) -> tuple[App, TestClient]:
    app = app_with(tmp_path)
    planned(app)
    return app, enter(TestClient(make(app)), app, "company")


def test_the_gap_is_one_number_in_every_face(pages: tuple[App, TestClient]) -> None:
    app, client = pages
    _, register = app.register()
    title = next(o.title for o in register.objectives if o.key == "O1")
    with app.sessions() as session:
        content = team_week(session, register, Team(key=COMPANY, name="Velora", lead="coo@velora.example"))
    assert content is not None
    part = next(one for one in content.stands.parts if one.key == "O1")
    found = part.four_weeks
    assert found is not None
    assert (part.plan, found.plan, found.share, found.points) == (45, 45, 20, 25)
    assert part.gap == 45 - part.now  # the last week's; the other is of four weeks
    assert (found.person_days, found.first, found.last) == (100, date(2026, 6, 15), date(2026, 7, 12))

    row = next(row for row in rows(client.get("/").text, "All objectives") if title in row[0])
    assert row[5:7] == ["45", str(part.gap)]
    assert row[7] == f"25 ({found.low} to {found.high}), 100 days"
    page = " ".join(client.get("/objectives/O1").text.split())
    assert f"plan 45%, {part.gap} short" in page
    assert "Gap to the plan, 15 June to 12 July" in page
    assert (
        f"20% of 45% planned · 9 in 10 sure: between {found.low} and {found.high} points short · "
        "100 person-days, about 60,000 EUR" in page
    )

    exported = next(row for row in client.get("/api/company/objectives.json").json() if row["key"] == "O1")
    assert [
        exported[name] for name in ("plan", "gap", "four_weeks_points", "four_weeks_person_days", "four_weeks_last")
    ] == [
        45,
        part.gap,
        25,
        100,
        "2026-07-12",
    ]
    status = status_of(app)["plan"]
    assert [(row["objective"], row["plan"], row["share"], row["gap"], row["person_days"]) for row in status] == [
        ("O1", 45, 20, 25, 100)
    ]
    assert status[0]["text"] == short(found)
    text = compose(content, Smtp("mail.example", sender="x@velora.example")).get_body(("plain",))
    assert text is not None
    assert f"plan 45%, {part.gap} short; 20% and 100 person-days short from 15 June to 12 July" in text.get_content()


def test_the_alert_and_its_page_say_the_same(pages: tuple[App, TestClient]) -> None:
    app, client = pages
    id_ = a_gap(app)
    _, register = app.register()
    with app.sessions() as session:
        found = gap_view(session, session.get_one(Drift, id_), register)
    assert (found.before, found.after, found.points) == (45, 20, 25)
    page = client.get(f"/drifts/{id_}").text
    assert found.title.split(" go to ")[0] in page
    assert "That is about 100 person-days from 15 June to 12 July, about 60,000 EUR" in page
    assert "This is intended" in page
    assert f"/drifts/{id_}" in client.get("/").text
    assert "Large employers choose Velora as their standard benefit: 20% of 45% planned" in client.get("/drifts").text
    row = next(row for row in client.get("/api/company/drifts.json").json() if row["kind"] == "gap")
    assert (row["objective"], row["before"], row["after"]) == ("O1", 0.45, 0.2)
    with app.sessions() as session:
        content = team_week(session, register, Team(key=COMPANY, name="Velora"))
    assert content is not None
    assert plain(content.story[0]) == plain(found.story[0])


def test_a_team_is_held_against_its_own_plan(pages: tuple[App, TestClient]) -> None:
    _, client = pages
    exported = {row["key"]: row for row in client.get("/api/app/objectives.json").json()}
    assert (exported["O3"]["plan"], exported["O3"]["four_weeks_points"]) == (
        30,
        30 - exported["O3"]["four_weeks_share"],
    )
    assert exported["O1"]["plan"] is None


def test_a_suggested_plan_is_said_to_be_one_and_has_no_gap(tmp_path: Path) -> None:
    app = app_with(tmp_path)
    client = enter(TestClient(make(app)), app, "company")
    exported = {row["key"]: row for row in client.get("/api/company/objectives.json").json()}
    assert exported["O1"]["plan"] is None
    assert exported["O1"]["gap"] is None
    suggested = [exported[key]["suggested_plan"] for key in ("O1", "O2", "O3", "O4", "O5")]
    assert all(isinstance(one, int) and one % 5 == 0 for one in suggested)
    assert "not decided" in client.get("/objectives/O1").text
    assert "nothing is measured against it" in client.get("/").text
    assert status_of(app)["plan"] == []


def test_a_press_says_what_it_does_to_a_gap(pages: tuple[App, TestClient]) -> None:
    app, client = pages
    id_ = a_gap(app)
    page = client.get(f"/drifts/{id_}").text
    csrf = page.split('name="csrf" value="')[1].split('"')[0]
    answer = client.post(f"/drifts/{id_}/intended", data={"csrf": csrf, "nonce": "n"})
    assert "not reported again until the plan changes" in answer.text
    with app.sessions() as session:
        assert session.get_one(Drift, id_).state == "intended"


def test_status_says_whose_gap_it_is_and_to_which_objective(pages: tuple[App, TestClient]) -> None:
    app, _ = pages
    a_gap(app)
    out = Console(width=300, file=io.StringIO())
    pulled = {"jira": {"signals": 1, "streams": 1, "minutes_since_pull": 1, "errors": []}}
    render(status_of(app) | {"sources": pulled}, out)
    assert isinstance(out.file, io.StringIO)
    said = out.file.getvalue()
    assert re.search(
        r"gap      Velora Bikes, Large employers choose .+: 20% of 45% planned since 2026-06-15, open", said
    )


TITLE, NEXT = "Large employers choose Velora as their standard benefit", "Insurance partners sell with us"


def another_plan(app: App) -> None:
    """The next period's register: O1 is another objective by now, and its key results are other ones."""
    text = register_yaml(TODAY).replace("H2 2026", "FY27").replace(TITLE, NEXT)
    text = re.sub(r"start: 20\d\d-\d\d-\d\d, end: \S+\d", "start: 2026-07-13, end: 2026-12-31", text, count=1)
    text = re.sub(r'(key: O1\.(\d), title: )"[^"]+"', r'\1"Contracts with \2 insurers are signed and running"', text)
    with app.sessions.begin() as session:
        load_register(session, parse(text), text)


def test_what_is_of_an_earlier_plan_is_told_by_its_title_and_leads_to_no_page_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.drawing._picture", lambda spec: "")  # the drawings' specification is looked at below
    app = app_with(tmp_path)
    planned(app)
    client = enter(TestClient(make(app)), app, "company")
    a_gap(app)
    heat = client.get("/teams").text.split("Teams by objective")[0]
    another_plan(app)
    with app.sessions.begin() as session:
        session.query(Drift).filter(Drift.scope == "fleet").update({"state": "raised", "raised_on": date(2026, 7, 9)})
    said = io.StringIO()
    show_decisions(app, said, as_json=False)
    assert "flagged on 2026-07-09, 1 day ago" in said.getvalue()  # wbmExtension #41
    render(status_of(app), Console(width=300, file=said))
    faces = {path: client.get(path).text for path in ("/", "/drifts", "/weeks/2026-07-06", "/drifts/1")}
    for face, text in (faces | {"command line": said.getvalue()}).items():
        assert "O1@" not in text, face
        assert TITLE in text, face
    gap = f"{TITLE}: 20% of 45% planned"
    assert all(gap in text for text in (faces["/"], faces["/drifts"], said.getvalue()))
    # Teams stand at what they were computed for until the next cycle, and so does what is drawn.
    assert rows_of(client.get("/teams").text.split("Teams by objective")[0]) == rows_of(heat)
    chart = client.get("/charts/stack/company?since=2026-05-01&until=2026-07-12").json()
    assert f"1 {TITLE}"[:50] in str(chart)
    gaps = [one for one in ask(app, ASKS, "drifts")["findings"] if one["what"] == "a gap to the plan"]
    assert [(one["of_an_earlier_plan"], one["objective_title"]) for one in gaps] == [(True, f"“{TITLE}”")]
    assert "O1@" not in str(gaps)
    late = client.get("/packs/quarterly").text
    assert "FY27 runs from 13 July 2026, and no complete week of it is known" in late


def rows_of(page: str) -> list[str]:
    return re.findall(r"<td[^>]*>(\d+|–)</td>", page)


def test_a_team_that_no_key_result_names_is_said_to_have_no_plan(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.drawing._picture", lambda spec: "")
    text = re.sub(r"teams: \[([^\]]*\b)?fleet(, )?", r"teams: [\1", register_yaml(TODAY))
    with app.sessions.begin() as session:
        load_register(session, parse(re.sub(r", \]", "]", text)), text)
    client = enter(TestClient(make(app)), app, "company")
    for path in ("/teams", "/"):  # its row was dashes alone, which weeks that are not known have too
        table = client.get(path).text.partition('<table class="heat">')[2].partition("</table>")[0]
        said = {
            team: "no plan" in row
            for row in table.split("<tr>")
            for team in ("fleet", "app")
            if f"/teams/{team}" in row
        }
        assert said == {"fleet": True, "app": False}, path

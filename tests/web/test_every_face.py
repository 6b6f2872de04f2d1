"""Every figure that two faces state of one thing is the same: alert, digest, page, status, progress, exports, assistant.

The claims are gathered from what people meet, each under the name of what it is about, and then held against each other.
"""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rich.console import Console
from sqlalchemy import select, update

from alerts.digest import compose, team_week
from alerts.falls import alert_of
from alerts.mail import Smtp
from alerts.slack import message
from alerts.words import percent
from leeway.app import App
from leeway.notify import terms
from leeway.pace import show_progress
from leeway.status import status_of
from leeway.status_text import render
from models import Drift, WorkItem
from models.vocabulary import COMPANY
from pipeline.register.document import Team, parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.conftest import TODAY
from tests.web.conftest import HOSTILE, MONDAY, app_with
from tests.web.test_ask import COMPANY as ASKS
from tests.web.test_ask import ask
from tests.web.test_one_number import LEVELS, rows
from tests.web.test_pages import enter
from tests.web.test_plan_end import run_out
from tests.web.test_progress import measured
from web.app import make

Claims = Iterator[tuple[str, Any]]
"""What a figure is of, and the figure."""
LEAST = {
    "now of O1": 6,
    "interval of O1": 4,
    "before of O1": 6,
    "change of O1": 4,
    "plan of O1": 3,
    "gap of O1": 3,
    "four weeks' gap of O1": 4,
    "four weeks' days of O1": 4,
    "level now": 7,
    "level before": 7,
    "change": 5,
    "interval of the change": 3,
    "start": 7,
    "interval of the level": 3,
    "coverage": 4,
    "week's top share": 5,
    "week's interval": 5,
    "week's coverage": 3,
    "stream's days": 6,
    "window": 4,
    "days of O1.1": 2,
    "number of O1.1": 4,
    "pace of O1.1": 4,
    "share of O1.1": 3,
    "sentence of O1.1": 4,
}
"""In how many faces each figure stands at least."""


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A company with a fall, a plan, a stream and a measured key result, whose levels do not round nicely."""
    app = app_with(tmp_path)
    measured(app, "    plan: 45 %\n")
    with app.sessions.begin() as session:
        for drift in session.scalars(select(Drift)):
            drift.explanation = drift.explanation | {"levels": LEVELS}
    return app


def test_what_two_faces_say_of_one_thing_is_the_same(app: App) -> None:
    said: dict[str, dict[str, Any]] = defaultdict(dict)
    client = enter(TestClient(make(app)), app, "company")
    for face in FACES:
        for name, value in face(app, client):
            assert said[name].get(face.__name__, value) == value, (name, face.__name__)
            said[name][face.__name__] = value
    for name, faces in said.items():
        assert len({json.dumps(value, default=str) for value in faces.values()}) == 1, (name, faces)
    assert {name: len(said[name]) for name, least in LEAST.items() if len(said[name]) < least} == {}


def test_status_calls_a_team_by_its_name(app: App) -> None:
    pulled = {
        name: {"signals": 1, "streams": 1, "minutes_since_pull": lag, "errors": []}
        for name, lag in (("jira", 1), ("slack", None))
    }
    out = io.StringIO()
    render(status_of(app) | {"sources": pulled}, Console(file=out, width=300))
    team = next(team for team in app.register()[1].teams if team.key == "fleet")
    assert f"drift    {team.name}: 50% -> 30% since 2026-06-15" in out.getvalue()
    assert "1 signal, 1 feed, pulled 1 minute ago" in out.getvalue()
    assert "1 signal, 1 feed, not fully read yet" in out.getvalue()  # it said "pulled never finished"
    assert "a list of titles" not in out.getvalue()


def test_status_says_where_titles_alone_tell_what_work_is_for(app: App) -> None:
    text = re.sub(r"(key: O\d.*?), teams: \[[^]]*\]", r"\1", register_yaml(TODAY))
    with app.sessions.begin() as session:
        load_register(session, parse(text), text)
    pulled = {"jira": {"signals": 1, "streams": 1, "minutes_since_pull": 1, "errors": []}}

    def said() -> str:
        out = io.StringIO()
        render(status_of(app) | {"sources": pulled}, Console(file=out, width=300))
        return out.getvalue()

    assert "a list of titles" not in said()  # no team tells, but what work hangs on does
    with app.sessions.begin() as session:
        session.execute(update(WorkItem).values(title="Repair the gate", text=None, parent=None))
    assert "a list of titles" in said()


def test_the_plans_end_is_one_day_in_every_face(app: App) -> None:
    run_out(app)
    client = enter(TestClient(make(app)), app, "company")
    end = ask(app, ASKS, "shares")["plan_has_ended"]
    words = f"ended on 14 June 2026, and no later one is loaded. {end['means']}"
    assert end["on"] == "2026-06-14"
    assert words in unescape(client.get("/").text)
    assert words in str(status_of(app)["plan_ended"])
    assert words in mailed(app)


def read(client: TestClient, path: str) -> str:
    """A page as one reads it, without its drawings."""
    text = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", client.get(path).text, flags=re.DOTALL)
    return " ".join(unescape(text).replace("\u200a", "").replace("−", "-").split())


def found(pattern: str, text: str) -> tuple[Any, ...]:
    """What stands at the groups of a pattern, numbers as numbers."""
    match = re.search(pattern, text)
    assert match is not None, (pattern, text[:600])
    return tuple(float(one) if re.fullmatch(r"-?\d+(\.\d+)?", one) else one for one in match.groups())


def of_day(text: str) -> date:
    """A day as people read it, in the year of the company."""
    return datetime.strptime(f"{text} 2026", "%d %B %Y").date()  # noqa: DTZ007 - a day has no time zone


def mailed(app: App) -> str:
    _, register = app.register()
    with app.sessions() as session:
        content = team_week(session, register, Team(key=COMPANY, name="Velora", lead="coo@velora.example"))
    assert content is not None
    body = compose(content, Smtp("mail.example", sender="x@velora.example")).get_body(("plain",))
    assert body is not None
    return " ".join(body.get_content().split())


def company_page(app: App, client: TestClient) -> Claims:
    text = read(client, "/")
    table = next(row for row in rows(client.get("/").text, "All objectives") if row[0].startswith("1 "))
    _, now, interval, before, change, plan, gap, weeks = table
    low, high = found(r"(\d+) to (\d+)", interval)
    yield "now of O1", float(now)
    yield "interval of O1", (low, high)
    yield "before of O1", float(before)
    yield "change of O1", float(change)
    yield "plan of O1", float(plan)
    yield "gap of O1", float(gap)
    points, _, _, days = found(r"(-?\d+) \((-?\d+) to (-?\d+)\), (\d+) days", weeks)
    yield "four weeks' gap of O1", points
    yield "four weeks' days of O1", days
    left, low, high, start = found(
        r"On the top priorities (\d+)% .*?between (\d+) and (\d+)% on average since (\d+ \w+)", text
    )
    yield "level now", left
    yield "interval of the level", (low, high)
    yield "level before", found(r"since \d+ \w+ · before (\d+)%", text)[0]
    yield "start", of_day(start)
    yield "change", found(r"(\d+) of 100 working days have left the top priorities", text)[0]
    yield "interval of the change", found(r"between (\d+) and (\d+) of 100 working days left", text)
    yield "coverage", found(r"(\d+)% of working days seen", text)[0]
    yield "stream's days", float(rows(client.get("/").text, "Largest work on no objective")[0][-1])
    yield "window", found(r"Person-days, (\d+ \w+ to \d+ \w+)\.", text)[0]
    card = r" 1 Large employers choose Velora as their standard benefit (\d+)% ▼(\d+) 9 in 10 sure: between (\d+) and (\d+)%"
    now, change, low, high = found(card, text)
    yield "now of O1", now
    yield "change of O1", -change
    yield "interval of O1", (low, high)


def objective_page(app: App, client: TestClient) -> Claims:
    text = read(client, "/objectives/O1")
    now, change, low, high, start = found(
        r"(\d+)% ▼(\d+) 9 in 10 sure: between (\d+) and (\d+)% on average since (\d+ \w+) ·", text
    )
    yield "now of O1", now
    yield "change of O1", -change
    yield "interval of O1", (low, high)
    yield "start", of_day(start)
    yield "plan of O1", found(r"plan (\d+)%", text)[0]
    yield "gap of O1", found(r"plan \d+%, (\d+) short", text)[0]
    yield "four weeks' days of O1", found(r"points short · (\d+) person-days", text)[0]
    share, plan = found(r"(\d+)% of (\d+)% planned", text)
    yield "four weeks' gap of O1", plan - share
    yield "window", found(r"Person-days, (\d+ \w+ to \d+ \w+)\.", text)[0]
    yield "days of O1.1", next(float(row[-1]) for row in rows(client.get("/objectives/O1").text, "Key results"))


def finding_page(app: App, client: TestClient) -> Claims:
    text = read(client, "/drifts/1")
    row = next(row for row in rows(client.get("/drifts/1").text, "What it fell from") if row[0].startswith("1 "))
    yield "before of O1", float(row[1])
    yield "now of O1", float(row[2])
    yield "change of O1", float(row[3])
    yield "change", found(r"(\d+) of 100 working days have left the top priorities", text)[0]
    yield "start", of_day(found(r"left the top priorities since (\d+ \w+)", text)[0])
    yield "interval of the change", found(r"between (\d+) and (\d+) of 100 working days left", text)
    took = rows(client.get("/drifts/1").text, "What took its place")
    yield "change", float(took[-1][-1])


def findings_page(app: App, client: TestClient) -> Claims:
    day, before, now, change = found(
        r"(\d+ \w+) 2026 Velora .*?Bikes.*? (\d+)% → (\d+)% (-\d+)", read(client, "/drifts")
    )
    yield "start", of_day(day)
    yield "level before", before
    yield "level now", now
    yield "change", -change


def week_page(app: App, client: TestClient) -> Claims:
    text = read(client, f"/weeks/{MONDAY}")
    share, low, high = found(r"Top priorities (\d+) (\d+) to (\d+)", text)
    yield "week's top share", share
    yield "week's interval", (low, high)
    yield "week's coverage", found(r"(\d+)% of working days seen", text)[0]


def stream_pages(app: App, client: TestClient) -> Claims:
    listed = read(client, "/streams")
    yield "window", found(r"Person-days, (\d+ \w+ to \d+ \w+)\.", listed)[0]
    yield "stream's days", found(r"Rider App \d+ \w+ (\d+) \d+ ", listed)[0]
    name = HOSTILE.replace("/", "%2F").replace("?", "%3F").replace("#", "%23")
    yield "stream's days", found(r'<div class="v">(\d+)</div>', client.get(f"/streams/{name}").text)[0]


def key_result_page(app: App, client: TestClient) -> Claims:
    text = read(client, "/key-results/O1.1")
    yield "days of O1.1", found(r"Person-days, \d+ \w+ to \d+ \w+ (\d+)", text)[0]
    yield "number of O1.1", found(r"Number on \d+ \w+ ([\d.]+)", text)[0]
    yield "pace of O1.1", found(r"Way done, time over (\d+)%", text)[0]
    yield "sentence of O1.1", found(r"(In the four weeks to .*?: [\w ,]+\.)", text)[0]


def export_json(app: App, client: TestClient) -> Claims:
    yield from exported(lambda table: client.get(f"/api/company/{table}.json").json())


def export_csv(app: App, client: TestClient) -> Claims:
    yield from exported(lambda table: list(csv.DictReader(io.StringIO(client.get(f"/api/company/{table}.csv").text))))


def exported(table: Callable[[str], list[dict[str, Any]]]) -> Claims:
    objectives = {row["key"]: row for row in table("objectives")}
    row, top = objectives["O1"], objectives["top"]
    for name in ("now", "before", "change", "plan", "gap"):
        yield f"{name} of O1", float(row[name])
    yield "interval of O1", (float(row["low"]), float(row["high"]))
    yield "four weeks' gap of O1", float(row["four_weeks_points"])
    yield "four weeks' days of O1", float(row["four_weeks_person_days"])
    yield "level now", float(top["now"])
    yield "level before", float(top["before"])
    yield "interval of the level", (float(top["low"]), float(top["high"]))
    week = next(one for one in table("shares") if one["week"] == str(MONDAY) and one["objective"] == "top")
    yield "week's top share", float(percent(float(week["share"])))
    yield "week's interval", tuple(float(percent(float(week[name]))) for name in ("low", "high"))
    yield "week's coverage", float(percent(float(week["coverage"])))
    drift = next(one for one in table("drifts") if one["scope"] == COMPANY and one["kind"] == "drift")
    yield "start", date.fromisoformat(drift["start"])
    yield "level before", float(percent(float(drift["before"])))
    yield "level now", float(percent(float(drift["after"])))
    yield "stream's days", float(table("themes")[0]["person_days"])
    (number,) = table("progress")
    yield "number of O1.1", float(number["now"])
    yield "pace of O1.1", float(percent(float(number["pace"])))
    yield "share of O1.1", float(percent(float(number["share_of_work"])))
    yield "sentence of O1.1", number["sentence"]


def assistant(app: App, client: TestClient) -> Claims:
    told = ask(app, ASKS, "shares")
    objectives = {row["key"]: row for row in told["objectives"]}
    row, top = objectives["O1"], objectives["top"]
    for name in ("now", "before", "change", "plan", "gap"):
        yield f"{name} of O1", float(row[name])
    yield "interval of O1", (float(row["low"]), float(row["high"]))
    yield "four weeks' gap of O1", float(row["four_weeks_points"])
    yield "four weeks' days of O1", float(row["four_weeks_person_days"])
    yield "level now", float(top["now"])
    yield "interval of the level", (float(top["low"]), float(top["high"]))
    yield "coverage", float(told["working_days_seen_percent"])
    yield "start", of_day(found(r"days before (\d+ \w+)", told["changes_are"])[0])
    week = told["weeks"][-1]
    yield "week's top share", float(week["top_priorities"])
    yield "week's interval", (float(week["low"]), float(week["high"]))
    drift = next(one for one in ask(app, ASKS, "drifts")["findings"] if one["id"] == 1)
    yield "level before", float(drift["before"])
    yield "level now", float(drift["now"])
    yield "start", date.fromisoformat(drift["since"])
    story = ask(app, ASKS, "drift", id=1)
    yield "change", found(r"(\d+) of 100", story["title"])[0]
    yield "change", float(sum(one["points"] for one in story["took_its_place"]))
    streams = ask(app, ASKS, "streams")
    yield "stream's days", float(streams["streams"][0]["person_days"])
    yield "window", streams["person_days_of"]
    (number,) = ask(app, ASKS, "progress")["key_results"]
    yield "number of O1.1", float(number["now"])
    yield "pace of O1.1", float(percent(number["pace"]))
    yield "share of O1.1", float(percent(number["share_of_work"]))
    yield "sentence of O1.1", number["sentence"]


def digest(app: App, client: TestClient) -> Claims:
    text = mailed(app)
    level, low, high, start, before = found(
        r"(\d+)% of the work was on the top priorities.*?between (\d+) and (\d+)% on average since (\d+ \w+); .*?: (\d+)%",
        text,
    )
    yield "level now", level
    yield "interval of the level", (low, high)
    yield "start", of_day(start)
    yield "level before", before
    yield "change", found(r"(\d+) of 100 working days have left", text)[0]
    now, low, high, before, plan, gap, days = found(
        r"Large employers choose Velora as their standard benefit (\d+)% \((\d+) to (\d+)\) (\d+)%; plan (\d+)%, "
        r"(\d+) short; .*?(\d+) person-days short",
        text,
    )
    yield "now of O1", now
    yield "interval of O1", (low, high)
    yield "before of O1", before
    yield "plan of O1", plan
    yield "gap of O1", gap
    yield "four weeks' days of O1", days
    yield "stream's days", found(r": (\d+) person-days in four weeks", text)[0]
    yield "window", found(r"Person-days are of (\d+ \w+ to \d+ \w+)\.", text)[0]
    yield "coverage", found(r"(\d+)% of working days seen", text)[0]


def alert(app: App, client: TestClient) -> Claims:
    _, register = app.register()
    with app.sessions() as session:
        shown = alert_of(session, session.get_one(Drift, 1), register, terms(app))
    text = json.dumps(message(shown, 1)["blocks"], ensure_ascii=False)
    change, start = found(r"(\d+) of 100 working days have left the top priorities since (\d+ \w+)", text)
    yield "change", change
    yield "start", of_day(start)
    yield "interval of the change", found(r"between (\d+) and (\d+) of 100 working days left", text)
    before, now = found(r"Large employers choose Velora as their standard benefit\W+ fell from (\d+)% to (\d+)%", text)
    yield "before of O1", before
    yield "now of O1", now
    yield "coverage", found(r"(\d+)% of working days seen", text)[0]
    yield "level before", float(shown.before)
    yield "level now", float(shown.after)


def command_line(app: App, client: TestClient) -> Claims:
    out, pulled = io.StringIO(), {"jira": {"signals": 1, "streams": 1, "minutes_since_pull": 1, "errors": []}}
    render(status_of(app) | {"sources": pulled}, Console(file=out, width=300))
    show_progress(app, Console(file=out, width=300), out, "table")
    text = out.getvalue()
    share, low, high, seen = found(
        rf"week of {MONDAY}: top priorities (\d+)% \((\d+) to (\d+)\), (\d+)% of days seen", text
    )
    yield "week's top share", share
    yield "week's interval", (low, high)
    yield "week's coverage", seen
    before, now, start = found(
        rf"drift +{re.escape(app.register()[1].company)}: (\d+)% -> (\d+)% since ([\d-]+),", text
    )
    yield "level before", before
    yield "level now", now
    yield "start", date.fromisoformat(start)
    yield "four weeks' days of O1", float(status_of(app)["plan"][0]["person_days"])
    yield "four weeks' gap of O1", float(status_of(app)["plan"][0]["gap"])
    yield "plan of O1", float(status_of(app)["plan"][0]["plan"])
    number, pace, share = found(r"O1\.1 +([\d.]+)(?: \(\d+ \w+\))? +\d+ +(\d+)% +\d+% .*? (\d+)%\s", text)
    yield "number of O1.1", number
    yield "pace of O1.1", pace
    yield "share of O1.1", share
    yield "sentence of O1.1", found(r"O1\.1: (In the four weeks to .*\.)", text)[0]


FACES: tuple[Callable[[App, TestClient], Claims], ...] = (
    company_page,
    objective_page,
    finding_page,
    findings_page,
    week_page,
    stream_pages,
    key_result_page,
    export_json,
    export_csv,
    assistant,
    digest,
    alert,
    command_line,
)

"""The alignment interview from asking to its results: once each, private to the last, gone afterwards."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from typer.testing import CliRunner

from alerts.packs import PACKS
from leeway.app import App, NotReady
from leeway.cli import app as commands
from leeway.interview import InterviewError, answer, groups, interview_status, plan_of, run_interview, show
from leeway.notify import terms
from leeway.settings import Settings
from leeway.signing import serializer, signing_key
from leeway.transfer import export
from models import (
    Account,
    Ask,
    Effort,
    InterviewAnswer,
    InterviewResult,
    InterviewRound,
    Person,
    Secret,
    Share,
    Signal,
    Stream,
    StreamItem,
    WorkItem,
)
from pipeline.interview.answers import Answer, keep, key_of
from pipeline.people.forget import forget
from pipeline.register.document import RegisterError, parse
from pipeline.register.versions import load_register
from simulator.server import Simulator
from tests.alerts.test_digest import Mailbox, mailbox
from tests.conftest import newest_sqlite
from tests.web.test_slack_buttons import BODY, press
from web.app import make
from web.auth import sign_in_token

__all__ = ["mailbox"]
NOW = datetime(2026, 9, 8, 10, 30, tzinfo=UTC)
PEOPLE = [f"lead{n}@x.example" for n in range(9)]
REGISTER = f"""\
period: {{name: Q3, start: 2026-07-01, end: 2026-09-30}}
leadership: [{", ".join(PEOPLE)}]
teams:
  - {{key: app, name: App, lead: {PEOPLE[0]}, members: [w0@x.example, w1@x.example, w2@x.example, w3@x.example, w4@x.example]}}
  - {{key: ops, name: Ops, lead: ben@x.example}}
objectives:
  - key: O1
    title: Customers stay with us
    priority: 1
    key_results: [{{key: O1.1, title: "Churn from 2 % to 1 %"}}]
"""
CHURN = ["Stop losing customers", "Keep the customers we have", "Bring customer churn down", "Fewer customers leave us"]
MOBILE = ["Ship the mobile app", "Release the smartphone app", "Bring out our app for iPhone and Android"]


@pytest.fixture
def app(tmp_path: Path, few_days: Simulator, mailbox: tuple[Mailbox, Any]) -> Iterator[App]:
    given = {
        "database": {"url": newest_sqlite(tmp_path / "interview.db")},
        "slack": few_days.settings()["slack"] | {"signing_secret": "s3cret"},
        "smtp": {"host": "127.0.0.1", "port": mailbox[1].port, "security": "none", "sender": "leeway@x.example"},
        "web": {"url": "https://leeway.example"},
    }
    made = App(Settings.model_validate(given), now=NOW)
    with made.sessions.begin() as session:
        load_register(session, parse(REGISTER), REGISTER)
        session.add(Account(source="slack", external_id="U00000001", email=PEOPLE[0], name="Zora Quist"))
    yield made
    made.engine.dispose()


def later(app: App, **delta: float) -> App:
    return App(app.settings, now=app.now() + timedelta(**delta))


def camps(app: App, round_: str, people: list[str]) -> None:
    """Half of them for customers, half for the app; all but one would stop the same stream, three fear the same supplier."""
    for n, one in enumerate(people):
        said = Answer(
            (CHURN[n // 2 % 4] if n % 2 else MOBILE[n // 2 % 3],),
            ("the intranet redesign",) if n else ("Zora Quist's reports",),
            ("our payment provider",) if n < 3 else (),
        )
        answer(app, one, round_, said)


def signed_in(app: App, role: str, team: str | None = None) -> TestClient:
    client = TestClient(make(app), base_url="https://leeway.example")
    client.get("/sign-in", params={"token": sign_in_token(app, role, team)})
    assert client.post("/sign-in", follow_redirects=False).status_code == 303
    return client


def _rounds(app: App) -> list[InterviewRound]:
    with app.sessions() as session:
        return list(session.scalars(select(InterviewRound)))


def result(app: App, round_: str) -> InterviewResult:
    with app.sessions() as session:
        found = session.get_one(InterviewResult, (round_, "leadership"))
        session.expunge(found)
        return found


def test_each_is_asked_once_answers_are_sealed_and_gone_with_the_round(
    app: App, few_days: Simulator, mailbox: tuple[Mailbox, Any], tmp_path: Path
) -> None:
    assert run_interview(app).asked == 0  # off
    assert f"{PEOPLE[0]} (leadership) would be asked in Slack." in plan_of(app)
    assert not any("ben@" in line for line in plan_of(app))  # leads alone are too few to be shown
    assert run_interview(app, ask=True).asked == 9
    assert run_interview(app, ask=True).asked == 0
    assert f"{PEOPLE[0]} (leadership) was already asked." in plan_of(app)
    assert [post["channel"] for post in few_days.world.posted] == ["D00000001"]
    assert sorted(mail["To"] for mail in mailbox[0].mails) == PEOPLE[1:]
    camps(app, "2026-Q3", PEOPLE[:7])
    answer(app, PEOPLE[1], "2026-Q3", Answer((CHURN[0],), ("the intranet redesign",)))  # the later counts
    with pytest.raises(InterviewError, match="did not ask you"):
        answer(app, "ben@x.example", "2026-Q3", Answer(("x",)))
    with app.sessions() as session:
        assert len(list(session.scalars(select(InterviewAnswer)))) == 7
        raw = str([tuple(row) for row in session.execute(text("SELECT * FROM interview_answer"))])
    assert not [word for word in ("customers", "intranet", "lead1", *CHURN) if word in raw]
    export(app.engine, tmp_path / "backup.zip")
    with zipfile.ZipFile(tmp_path / "backup.zip") as archive:
        assert archive.read("interview_answer.jsonl") == b""
    out = io.StringIO()
    show(app, out)
    assert "2026-Q3 is open until" in out.getvalue()
    assert "agree" not in out.getvalue()
    over = later(app, days=11)
    with pytest.raises(InterviewError, match="closed"):
        answer(over, PEOPLE[8], "2026-Q3", Answer(("x",)))
    run_interview(over)
    with over.sessions() as session:
        assert not list(session.scalars(select(InterviewAnswer)))
        assert session.get(Secret, "interview 2026-Q3") is None
    found = result(app, "2026-Q3").found
    assert 0.2 < found["among"] < 0.8
    assert {one in CHURN for one in found["furthest"]} == {True, False}
    assert found["dependencies"] == []  # two of the three who fear it still say so


def test_two_rounds_with_nearly_the_same_people_are_not_told_apart(app: App) -> None:
    run_interview(app, ask=True)
    camps(app, "2026-Q3", PEOPLE[:9])
    over = later(app, days=11)
    run_interview(over, ask=True)  # closes the first, opens another
    camps(over, "2026-Q3.2", PEOPLE[1:6])  # four left, so it may be told
    after = later(over, days=11)
    run_interview(after, ask=True)
    camps(after, "2026-Q3.3", PEOPLE[1:7])  # one joined: left out
    end = later(after, days=11)
    run_interview(end)
    counts = [len(result(app, name).counted) for name in ("2026-Q3", "2026-Q3.2", "2026-Q3.3")]
    assert counts == [9, 5, 5]
    run_interview(end, ask=True)
    camps(end, "2026-Q4", [*PEOPLE[1:5], PEOPLE[7]])  # one changed, and too few to hide it
    run_interview(later(end, days=11))
    assert result(app, "2026-Q4").found == {}
    last = later(end, days=33)
    run_interview(last, ask=True)
    (name,) = [one.name for one in _rounds(last) if one.closed_at is None]
    camps(last, name, PEOPLE[1:5])
    with pytest.raises(InterviewError, match="at least one priority, in words"):
        answer(last, PEOPLE[5], name, Answer((), ("the intranet redesign",)))
    key = signing_key(last.sessions, key_of(name))
    with last.sessions.begin() as session:  # as an earlier version kept it
        keep(session, name, "x", "leadership", key, Answer((), ("the intranet redesign",)), last.now())
    run_interview(later(last, days=11))
    assert result(app, name).found == {}, "agreement would be of the four who named priorities"
    out = io.StringIO()
    show(app, out)
    assert "nothing is shown: there are fewer than five answers, or nearly the same people" in out.getvalue()


def test_streams_to_stop_have_their_cost_and_page_pack_and_command_say_the_same(app: App) -> None:
    with app.sessions.begin() as session:
        session.add(
            Stream(
                id=7, anchor="jira:1", name="Intranet redesign", first_day=date(2026, 8, 1), last_day=date(2026, 9, 6)
            )
        )
        item = WorkItem(source="jira", external_id="1", kind="task", container="APP", labels=[], mentions=[])
        session.add(item)
        session.flush()
        session.add(StreamItem(work_item_id=item.id, stream_id=7, own=True))
        for n in range(6):
            person = Person(email=f"w{n}@x.example")
            session.add(person)
            session.flush()
            session.add(Effort(day=date(2026, 9, 2), person_id=person.id, work_item_id=item.id, person_days=2.0))
        figures = {"share": 0.5, "low": 0.4, "high": 0.6, "coverage": 0.9, "person_days": 100}
        session.add(Share(week=date(2026, 8, 31), scope="company", objective="O1", **figures))
    run_interview(app, ask=True)
    camps(app, "2026-Q3", PEOPLE[:7])
    over = later(app, days=11)
    run_interview(over)
    with app.sessions() as session:
        (_, register) = app.register()
        pack = PACKS["interview"].make(session, register, terms(app))
    assert pack is not None
    (row,) = pack.sections[0].rows
    assert [str(cell[0]) for cell in row.cells][2] == "12"
    client = signed_in(over, "company")
    page = client.get("/packs/interview").text
    assert "Intranet redesign" in page
    assert re.search(r"were named agree to \d+% with each other, and to \d+% with the register(&#39;|')s", page)
    assert page.count("0% means nothing in common") == 1
    assert "our payment provider" in page
    assert not [one for one in (*PEOPLE, "Zora", "Quist") if one in page]
    lead = signed_in(over, "team", "app")
    assert lead.get("/packs/interview").status_code == 403
    closed = lead.get("/interview", params={"token": serializer(over, "interview").dumps([PEOPLE[0], "2026-Q3"])})
    assert closed.status_code == 410
    assert "<h1>This is over</h1><p>This interview is closed" in closed.text


def test_it_is_answered_in_slack_and_behind_a_mail_s_link_and_only_by_who_was_asked(
    app: App, few_days: Simulator
) -> None:
    run_interview(app, ask=True)
    client = TestClient(make(app), base_url="https://leeway.example")
    button = {
        "action_id": "interview-answer",
        "block_id": "b",
        "value": "2026-Q3",
        "type": "button",
        "action_ts": "1.0",
    }
    assert press(client, BODY | {"user": {"id": "U00000002"}, "actions": [button]}) == 200
    assert "did not ask you" in few_days.slack.whispered[0]["text"]
    assert press(client, BODY | {"actions": [button]}) == 200
    view = few_days.slack.views[0]
    state = {"values": {"priorities": {"text": {"value": CHURN[0]}}, "stops": {"text": {"value": None}}}}
    assert press(client, BODY | {"type": "view_submission", "view": view | {"id": "V1", "state": state}}) == 200
    token = serializer(app, "interview").dumps([PEOPLE[3], "2026-Q3"])
    assert "Three questions" in client.get("/interview", params={"token": token}).text
    with app.sessions() as session:
        assert len(list(session.scalars(select(InterviewAnswer)))) == 1  # following a link is no answer
    said = client.post("/interview", params={"token": token}, data={"priorities": f"{CHURN[1]}\n{MOBILE[0]}"}).text
    assert "Saved. Thank you." in said
    assert CHURN[1] not in client.get("/interview", params={"token": token}).text
    said = client.post(
        "/interview", params={"token": token}, data={"priorities": "a\n" * 6, "stops": "<b>this</b>"}
    ).text
    assert "Up to 5 lines per question" in said
    assert "&lt;b&gt;this&lt;/b&gt;</textarea>" in said  # nothing has to be written again
    for other in ("forged", serializer(app, "interview").dumps(["ben@x.example", "2026-Q3"])):
        assert client.get("/interview", params={"token": other}).status_code == 403
        assert client.post("/interview", params={"token": other}, data={"priorities": "x"}).status_code == 403
    with app.sessions() as session:
        assert len(list(session.scalars(select(InterviewAnswer)))) == 2


def test_forgetting_somebody_removes_their_answer_and_that_they_were_asked(app: App) -> None:
    run_interview(app, ask=True)
    camps(app, "2026-Q3", PEOPLE[:6])
    changed = REGISTER.replace(f"{PEOPLE[0]}", "new@x.example")
    with app.sessions.begin() as session:
        load_register(session, parse(changed), changed)
    forget(app.sessions, PEOPLE[0])
    with app.sessions() as session:
        assert len(list(session.scalars(select(InterviewAnswer)))) == 5
        assert session.get(Ask, ("interview", "2026-Q3", PEOPLE[0])) is None


def test_it_is_asked_in_its_week_of_the_quarter_and_not_again(app: App) -> None:
    on = Settings.model_validate({"interview": {"on": True}}).interview
    given = app.settings.model_copy(update={"interview": on})
    assert run_interview(App(given, now=NOW - timedelta(weeks=3))).asked == 0
    assert run_interview(App(given, now=NOW)).asked == 9
    assert run_interview(App(given, now=NOW + timedelta(days=14))).asked == 0  # closed; the quarter has had its own


def test_it_says_the_day_on_which_it_ends_where_the_company_works(app: App, mailbox: tuple[Mailbox, Any]) -> None:
    given = REGISTER.replace("leadership:", "calendar: {time_zone: America/Los_Angeles}\nleadership:", 1)
    with app.sessions.begin() as session:
        load_register(session, parse(given), given)
    evening = App(app.settings, now=NOW.replace(hour=2))  # the 7th there; it ends on the evening of the 17th
    run_interview(evening, ask=True)
    said = {
        part.get_content()
        for mail in mailbox[0].mails
        for part in mail.walk()
        if part.get_content_type() == "text/plain"
    }
    assert all("17 September" in one and "18 September" not in one for one in said)
    with app.sessions() as session:
        assert (interview_status(evening, session) or {})["closes"] == date(2026, 9, 17)
    out = io.StringIO()
    show(evening, out)
    assert "open until 17 September 2026" in out.getvalue()


def test_who_is_away_is_asked_once_they_are_back_and_never_where_that_is_after_its_end(app: App) -> None:
    with app.sessions.begin() as session:
        for address, days in ((PEOPLE[3], 1), (PEOPLE[4], 20)):
            session.add(Account(source="calendar", external_id=address, email=address))
            for n in range(days):
                at = NOW.replace(hour=12) + timedelta(days=n)
                given = {"source": "calendar", "external_id": f"{address} {n}", "item": f"absence:{address}", "at": at}
                session.add(Signal(**given, kind="absence", account=address, hours=8.0))
    assert f"{PEOPLE[3]} (leadership) would be asked by mail, once they are back: they are away today" in plan_of(app)
    run_interview(app, ask=True)
    assert asked(app) == {*PEOPLE} - {PEOPLE[3], PEOPLE[4]}
    assert waiting(app) == 0
    run_interview(later(app, days=1))
    assert asked(app) == {*PEOPLE} - {PEOPLE[4]}
    assert waiting(later(app, days=1)) == 0


def asked(app: App) -> set[str]:
    with app.sessions() as session:
        return set(session.scalars(select(Ask.recipient).where(Ask.sent_at.is_not(None))))


def waiting(app: App) -> int:
    with app.sessions() as session:
        return int((interview_status(app, session) or {})["waiting"])


def test_who_is_listed_under_two_addresses_is_one_of_five(app: App) -> None:
    listed = f"leadership: [{', '.join(PEOPLE[:4])}, w0.maiden@x.example, w0@x.example]"
    text = REGISTER.replace(f"leadership: [{', '.join(PEOPLE)}]", listed)
    assert [len(some) for some in groups(app, parse(text)).values()] == [6]
    text = text.replace("members: [w0@x.example", "members: [{email: w0@x.example, formerly: W0.maiden@x.example}")
    assert [some[-1] for some in groups(app, parse(text)).values()] == ["w0@x.example"]


def test_what_is_wrong_with_leadership_is_said_with_its_line(app: App) -> None:
    with pytest.raises(RegisterError, match=r"line 2: leadership\[1\]: 'Ben' is not an address"):
        parse(REGISTER.replace(PEOPLE[1], "Ben"))
    with pytest.raises(RegisterError, match=r"LEAD0@x\.example is listed already, in line 2"):
        parse(REGISTER.replace(PEOPLE[1], PEOPLE[0].upper().replace("X.EXAMPLE", "x.example")))
    few = REGISTER.replace(", ".join(PEOPLE), PEOPLE[0])
    with app.sessions.begin() as session:
        load_register(session, parse(few), few)
    with pytest.raises(NotReady, match="a group needs 5 people"):
        run_interview(app, ask=True)


def test_the_command_says_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leeway.toml").write_text(f'[database]\nurl = "{newest_sqlite(tmp_path / "leeway.db")}"\n')
    (tmp_path / "okrs.yaml").write_text(REGISTER)
    assert CliRunner().invoke(commands, ["okrs", "load", "okrs.yaml", "--yes"]).exit_code == 0
    found = CliRunner().invoke(commands, ["interview"])
    assert "No interview has been held yet" in found.output
    assert json.loads(CliRunner().invoke(commands, ["interview", "--json"]).output)["pack"] == "interview"
    assert "cannot be asked. Set [smtp]" in CliRunner().invoke(commands, ["interview", "--dry-run"]).output

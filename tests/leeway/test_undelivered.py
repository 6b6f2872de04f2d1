"""`leeway status` and `leeway doctor` say of every channel and every digest what did not arrive, and how to mend it."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from alerts.pack_mail import recipient
from leeway.app import App
from leeway.check import CheckRow, _interview, _packs
from leeway.doctor import diagnose
from leeway.settings import Settings
from leeway.status import status_of
from leeway.status_text import _say_untold, render
from leeway.undelivered import try_again
from models import Ask, Cycle, Digest, InterviewRound, Notification
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.alerts.test_slack import drift
from tests.leeway.test_cli import leeway

NOW = datetime(2026, 7, 10, 9, tzinfo=UTC)
WEEK = date(2026, 6, 29)
GIVEN = {
    "slack": {"token": "sekret", "alert_channel": "leadership", "ops_channel": "ops", "channels": ["a"]},
    "smtp": {"host": "mail.example", "sender": "leeway@velora.example"},
    "web": {"company": ["coo@velora.example"]},
    "alerts": {"from_hour": 0, "to_hour": 24, "any_day": True},
}


@pytest.fixture
def app(lite: Engine) -> Iterator[App]:
    url = lite.url.render_as_string(hide_password=False)
    app = App(Settings.model_validate(GIVEN | {"database": {"url": url}}), now=NOW)
    document = register_yaml(NOW.date())
    with app.sessions.begin() as session:
        load_register(session, parse(document), document)
    yield app
    app.engine.dispose()


def refused(app: App, team: str, error: str, **more: object) -> None:
    with app.sessions.begin() as session:
        session.add(Digest(week=WEEK, team=team, error=error, **more))


def test_doctor_sees_an_ops_channel_that_is_dead_while_the_company_was_told(app: App) -> None:
    with app.sessions.begin() as session:
        session.add_all([one := drift(kind="data", subject="hubspot", explanation={}, absorbed_by=[]), drift()])
        session.flush()
        fault, fall = one.id, one.id + 1
        session.add(Notification(drift_id=fault, channel="slack ops", error="the channel is archived."))
        session.add(Notification(drift_id=fall, channel="slack", sent_at=NOW))
    found = {row.name: row for row in diagnose(app, "alerts")}
    assert not found["slack ops"].ok
    assert found["slack ops"].found == "the channel is archived. It will be retried."
    assert found["slack ops"].fix
    assert found["notifications"].found.startswith("1 wait")
    assert "slack" not in found


def test_a_refused_digest_is_said_by_team_without_an_address_and_with_the_fix(app: App) -> None:
    waits = {"refused": 4, "refused_by": "x", "not_before": NOW + timedelta(hours=4)}
    refused(app, "fleet", "mail.example:587 refuses the address: 550 no such user.", **waits)
    refused(app, "company coo@velora.example", "mail.example:587: no answer (it took too long).")
    refused(app, "company left@velora.example", "of somebody who is no reader any more")
    refused(app, "gone", "of a team that is gone")
    with app.sessions.begin() as session:  # mended since: the newest week counts
        session.add(Digest(week=WEEK - timedelta(weeks=1), team="app", error="refuses"))
        session.add(Digest(week=WEEK, team="app", sent_at=NOW))
    rows = {row.name: row for row in diagnose(app, "digests")}
    assert set(rows) == {"team fleet", "the company"}
    assert not any(row.ok for row in rows.values())
    assert "550 no such user. It is retried at 2026-07-10 13:00 UTC" in rows["team fleet"].found
    assert "lead of team fleet in okrs.yaml" in rows["team fleet"].fix
    assert rows["the company"].found.endswith("no answer (it took too long). It will be retried.")
    said = StringIO()
    render(
        status_of(app) | {"sources": {"jira": {"signals": 1, "streams": 1, "minutes_since_pull": 1, "errors": []}}},
        Console(file=said, width=400),
    )
    assert (
        "digest   of team fleet for the week of 2026-06-29: mail.example:587 refuses the address: 550"
        in said.getvalue()
    )
    assert "@velora" not in said.getvalue() + str(rows)
    assert try_again(app) == 1
    assert "It will be retried." in next(row for row in diagnose(app, "digests") if row.name == "team fleet").found


def test_digests_that_are_due_and_wait_for_the_analysis_are_no_silence(app: App) -> None:
    def said() -> CheckRow:
        return next(row for row in diagnose(app, "digests") if row.name != "refused")

    assert (said().ok, said().found) == (True, "due, but waiting: the initial history is still being read")
    with app.sessions.begin() as session:
        session.add(Cycle(started_at=NOW, finished_at=NOW, through=date(2026, 7, 3)))
    assert said() == CheckRow(
        "digests",
        "week of 2026-06-29",
        False,
        "due, but waiting: drift was only looked for up to 2026-07-03",
        "See the cycle and source rows of `leeway doctor` for the cause.",
    )
    app._now = datetime(2026, 7, 6, 7, tzinfo=UTC)  # an hour after
    assert said().ok
    with app.sessions.begin() as session:
        session.add(Digest(week=WEEK, team="app", sent_at=NOW))
    assert [row.name for row in diagnose(app, "digests")] == ["refused"]


def shown(app: App) -> str:
    said, read = StringIO(), {"jira": {"signals": 1, "streams": 1, "minutes_since_pull": 1, "errors": []}}
    render(status_of(app) | {"sources": read}, Console(file=said, width=400))
    return said.getvalue()


def test_a_question_that_was_refused_is_said_by_what_its_owner_answers_for_until_it_is_mended(app: App) -> None:
    app.settings.pulse.on = True
    refusal = {"error": "mail.example:587 refuses the address: 550 no such user.", "refused": 1, "refused_by": "x"}
    with app.sessions.begin() as session:
        session.add(InterviewRound(name="2026-Q3", asked_at=NOW, closes_at=NOW + timedelta(days=9)))
        for kind, round_ in (("pulse", "2026-07-06"), ("interview", "2026-Q3")):
            session.add(Ask(kind=kind, round=round_, recipient="anton.weiss@velora.example", reference={}, **refusal))
            session.add(Ask(kind=kind, round=round_, recipient="left@velora.example", reference={}, **refusal))
            session.add(
                Ask(kind=kind, round=round_, recipient="uwe.carstens@velora.example", reference={}, sent_at=NOW)
            )
    rows = {row.name: row for part in ("pulse", "interview") for row in diagnose(app, part) if not row.ok}
    assert set(rows) == {"the owner of O2.2, O3.2", "the lead of team fleet"}  # not who is none any more
    assert "in okrs.yaml and load it" in rows["the owner of O2.2, O3.2"].fix
    assert "`leeway interview --ask` shows it" in rows["the lead of team fleet"].fix
    said = shown(app)
    assert "1 person was asked in the week of 2026-07-06" in said
    assert "interview 2026-Q3 is open until 2026-07-19: 1 person was asked" in said
    assert said.count("550 no such user. It will be retried.") == 2
    assert "@velora" not in said + str(rows)


def test_a_pack_that_was_refused_is_said_by_its_kind_with_the_fix(app: App) -> None:
    app.settings.packs.weekly, app.settings.packs.monthly = ["coo@velora.example"], ["cfo@velora.example"]
    for kind, address in (("weekly", "coo"), ("monthly", "cfo"), ("weekly", "left")):
        name = recipient(kind, f"{address}@velora.example")
        refused(app, name, f"mail.example:587 refuses the address: 550 {address}.", refused=12, refused_by="x")
    (row,) = diagnose(app, "packs")  # the monthly one's session is over, the last has no reader
    assert (row.name, row.ok) == ("weekly", False)
    assert "550 coo. It was refused 12 times and will not be retried" in row.found
    assert "weekly under [packs] in leeway.toml" in row.fix
    assert "pack     weekly: mail.example:587 refuses the address: 550 coo." in shown(app)
    assert "@velora" not in shown(app)


def test_check_says_whom_interview_and_packs_reach_and_what_they_lack(app: App) -> None:
    def rows(**given: object) -> dict[tuple[str, str], CheckRow]:
        settings = Settings.model_validate(GIVEN | {"database": {"url": app.settings.database.url}} | given)
        asked = App(settings, now=NOW)
        found = [*_interview(asked), *_packs(asked)]
        asked.engine.dispose()
        return {(row.part, row.name): row for row in found}

    found = rows()
    assert found["interview", "people"].found.startswith("off; `on = true`")
    assert found["packs", "mail"].ok
    found = rows(interview={"on": True}, packs={"weekly": ["coo@velora.example"]}, smtp={})
    assert found["packs", "mail"].fix == "Add [smtp] with host and sender."
    assert found["interview", "leads"].found == "0 are asked in Slack, 0 by mail, 7 cannot be asked or have opted out"
    assert found["interview", "leads"].fix.startswith("Set [smtp]")
    assert "`leadership:`" in found["interview", "leadership"].fix


def test_nothing_refused_is_said_as_that(app: App) -> None:
    assert [(row.name, row.ok) for row in diagnose(app, "digests") if row.name == "refused"] == [("refused", True)]
    assert status_of(app)["digests_not_taken"] == []


def test_what_was_told_is_not_said_to_be_untold_once_its_channel_is_gone() -> None:
    for told, begins in (
        (True, "notified once, but no later news can be delivered: no channel"),
        (False, "not told: no channel"),
    ):
        lines: list[str] = []
        _say_untold({"told": told, "untold": [{"channel": "none", "why": "no channel is set"}]}, lines.append)
        assert lines[0].strip().startswith(begins)


def test_clear_makes_what_was_refused_due_again(lite: Engine, tmp_path: Path) -> None:
    with sessionmaker(lite).begin() as session:
        session.add(Digest(week=WEEK, team="fleet", error="refuses", refused=11, refused_by="x"))
    (tmp_path / "leeway.toml").write_text(f"[database]\nurl = {json.dumps(str(lite.url))}\n")
    said = leeway(tmp_path, "doctor", "--clear")
    assert said.returncode == 0, said.stderr
    assert "0 dead tasks cleared; 1 refused message to be retried at the next wake-up." in " ".join(said.stdout.split())

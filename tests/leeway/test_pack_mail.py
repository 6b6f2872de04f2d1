"""Packs by mail: when their time has come, once, to whom the settings say, and with hostile words as text."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.mail import Smtp
from leeway.app import App, NotReady
from leeway.pack_mail import send_packs
from models import Diagnosis, OptOut, Stream
from tests.alerts.test_digest import Mailbox, mailbox
from tests.web.conftest import HOSTILE, MONDAY, settled_app

__all__ = ["mailbox"]
COO = "coo@velora.example"


def at(app: App, *when: int) -> App:
    moment = datetime(*when, tzinfo=UTC)  # type: ignore[arg-type]
    app._now = moment  # type: ignore[attr-defined]
    return app


@pytest.fixture
def app(tmp_path: Path, mailbox: tuple[Mailbox, Smtp]) -> App:
    smtp: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": mailbox[1].port,
        "sender": "leeway@velora.example",
        "security": "none",
    }
    return settled_app(tmp_path, smtp=smtp, packs={"weekly": [COO], "monthly": [COO, "cfo@velora.example"]})


def test_the_kill_session_comes_48_hours_before_and_once(app: App, mailbox: tuple[Mailbox, Smtp]) -> None:
    app.settings.packs.weekly = []
    for when, sent in (((2026, 8, 4, 5), 0), ((2026, 8, 4, 12), 2), ((2026, 8, 5, 12), 0), ((2026, 8, 6, 12), 0)):
        assert send_packs(at(app, *when), due_only=True) == (sent, [])
    assert sorted(mail["To"] for mail in mailbox[0].mails) == ["cfo@velora.example", COO]
    assert "Kill session" in mailbox[0].mails[0]["Subject"]
    assert send_packs(at(app, 2026, 8, 6, 12), "monthly") == (2, []), "the next session's, at once"


def test_the_weekly_pack_comes_on_its_day_with_hostile_words_as_text(app: App, mailbox: tuple[Mailbox, Smtp]) -> None:
    with app.sessions.begin() as session:
        session.add(Stream(id=1, anchor="jira:1", name=HOSTILE, first_day=MONDAY, last_day=MONDAY, answer=""))
        figures = {"stream": "stream:1", "said": "day:2026-06-01", "days": 9.0, "weeks": 3}
        row = Diagnosis(
            kind="stopping", scope="company", subject="stream:1", strength=0.5, low=0.4, high=0.6, figures=figures
        )
        row.found_on = row.seen_on = MONDAY.replace(day=8)
        session.add(row)
    app.settings.packs.monthly = []
    assert send_packs(at(app, 2026, 7, 12, 12), due_only=True) == (0, [])
    assert send_packs(at(app, 2026, 7, 13, 12), due_only=True) == (1, [])
    (mail,) = mailbox[0].mails
    body = mail.get_body(("html",))
    assert body is not None
    assert "was stopped on" in body.get_content()
    assert "<script" not in body.get_content()
    assert "List-Unsubscribe" in mail
    assert mail["Subject"].endswith(": 6 to 12 July 2026")
    assert "6 to 12 July 2026" in body.get_content()


def test_who_opted_out_gets_none(app: App, mailbox: tuple[Mailbox, Smtp]) -> None:
    with app.sessions.begin() as session:
        session.add(OptOut(address=COO, kind="pack", at=datetime(2026, 7, 1, tzinfo=UTC)))
    assert send_packs(app, "weekly") == (0, [])
    assert mailbox[0].mails == []


def test_what_is_missing_is_said(app: App) -> None:
    for kind, reason in (("yearly", "expected weekly, monthly, quarterly"), ("quarterly", "Add quarterly = ")):
        with pytest.raises(NotReady, match=reason):
            send_packs(app, kind)
    app.settings.smtp.host = ""
    with pytest.raises(NotReady, match="no mail server"):
        send_packs(app, "weekly")

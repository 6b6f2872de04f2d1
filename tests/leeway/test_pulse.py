"""The pulse goes out once a week to each owner, in Slack or by mail, whatever fails beside it."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from rich.console import Console
from sqlalchemy import select, update

from alerts.asking import Question, ask_all
from alerts.channel import DeliveryError, Reference
from alerts.pulse import MOST_WITH_BUTTONS, blocks
from leeway.app import App
from leeway.check import check_all
from leeway.pulse import answer, is_due, plan_of, pulse_status, send_pulse, this_week
from leeway.settings import Settings
from leeway.status import status_of
from leeway.status_text import render
from models import Account, Ask, Confidence, OptOut, Signal
from pipeline.people.forget import forget
from pipeline.register.document import KeyResult, parse
from pipeline.register.versions import load_register
from simulator.server import Simulator
from tests.alerts.test_digest import Mailbox, mailbox
from tests.conftest import newest_sqlite

__all__ = ["mailbox"]
TUESDAY = datetime(2026, 7, 7, 10, 30, tzinfo=UTC)
REGISTER = """\
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams: [{key: app, name: App, members: [ann@x.example]}]
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    owner: carla@x.example
    key_results:
      - {key: O1.1, title: "NPS from 31 to 45 <!channel>"}
      - {key: O1.2, title: "Churn from 2 % to 1 %", owner: carla@x.example}
      - {key: O1.3, title: "Open bugs from 40 to 10", owner: anton@x.example}
      - {key: O1.4, title: "Orders from 4 to 10 <script>", owner: mia@x.example}
      - {key: O1.5, title: "Sales from 4 to 10", owner: gone@x.example}
      - {key: O1.6, title: "Bikes from 4 to 10", owner: Platform team}
"""


def later(app: App, **delta: float) -> App:
    """The same installation at another time."""
    return App(app.settings, now=app.now() + timedelta(**delta))


@pytest.fixture
def app(tmp_path: Path, few_days: Simulator, mailbox: tuple[Mailbox, Any]) -> Iterator[App]:
    given = {
        "database": {"url": newest_sqlite(tmp_path / "pulse.db")},
        "slack": few_days.settings()["slack"] | {"signing_secret": "s3cret"},
        "smtp": {"host": "127.0.0.1", "port": mailbox[1].port, "security": "none", "sender": "leeway@x.example"},
        "web": {"url": "https://leeway.example"},
        "pulse": {"on": True},
    }
    made = App(Settings.model_validate(given), now=TUESDAY)
    with made.sessions.begin() as session:
        load_register(session, parse(REGISTER), REGISTER)
        for account, address in (("U00000001", "Carla@x.example"), ("U99999999", "gone@x.example")):
            session.add(Account(source="slack", external_id=account, email=address))
    yield made
    made.engine.dispose()


def rows(app: App) -> dict[str, Ask]:
    with app.sessions() as session:
        return {row.recipient: row for row in session.scalars(select(Ask))}


def test_each_owner_is_asked_once_a_week_and_one_who_cannot_be_reached_stops_nobody(
    app: App, few_days: Simulator, mailbox: tuple[Mailbox, Any]
) -> None:
    found = send_pulse(app, due_only=True)
    assert (found.asked, found.reminded, len(found.errors)) == (2, 0, 2)
    assert "550 no such user" in found.errors[0]
    assert "channel_not_found" in found.errors[1] or "no such channel" in found.errors[1]
    (post,) = few_days.world.posted
    assert post["channel"] == "D00000001"
    assert [one["block_id"] for one in post["blocks"] if one["type"] == "actions"] == [
        "pulse 2026-07-06:1 O1.1",
        "pulse 2026-07-06:1 O1.2",
    ]
    assert len(post["blocks"][3]["elements"]) == 11
    assert "<!channel>" not in str(post)
    (mail,) = mailbox[0].mails
    assert mail["To"] == "mia@x.example"
    assert "Answer here: https://leeway.example/pulse?token=" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "<script>" not in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    tries = [send_pulse(later(app, minutes=n)) for n in range(1, 6)]
    assert [one.asked for one in tries] == [0] * 5
    assert [len(one.errors) for one in tries] == [2, 2, 0, 0, 0]  # what is refused is tried with growing pauses
    with app.sessions() as session:
        said = str(pulse_status(app, session))
    assert "550 no such user" in said
    assert "anton@" not in said
    assert len(few_days.world.posted) == len(mailbox[0].mails) == 1


def test_two_workers_at_once_ask_each_owner_once(app: App, few_days: Simulator, mailbox: tuple[Mailbox, Any]) -> None:
    mailbox[0].pause = 0.2
    with ThreadPoolExecutor(2) as pool:
        rounds = list(pool.map(lambda _: send_pulse(app), range(2)))
    assert sum(one.asked for one in rounds) == 2
    assert len(few_days.world.posted) == len(mailbox[0].mails) == 1


def test_who_has_not_answered_is_reminded_once_in_the_thread_and_nobody_else_hears_of_it(
    app: App, few_days: Simulator, mailbox: tuple[Mailbox, Any]
) -> None:
    send_pulse(app, due_only=True)
    answer(app, "mia@x.example", "O1.4", this_week(app, app.register()[1]), 7)
    answer(app, "carla@x.example", "O1.1", this_week(app, app.register()[1]), 7)  # one of her two
    assert send_pulse(later(app, days=1), due_only=True).reminded == 0
    thursday = later(app, days=2, minutes=1)
    assert send_pulse(thursday, due_only=True).reminded == 1
    assert send_pulse(later(thursday, days=1), due_only=True).reminded == 0
    assert few_days.world.posted[-1]["thread_ts"] == few_days.world.posted[0]["ts"]
    assert len(few_days.world.posted) == 2
    assert len(mailbox[0].mails) == 1  # she had answered
    with app.sessions() as session:
        said = str(pulse_status(app, session))
    assert "carla" not in said
    assert "answer" not in said


def test_a_mail_s_reminder_is_a_reply_with_what_is_left(app: App, mailbox: tuple[Mailbox, Any]) -> None:
    send_pulse(app, due_only=True)
    send_pulse(later(app, days=2, minutes=1), due_only=True)
    first, second = mailbox[0].mails
    assert second["In-Reply-To"] == first["Message-ID"]
    assert second["Subject"] == f"Re: {first['Subject']}"
    assert "O1.4" in second.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_a_sender_that_died_is_healed_without_a_second_message(
    app: App, few_days: Simulator, mailbox: tuple[Mailbox, Any]
) -> None:
    send_pulse(app)
    lost = {"sent_at": None, "claimed_at": app.now(), "reference": {}}  # it sent, and did not live to say so
    with app.sessions.begin() as session:
        session.execute(update(Ask).where(Ask.recipient.in_(["carla@x.example", "mia@x.example"])).values(**lost))
    assert send_pulse(later(app, minutes=5)).asked == 0  # its claim holds
    send_pulse(later(app, minutes=11))
    assert len(few_days.world.posted) == 1  # a direct message is not looked for, and not sent twice
    assert len({mail["Message-ID"] for mail in mailbox[0].mails}) == 1  # a mail that is sent twice shows once
    assert all(rows(app)[who].sent_at for who in ("carla@x.example", "mia@x.example"))
    assert send_pulse(later(app, days=2, minutes=12)).reminded == 2
    assert few_days.world.posted[-1]["blocks"]  # the reminder is the whole question: perhaps nothing came


def test_it_waits_for_day_hour_workday_and_period_and_is_off_by_default(app: App) -> None:
    register = app.register()[1]
    assert is_due(App(app.settings, now=datetime(2026, 7, 7, 10, 1, tzinfo=UTC)), register)
    for at in ((7, 6, 12), (7, 7, 9), (7, 11, 12), (7, 7, 20)):  # Monday, too early, Saturday, evening
        assert not is_due(App(app.settings, now=datetime(2026, *at, tzinfo=UTC)), register)
    assert not is_due(App(app.settings, now=datetime(2026, 10, 7, 12, tzinfo=UTC)), register)
    # Reported of stand-up bots: they ask on holidays (xtreamsrl/clockify-nlp-bot #45, standup-raven #86).
    closed = register.calendar.model_copy(update={"closed": (date(2026, 7, 7),)})
    assert not is_due(
        App(app.settings, now=datetime(2026, 7, 7, 10, 1, tzinfo=UTC)), register.model_copy(update={"calendar": closed})
    )
    off = App(app.settings.model_copy(update={"pulse": Settings().pulse}), now=app.now())
    assert not is_due(off, register)
    assert send_pulse(off, due_only=True).asked == 0


def test_who_is_away_is_asked_and_reminded_once_they_are_back(
    app: App, few_days: Simulator, mailbox: tuple[Mailbox, Any]
) -> None:
    text = REGISTER.replace(
        "[ann@x.example]",
        "[{email: mia@x.example, days: [wednesday, thursday, friday]}, {email: carla@x.example, to: 2027-01-31}]",
    )
    away = [("calendar", "Carla@x.example", at) for at in (7, 9)]
    with app.sessions.begin() as session:
        load_register(session, parse(text), text)
        session.add(Account(source="calendar", external_id="carla@x.example", email="Carla@x.example"))
        for source, _, at in away:
            noon = datetime(2026, 7, at, 12, tzinfo=UTC)
            given = {"source": source, "external_id": f"absence {at}", "item": "absence:carla@x.example", "at": noon}
            session.add(Signal(**given, kind="absence", account="carla@x.example", hours=8.0))
    assert "carla@x.example would be asked in Slack: O1.1, O1.2, once they are back: they are away today" in plan_of(
        app
    )
    assert send_pulse(app, due_only=True).asked == 0
    assert not few_days.world.posted
    assert not mailbox[0].mails
    with app.sessions() as session:
        found = pulse_status(app, session)
    assert found is not None
    assert found["waiting"] == 0
    assert send_pulse(later(app, days=1), due_only=True).asked == 2
    thursday, friday = later(app, days=2, hours=1), later(app, days=3, hours=1)
    assert send_pulse(thursday, due_only=True).reminded == 0
    assert send_pulse(friday, due_only=True).reminded == 2


def test_nobody_is_asked_at_night_where_they_are(app: App, few_days: Simulator, mailbox: tuple[Mailbox, Any]) -> None:
    # xtreamsrl/clockify-nlp-bot #74: the bot of an Italian company asked Americans before they woke.
    with app.sessions.begin() as session:
        query = update(Account).where(Account.external_id == "U00000001")
        session.execute(query.values(time_zone="America/New_York"))  # half past six in the morning there
        session.add(Account(source="jira", external_id="m", email="mia@x.example", time_zone="Pacific/Auckland"))
    assert send_pulse(app, due_only=True).asked == 1  # Auckland's day and ours never meet: it is no worse than any hour
    assert not few_days.world.posted
    assert send_pulse(later(app, hours=4), due_only=True).asked == 1
    assert len(few_days.world.posted) == 1


def test_a_dry_run_and_check_say_who_can_be_asked_and_ask_nobody(app: App, few_days: Simulator) -> None:
    lines = plan_of(app)
    assert "carla@x.example would be asked in Slack: O1.1, O1.2" in lines
    assert "mia@x.example would be asked by mail: O1.4" in lines
    assert lines[-1].startswith("nobody can be asked about O1.6: set `owner:`")
    found = [row for row in check_all(app) if row.part == "pulse"]
    assert [row.found for row in found] == ["2 are asked in Slack, 2 by mail", "nobody can be asked about O1.6"]
    assert not rows(app)
    assert not few_days.world.posted


def test_who_opted_out_gets_no_mail_and_who_is_forgotten_leaves_only_the_figure(app: App) -> None:
    with app.sessions.begin() as session:
        session.add(OptOut(address="mia@x.example", kind="pulse", at=app.now()))
        session.add(Account(source="jira", external_id="m", email="mia@x.example", name="Mia"))
    send_pulse(app)
    assert "mia@x.example" not in rows(app)
    answer(app, "mia@x.example", "O1.4", this_week(app, app.register()[1]), 7, "my own words")
    text = REGISTER.replace("mia@x.example", "carla@x.example")
    with app.sessions.begin() as session:
        session.add(Ask(kind="pulse", round="2026-06-29", recipient="mia@x.example", sent_at=app.now()))
        load_register(session, parse(text), text)
    forget(app.sessions, "mia@x.example")
    with app.sessions() as session:
        assert [(row.value, row.note, row.by) for row in session.scalars(select(Confidence))] == [(7, "", "")]
    assert "mia@x.example" not in rows(app)


def test_slack_s_fifty_blocks_hold_many_key_results_with_a_list_to_choose_from() -> None:
    many = [KeyResult(key=f"O1.{n}", title="T" * 300) for n in range(80)]
    few = blocks(TUESDAY.date(), many[:MOST_WITH_BUTTONS], {}, 1)
    assert len(few) <= 50
    chosen = blocks(TUESDAY.date(), many, {}, 1)
    assert len(chosen) <= 50
    assert chosen[2]["accessory"]["type"] == "static_select"
    assert "35 more" in str(chosen[-2])


class Dead:
    """A way that takes nothing at all."""

    repeats = True
    tried = 0

    def destination(self, question: Question) -> str:
        return "nowhere"

    def ready(self) -> None:
        raise DeliveryError("Slack does not answer.", down=True)

    def ask(self, question: Question) -> Reference:
        self.tried += 1
        return {}

    def remind(self, question: Question, reference: Reference) -> None:
        self.tried += 1


def test_status_says_who_is_still_to_be_asked_while_slack_takes_nothing(app: App, few_days: Simulator) -> None:
    assert app.settings.slack is not None
    token = app.settings.slack.token
    app.settings.slack.token = SecretStr("xoxb-revoked")
    assert "pulse: " in send_pulse(app, due_only=True).errors[0]
    with app.sessions() as session:
        found = pulse_status(app, session)
    assert found is not None
    assert (found["asked"], found["waiting"]) == (1, 2)  # two have Slack accounts, and nothing was tried
    assert "still to be asked: 2" in shown(app)
    app.settings.slack.token = token
    send_pulse(later(app, minutes=5), due_only=True)
    assert "still to be asked" not in shown(app)


def test_status_says_that_a_reminder_was_not_delivered(app: App) -> None:
    send_pulse(app, due_only=True)
    with app.sessions.begin() as session:
        session.execute(update(Account).where(Account.external_id == "U00000001").values(external_id="U88888888"))
        session.execute(update(Ask).where(Ask.recipient == "carla@x.example").values(reference={}))
    thursday = later(app, days=2, minutes=1)
    assert any("carla@" in one for one in send_pulse(thursday, due_only=True).errors)
    text = shown(thursday)
    assert "not delivered to the owner of O1.1, O1.2, as a reminder: " in text
    assert "There is no further reminder in this round." in text
    assert "carla@" not in text


def shown(app: App) -> str:
    """What `leeway status` says."""
    out = io.StringIO()
    found = status_of(app) | {"sources": {"jira": {"signals": 1, "streams": 1, "minutes_since_pull": 1, "errors": []}}}
    render(found, Console(file=out, width=300))
    return out.getvalue()


def test_a_way_that_is_down_is_asked_once_a_round_and_claims_nothing(app: App) -> None:
    way = Dead()
    questions = [(Question("pulse", "2026-07-06", f"p{n}@x.example", "s", "t"), way) for n in range(3)]
    found = ask_all(app.sessions, questions, app.now, lambda _: True)
    assert found.errors == ["pulse: Slack does not answer. It will be retried."]
    assert not rows(app)
    assert way.tried == 0

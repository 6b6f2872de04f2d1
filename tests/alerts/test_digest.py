"""The weekly digest, received by a real SMTP server."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.orm import Session, sessionmaker

from alerts.digest import TeamWeek, compose, team_week
from alerts.digest_delivery import send_due
from alerts.mail import Smtp, new_mail, without
from alerts.neglected import first_of
from alerts.words import plain
from models import OptOut, Share, Theme
from tests.alerts.test_slack import NOW, REGISTER, drift
from tests.smtp import served

SMTP = Smtp("mail.example", sender="Leeway <leeway@velora.example>")
WEEK = date(2026, 6, 29)


class Mailbox:
    """Keeps what arrives; refuses one address, as a mail server does."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.pause = 0.0

    async def handle_RCPT(self, server, session, envelope, address, options):  # type: ignore[no-untyped-def]  # noqa: N802, ANN
        if address.startswith("anton"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # type: ignore[no-untyped-def]  # noqa: N802, ANN
        await asyncio.sleep(self.pause)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, Smtp]]:
    box = Mailbox()
    with served(box) as smtp:
        yield box, smtp


@pytest.fixture
def filled(sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    with sessions.begin() as session:
        for scope in ("app", "fleet", "sales"):
            for n in range(6):
                shares = {"O1": 0.0, "O3": 0.5 - 0.05 * n, "": 0.5 + 0.05 * n, "top": 0.5 - 0.05 * n}
                for objective, share in shares.items():
                    session.add(
                        Share(
                            week=WEEK - timedelta(weeks=5 - n),
                            scope=scope,
                            objective=objective,
                            share=share,
                            low=max(0.0, share - 0.05),
                            high=share + 0.05,
                            coverage=0.9,
                            person_days=50,
                        )
                    )
        session.add(
            Theme(
                name="<script>alert(1)</script>",
                first_day=WEEK,
                person_days=30,
                recent_person_days=20,
                teams=[["app", 30.0]],
                items=[],
                weeks={"app": {WEEK.isoformat(): 30.0}},
            )
        )
    return sessions


def test_the_largest_stream_is_named_once(filled: sessionmaker[Session]) -> None:
    began = WEEK - timedelta(weeks=1)
    of_app = {"person_days": 30, "recent_person_days": 20, "teams": [["app", 30.0]], "items": []}
    with filled.begin() as session:
        session.execute(delete(Theme))
        for name, days in (("Cargo bikes", 30.0), ("HW export", 20.0), ("Briefings", 10.0)):
            session.add(Theme(name=name, first_day=began, **of_app, weeks={"app": {WEEK.isoformat(): days}}))
    team = next(t for t in REGISTER.teams if t.key == "app")
    with filled() as session:
        content = team_week(session, REGISTER, team)
    assert content is not None
    mail = compose(content, SMTP)
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        shown = body.get_content()
        assert [shown.count(name) for name in ("Cargo bikes", "HW export", "Briefings")] == [1, 1, 1], kind
        assert "New since the plan was made" in shown.partition("Cargo bikes")[2].partition("HW export")[0]


def test_each_lead_gets_one_a_week_and_a_bounce_stops_nobody(
    filled: sessionmaker[Session], mailbox: tuple[Mailbox, Smtp]
) -> None:
    box, smtp = mailbox
    sent, failed = send_due(filled, REGISTER, smtp)
    assert sent == 2
    assert len(failed) == 1
    assert failed[0].startswith("digest for team fleet: ")
    assert "refuses" in failed[0]
    assert "550 no such user" in failed[0]
    assert sorted(mail["To"] for mail in box.mails) == ["carla.jung@velora.example", "nele.brandt@velora.example"]
    assert send_due(filled, REGISTER, smtp)[0] == 0
    assert len(box.mails) == 2


def test_it_reads_as_text_and_as_html_with_its_picture_and_hostile_names_are_shown(
    filled: sessionmaker[Session],
) -> None:
    team = next(t for t in REGISTER.teams if t.key == "app")
    with filled() as session:
        content = team_week(session, REGISTER, team)
    assert content is not None
    mail = compose(content, SMTP)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    shown, rich = text.get_content(), html.get_content()
    assert "Riders open the app because it helps" in shown
    assert " 25% (20 to 30)" in shown
    assert "usual: 40%" in shown
    rows = re.findall(r"(?m)^.+% \(\d+ to \d+\) +\d+%", shown)
    assert len(rows) > 1
    assert len({len(row) for row in rows}) == 1  # one column below the other
    assert "&lt;script&gt;" in rich
    assert "<script>" not in rich
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert len(pictures) == 1
    assert pictures[0].get_payload(decode=True)[:4] == b"\x89PNG"  # type: ignore[index]
    assert pictures[0]["Content-ID"].strip("<>") in rich
    assert mail["List-Unsubscribe"]


def test_objectives_of_the_team_without_work_are_named(filled: sessionmaker[Session]) -> None:
    team = next(t for t in REGISTER.teams if t.key == "app")
    with filled() as session:
        content = team_week(session, REGISTER, team)
    assert content is not None
    assert list(content.idle) == ["Large employers choose Velora as their standard benefit"]
    mail = compose(content, SMTP)
    for kind in ("plain", "html"):  # an objective with 1% is not without work
        body = mail.get_body((kind,))
        assert body is not None
        assert "Objectives of the plan with hardly any work this week" in body.get_content()


def test_a_long_list_says_how_much_more_there_is() -> None:
    assert first_of([str(n) for n in range(6)]) == [str(n) for n in range(6)]
    assert first_of([str(n) for n in range(25)]) == ["0", "1", "2", "3", "4", "and 20 more"]


@pytest.mark.parametrize(
    ("open_drift", "said"),
    [
        (
            {"scope": "app", "before": 0.78, "after": 0.47},
            "31 of 100 working days have left the top priorities since 29 June: ",
        ),
        (
            {},
            "Work on the top priorities fell from 80% to 50% since 29 June, as the company's did.",
        ),  # its alert names the team
        ({"severity": "low"}, None),
        ({"scope": "fleet"}, None),
        ({"scope": "app", "state": "recovered"}, None),
    ],
)
def test_the_lead_reads_of_the_fall_that_slack_was_told_of(
    filled: sessionmaker[Session], open_drift: dict[str, Any], said: str | None
) -> None:
    team = next(t for t in REGISTER.teams if t.key == "app")
    levels = {"app": {"O3": [0.8, 0.5], "": [0.2, 0.5]}}
    one = drift(**open_drift)
    one.explanation = one.explanation | {"levels": levels}
    with filled.begin() as session:
        session.add(one)
    with filled() as session:
        content = team_week(session, REGISTER, team)
    assert content is not None
    first = plain(content.story[0])
    assert first.startswith(said) if said else "since 29 June" not in first
    assert len(content.story) <= 3


def test_a_change_of_who_is_at_work_is_told_as_such(filled: sessionmaker[Session]) -> None:
    team = next(t for t in REGISTER.teams if t.key == "app")
    mix = {"kind": "mix", "scope": "app", "state": "noted", "severity": "low", "raised_on": WEEK + timedelta(days=2)}
    with filled.begin() as session:
        session.add(drift(**mix, before=0.52, after=0.38, low=-0.12, high=-0.12, explanation={}))
    with filled() as session:
        content = team_week(session, REGISTER, team)
    assert content is not None
    said = [plain(words) for words in content.story]
    assert any(
        "went from 52% to 38% since 29 June, about 12 points of it because other people are at work" in one
        for one in said
    )


RED, GREY = "#b3261e", "#566070"


def colour_of_change(content: TeamWeek) -> str:
    html = compose(content, SMTP).get_body(("html",))
    assert html is not None
    found = re.search(r"font-size:17px;font-weight:bold;color:(#\w+)", html.get_content())
    assert found is not None
    return found[1]


def test_the_week_after_a_fall_is_held_against_the_weeks_before_it(filled: sessionmaker[Session]) -> None:
    team = next(t for t in REGISTER.teams if t.key == "app")
    with filled.begin() as session:
        session.execute(delete(Share).where(Share.scope == "app"))
        for ago in range(12):  # 60% until six weeks ago, 20% since
            share = 0.2 if ago < 6 else 0.6
            for objective, part in (("O3", share), ("", 1 - share), ("top", share)):
                session.add(
                    Share(
                        scope="app",
                        week=WEEK - timedelta(weeks=ago),
                        objective=objective,
                        share=part,
                        low=part - 0.05,
                        high=part + 0.05,
                        coverage=1,
                        person_days=40,
                    )
                )
    with filled() as session:
        usual = team_week(session, REGISTER, team)
    assert usual is not None
    assert usual.against == "usual"
    assert [line.before for line in usual.lines if line.priority == 3] == [35]
    assert colour_of_change(usual) == RED
    with filled.begin() as session:
        session.execute(update(Share).values(low=0.1, high=0.9))
    with filled() as session:
        unsure = team_week(session, REGISTER, team)
    assert unsure is not None
    assert "No share moved further than its interval." in [plain(words) for words in unsure.story]
    assert colour_of_change(unsure) == GREY  # it was red
    start = WEEK - timedelta(weeks=5)
    with filled.begin() as session:
        session.add(drift(scope="app", start=start, before=0.6, after=0.2))
    with filled() as session:
        content = team_week(session, REGISTER, team)
    assert content is not None
    assert [(line.now, line.before) for line in content.lines if line.priority == 3] == [(20, 60)]
    assert [point.week for point in content.points] == [WEEK - timedelta(weeks=n) for n in range(8, -1, -1)]
    mail = compose(content, SMTP)
    assert mail["Subject"] == "Rider App: 20% on the top priorities, 25 May to 5 July 2026"  # the days of its figure
    text = mail.get_body(("plain",))
    assert text is not None
    assert f"before {start.day} {start:%b}" in text.get_content()
    assert colour_of_change(content) == RED  # of an open fall, however wide a week's interval


def test_a_mail_is_small_and_its_picture_is_drawn_for_a_phone(filled: sessionmaker[Session]) -> None:
    team = next(t for t in REGISTER.teams if t.key == "app")
    with filled() as session:
        content = team_week(session, REGISTER, team)
    assert content is not None
    mail = compose(content, SMTP)
    assert len(mail.as_bytes()) < 60_000
    picture = next(part for part in mail.walk() if part.get_content_type() == "image/png").get_content()
    assert 600 < int.from_bytes(picture[16:20], "big") < 760  # twice the pixels of a phone's width


def test_a_team_is_measured_against_its_own_plan(filled: sessionmaker[Session]) -> None:
    team = next(t for t in REGISTER.teams if t.key == "iberia")
    with filled.begin() as session:
        for objective, share in (("O4", 0.8), ("", 0.2), ("top", 0.0)):
            session.add(
                Share(
                    scope="iberia",
                    week=WEEK,
                    objective=objective,
                    share=share,
                    low=max(0.0, share - 0.1),
                    high=share + 0.1,
                    coverage=1,
                    person_days=40,
                )
            )
    with filled() as session:
        content = team_week(session, REGISTER, team)
    assert content is not None
    assert content.head == (80, "on the plan of the team")
    assert compose(content, SMTP)["Subject"] == "Iberia: 80% on the plan of the team, week of 29 June"


def test_mail_servers_find_what_they_want_also_with_a_named_sender_and_a_hostile_team() -> None:
    name = "App\r\nBcc: all@velora.example\u202e"
    link = "https://leeway.example/unsubscribe?token=" + "x" * 180
    mail = new_mail(SMTP, "Nele <nele@velora.example>", f"{name}: 25%", "digest 1", link, "digest app")
    read = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert read["Bcc"] is None
    assert read["Subject"] == "App Bcc: all@velora.example: 25%"
    assert read["Date"].datetime.tzinfo is not None
    assert read["Message-ID"].endswith("@velora.example>")
    assert read["From"].addresses[0].display_name == "Leeway"
    ways = [one.strip() for one in read["List-Unsubscribe"].split(",")]
    assert ways == [f"<{link}>", "<mailto:leeway@velora.example?subject=unsubscribe%20digest%20app>"]
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    again = new_mail(SMTP, "Nele <nele@velora.example>", "x", "digest 1")
    assert again["Message-ID"] == mail["Message-ID"]  # one that is sent twice shows once
    assert again["List-Unsubscribe-Post"] is None


def test_two_workers_and_a_slow_relay_send_each_digest_once(
    filled: sessionmaker[Session], mailbox: tuple[Mailbox, Smtp]
) -> None:
    box, smtp = mailbox
    box.pause = 0.3
    with ThreadPoolExecutor(2) as pool:
        rounds = list(pool.map(lambda _: send_due(filled, REGISTER, smtp), range(2)))
    assert sum(sent for sent, _ in rounds) == 2
    assert sorted(mail["To"] for mail in box.mails) == ["carla.jung@velora.example", "nele.brandt@velora.example"]


def test_a_lead_that_is_no_address_and_one_that_opted_out_stop_nobody(
    filled: sessionmaker[Session], mailbox: tuple[Mailbox, Smtp]
) -> None:
    box, smtp = mailbox
    wrong = [
        team.model_copy(update={"lead": "nobody", "name": "A\nB"}) if team.key == "fleet" else team
        for team in REGISTER.teams
    ]
    with filled.begin() as session:
        session.add(OptOut(address="nele.brandt@velora.example", kind="digest", at=NOW))
    sent, failed = send_due(filled, REGISTER.model_copy(update={"teams": wrong}), smtp)
    assert sent == 1
    assert failed == ["digest for team fleet: 'nobody' is not an e-mail address. Correct it."]
    assert [mail["To"] for mail in box.mails] == ["carla.jung@velora.example"]


@pytest.mark.parametrize(
    ("address", "said", "shown"),
    [
        ("Ana <ana@x.example>", "550 no such mailbox: ANA@x.example", "550 no such mailbox: the address"),
        ("an address", "'an address': no mail can be sent to this", "'the address': no mail can be sent to this"),
    ],
)
def test_a_reason_is_shown_without_the_address_and_with_all_its_other_words(
    address: str, said: str, shown: str
) -> None:
    assert without(address, said) == shown

"""The digest's links, from the mail server's end to the page: followed once, doubled, and after they have expired."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner, URLSafeTimedSerializer
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from alerts.weeks import last_week
from leeway.app import App
from leeway.digest import send_digests
from leeway.links import is_due
from leeway.pack_mail import send_packs
from models import Account, Cycle, Digest, Label, ThemeAnswer, WorkItem
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.conftest import TODAY
from tests.smtp import served
from tests.web.conftest import HOSTILE, MONDAY, app_with, needs_browser, settled_app
from tests.web.test_belongs import STORY, hang
from tests.web.test_pages import AXE, audit
from web.app import make


class Mailbox:
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.mails: dict[str, EmailMessage] = {}

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=policy.default)
        self.mails[envelope.rcpt_tos[0]] = mail  # type: ignore[assignment]
        return "250 OK"


@pytest.fixture
def received(tmp_path: Path) -> Iterator[tuple[App, dict[str, EmailMessage]]]:
    box = Mailbox()
    with served(box) as smtp:
        app = app_with(
            tmp_path,
            web={"url": "https://leeway.example", "company": ["coo@velora.example"]},
            smtp={"host": smtp.host, "port": smtp.port, "starttls": False},
        )
        hang(app)
        assert send_digests(app) == (3, [])
        assert send_digests(app) == (0, [])
        yield app, box.mails


def html_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def links(mail: EmailMessage) -> list[str]:
    return re.findall(r'href="https://leeway\.example(/answer\?token=[^"]+)"', html_of(mail))


def button(page: str) -> str:
    """Where the page's one button leads."""
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', page)
    return unescape(action)


def test_lead_and_coo_get_theirs_with_a_picture_and_a_text_version(
    received: tuple[App, dict[str, EmailMessage]],
) -> None:
    _, mails = received
    assert set(mails) == {"nele.brandt@velora.example", "anton.weiss@velora.example", "coo@velora.example"}
    for mail in mails.values():
        pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
        assert len(pictures) == 1
        assert pictures[0].get_content().startswith(b"\x89PNG")
        assert f"cid:{str(pictures[0]['Content-ID']).strip('<>')}" in html_of(mail)
        text = mail.get_body(("plain",))
        assert text is not None
        assert "of the work was on" in text.get_content()
        assert mail["List-Unsubscribe"]
        assert "<script>fetch" not in html_of(mail)
    text = mails["nele.brandt@velora.example"].get_body(("plain",))
    assert text is not None
    unsupported = text.get_content().partition("hardly any work in four weeks:")[2].partition("To decide")[0]
    assert "O3.2" in unsupported  # three days on items that are O3.1 with 30 % and O1.3 with 20 %
    assert "O3.1" not in unsupported
    for address in ("nele.brandt@velora.example", "coo@velora.example"):
        assert "New since the plan was made" in html_of(mails[address])
        assert f"part of {STORY}" in html_of(mails[address])


def test_a_link_is_kept_once_pressed_and_refused_when_it_is_old(
    received: tuple[App, dict[str, EmailMessage]], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, mails = received
    client = TestClient(make(app), base_url="https://leeway.example")
    found = links(mails["nele.brandt@velora.example"])
    labels = [link for link in found if "serves" in client.get(link).text]
    stop = next(link for link in found if "Stop this work" in client.get(link).text)
    with app.sessions() as session:
        assert session.scalar(select(Label)) is None
    for _ in range(2):
        assert "Saved" in client.post(button(client.get(labels[0]).text)).text
    client.post(button(client.get(stop).text))
    with app.sessions() as session:
        assert [row.origin for row in session.scalars(select(Label))] == ["digest"]
        assert [(row.theme, row.by, row.answer) for row in session.scalars(select(ThemeAnswer))] == [
            (HOSTILE[:200], "Rider App", "stop")
        ]
    later = TimestampSigner.get_timestamp(TimestampSigner("x")) + 15 * 86_400
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: later)
    old = client.get(labels[0])
    assert old.status_code == 410
    assert "older than two weeks" in old.text


def test_an_answer_follows_its_item_where_its_number_is_anothers_by_now(
    received: tuple[App, dict[str, EmailMessage]],
) -> None:
    app, mails = received
    client = TestClient(make(app), base_url="https://leeway.example")
    link = next(one for one in links(mails["nele.brandt@velora.example"]) if "serves" in client.get(one).text)
    given = URLSafeTimedSerializer("").loads_unsafe(link.partition("token=")[2])[1]
    asked = str(given["of"]).partition(":")[2]
    with app.sessions.begin() as session:  # a backup of before it was read was restored, and another was read first
        item = session.scalars(select(WorkItem).where(WorkItem.external_id == asked)).one()
        id_, source, item.external_id = item.id, item.source, "another"
    gone = client.post(button(client.get(link).text))
    assert (gone.status_code, "no longer exists" in gone.text) == (409, True)
    with app.sessions.begin() as session:
        assert session.get(Label, id_) is None
        session.add(WorkItem(source=source, external_id=asked, kind="story", container="A"))
    assert "Saved" in client.post(button(client.get(link).text)).text
    with app.sessions() as session:
        (label,) = session.scalars(select(Label))
        assert session.get_one(WorkItem, label.work_item_id).external_id == asked


def test_each_of_several_links_that_stand_open_keeps_its_own_answer(
    received: tuple[App, dict[str, EmailMessage]],
) -> None:
    app, mails = received
    client = TestClient(make(app), base_url="https://leeway.example")
    opened = [client.get(link).text for link in links(mails["nele.brandt@velora.example"])]
    asked = [page for page in opened if "This serves O3.1" in page]  # one an item
    assert len(asked) == 3
    for page in asked:
        assert "Saved" in client.post(button(page)).text
    with app.sessions() as session:
        assert len(list(session.scalars(select(Label)))) == 3


def test_a_digest_is_due_at_the_readers_own_hour(tmp_path: Path) -> None:
    app = settled_app(tmp_path)
    with app.sessions.begin() as session:
        session.add(Account(source="slack", external_id="U1", email="far@x.example", time_zone="Pacific/Auckland"))
    week = MONDAY - timedelta(weeks=1)
    hours = {}
    for address in ("far@x.example", "near@x.example"):
        for hour in range(-24, 24):
            app._now = datetime(2026, 7, 6, tzinfo=UTC) + timedelta(hours=hour)
            with app.sessions() as session:
                if is_due(app, session, address, week):
                    hours[address] = app._now
                    break
    # Monday at eight in Auckland is Sunday evening in Greenwich; in Berlin it is six in the morning there.
    assert hours == {
        "far@x.example": datetime(2026, 7, 5, 20, tzinfo=UTC),
        "near@x.example": datetime(2026, 7, 6, 6, tzinfo=UTC),
    }
    assert date(2026, 7, 6).weekday() == 0


def _looked_at_less(app: App, session: Session) -> None:
    session.scalars(select(Cycle)).one().through = MONDAY + timedelta(days=5)


def _never_looked(app: App, session: Session) -> None:
    session.scalars(select(Cycle)).one().through = None


def _cycle_at_work(app: App, session: Session) -> None:
    session.add(Cycle(started_at=app.now(), stage="match"))


def _another_plan(app: App, session: Session) -> None:
    text = register_yaml(TODAY).replace("Velora Bikes", "Velora")
    load_register(session, parse(text), text)


@pytest.mark.parametrize(
    "unsettled",
    [None, _looked_at_less, _never_looked, _cycle_at_work, _another_plan],
    ids=lambda f: getattr(f, "__name__", ""),
)
def test_nothing_is_mailed_while_the_figures_are_still_changing_or_old(
    tmp_path: Path, unsettled: Callable[[App, Session], None] | None
) -> None:
    box = Mailbox()
    with served(box) as smtp:
        app = settled_app(
            tmp_path,
            web={"url": "https://leeway.example", "company": ["coo@velora.example"]},
            smtp={"host": smtp.host, "port": smtp.port, "starttls": False},
            packs={"weekly": ["coo@velora.example"]},
        )
        app._now = datetime(2026, 7, 13, 8, tzinfo=UTC)
        if unsettled:
            with app.sessions.begin() as session:
                unsettled(app, session)
            app.refresh()
            assert send_digests(app, due_only=True) == (0, [])
            assert send_packs(app, due_only=True) == (0, [])
            return
        assert send_digests(app, due_only=True) == (3, [])
        assert send_packs(app, due_only=True) == (1, [])
        with app.sessions.begin() as session:
            session.execute(delete(Digest))
        app._now += timedelta(days=7)
        assert send_digests(app, due_only=True) == (0, [])  # the week after is the news, or why there is none


def test_a_cycle_that_could_not_look_for_drift_makes_no_running_week_a_whole_one(tmp_path: Path) -> None:
    app = settled_app(tmp_path)
    with app.sessions.begin() as session:
        session.scalars(select(Cycle)).one().through = MONDAY + timedelta(days=3)
        session.add(Cycle(started_at=app.now(), finished_at=app.now(), through=None))
    with app.sessions() as session:
        assert last_week(session, "company") == MONDAY - timedelta(weeks=1)


@needs_browser
@pytest.mark.skipif(not AXE.exists(), reason="no axe-core: npm install --prefix .ci axe-core")
def test_no_serious_finding_of_axe_in_the_digest(received: tuple[App, dict[str, EmailMessage]], browser: Any) -> None:
    _, mails = received
    page = browser.new_page()
    for mail in mails.values():
        page.set_content(html_of(mail))
        assert audit(page) == []

"""What users reported of IMAP servers and of other mail readers, each tried on pulls: no mail is lost, none is made up."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from imap_tools import MailMessage
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from connectors.base import Account, WorkItem
from connectors.base import Signal as Read
from connectors.mailbox.parse import parse_mail
from connectors.registry import connector
from models import Failure, Signal, connect
from pipeline.ingest import pull as ingest
from pipeline.ingest import sweep as sweeps
from tests.conftest import LONG_AGO, NOW, clock, newest_sqlite
from tests.connectors.test_mailbox import BOX, OWN, mail
from tests.imap import Folder, serving


class Reader:
    """Pulls a folder into a database of its own."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port = port
        self.sessions = sessionmaker(connect(newest_sqlite(folder / "mail.db")))

    def _connector(self) -> object:
        return connector(
            "mailbox",
            host="127.0.0.1",
            port=self.port,
            security="none",
            username=BOX,
            password="secret",
            folders=["INBOX"],
            own_domains=OWN,
            now=clock,
        )

    def pull(self) -> list[str]:
        """What the mails that are kept say."""
        ingest.pull(self._connector(), self.sessions, LONG_AGO)  # type: ignore[arg-type]
        with self.sessions() as session:
            return sorted(text or "" for text in session.scalars(select(Signal.text)))

    def retry(self) -> None:
        sweeps.retry_failed(self._connector(), self.sessions)  # type: ignore[arg-type]

    def failures(self) -> dict[str, str]:
        with self.sessions() as session:
            return {row.external_id: row.reason for row in session.scalars(select(Failure))}


@contextmanager
def reading(folder: Folder, path: Path) -> Iterator[Reader]:
    with serving(folder) as port:
        yield Reader(port, path)


def note(number: int) -> bytes:
    return mail("ann@velora.example", f"Order {number}", f"About order {number}.", NOW, f"m{number}")


def texts(*numbers: int) -> list[str]:
    return [f"About order {number}." for number in numbers]


def three() -> Folder:
    return Folder({uid: note(uid) for uid in (1, 2, 3)})


def test_a_number_that_is_given_out_twice_hides_no_mail_paperless_8939(tmp_path: Path) -> None:
    """GNU mailutils gives a new mail the lowest number that is free, and says nothing of it in UIDVALIDITY."""
    folder = three()
    with reading(folder, tmp_path) as reader:
        assert reader.pull() == texts(1, 2, 3)
        folder.mails, folder.upcoming = {3: note(3), 1: note(4)}, 2
        assert reader.pull() == texts(1, 2, 3, 4)
        folder.mails, folder.upcoming = {1: note(5)}, 2
        assert reader.pull() == texts(1, 2, 3, 4, 5)
        folder.mails, folder.upcoming = {1: note(60)}, 2
        assert reader.pull() == texts(1, 2, 3, 4, 5, 60)


@pytest.mark.parametrize("validity", [None, 0])
@pytest.mark.parametrize("upcoming", [None, 0])
def test_a_server_that_does_not_say_how_it_numbers_is_read_chatmail_1577_email_defects_52(
    tmp_path: Path, validity: int | None, upcoming: int | None
) -> None:
    folder = Folder(three().mails, validity=validity, upcoming=upcoming)
    with reading(folder, tmp_path) as reader:
        assert reader.pull() == texts(1, 2, 3)
        folder.mails[4] = note(4)
        assert reader.pull() == texts(1, 2, 3, 4)


def without_uid(uid: int, what: str, lines: list[bytes]) -> list[bytes]:
    return [line.replace(b"UID 2 ", b"") for line in lines] if uid == 2 else lines


def without_mail(uid: int, what: str, lines: list[bytes]) -> list[bytes]:
    return [b"* 2 FETCH (UID 2 FLAGS ())"] if uid == 2 and "BODY" in what else lines


def not_at_all(uid: int, what: str, lines: list[bytes]) -> list[bytes]:
    return [] if uid == 2 else lines


def with_news_of_another(uid: int, what: str, lines: list[bytes]) -> list[bytes]:
    """What the standard allows between any two lines; nothing is wrong with it."""
    return [b"* 3 FETCH (UID 3 FLAGS (\\Seen))", *lines] if uid == 2 else lines


@pytest.mark.parametrize("meddle", [without_uid, without_mail, not_at_all])
def test_a_mail_that_the_server_lists_and_does_not_send_is_set_aside_nextcloud_mail_13507_msgvault_436_hermes_41340(
    tmp_path: Path, meddle: object
) -> None:
    folder = three()
    folder.meddle = meddle  # type: ignore[assignment]
    with reading(folder, tmp_path) as reader:
        assert reader.pull() == texts(1, 3)
        assert list(reader.failures()) == ["2"]
        folder.meddle = lambda _uid, _what, lines: lines
        reader.retry()
        assert reader.pull() == texts(1, 2, 3)
        assert reader.failures() == {}


def test_news_of_another_mail_between_two_answers_costs_none(tmp_path: Path) -> None:
    folder = three()
    folder.meddle = with_news_of_another
    with reading(folder, tmp_path) as reader:
        assert reader.pull() == texts(1, 2, 3)
        assert reader.failures() == {}


def test_two_mails_of_one_second_without_an_id_are_two_itop_mail_to_ticket_253(tmp_path: Path) -> None:
    """From one sender, with one subject and of one length: a form on a web site writes such."""
    folder = Folder()
    for uid in (1, 2):
        lines = mail("form@shop.example", "Order", f"About order {uid}.", NOW, "x").splitlines(keepends=True)
        folder.mails[uid] = b"".join(line for line in lines if not line.lower().startswith(b"message-id"))
    with reading(folder, tmp_path) as reader:
        assert reader.pull() == texts(1, 2)


PLAIN = "Content-Type: text/plain; charset={}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
TWO = 'Content-Type: multipart/{}; boundary="b"\r\n\r\n--b\r\n{}\r\n--b\r\n{}\r\n--b--\r\n'
WORDS = "Content-Type: text/plain\r\n\r\nThe order is late.\r\n"


def parsed(
    body: str | bytes, *head: str, sender: str = "Ann <ann@velora.example>"
) -> tuple[WorkItem, Read, Account | None]:
    named = () if any(line.startswith("Message-ID") for line in head) else ("Message-ID: <a@x>",)
    first = [
        f"From: {sender}",
        "Subject: Order",
        "Date: Mon, 06 Jul 2026 09:00:00 +0000",
        "MIME-Version: 1.0",
        *named,
        *head,
    ]
    raw = "\r\n".join([*first, ""]).encode() + (body.encode() if isinstance(body, str) else body)
    return parse_mail(MailMessage([(b"1 (UID 1", raw)]), "INBOX", set(OWN), BOX, NOW)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            TWO.format("alternative", "Content-Type: text/plain\r\n\r\n \r\n", WORDS.replace("plain", "html")),
            id="docling_4295_runbox_591_a_blank_text_beside_the_words",
        ),
        pytest.param(
            TWO.format("mixed", "Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nlog\r\n", WORDS),
            id="an_attached_text_without_a_name_before_the_words",
        ),
        pytest.param("Content-Type: multipart/mixed\r\n\r\nThe order is late.\r\n", id="parts_without_a_boundary"),
    ],
)
def test_the_words_of_a_mail_are_found_among_its_parts(body: str) -> None:
    assert parsed(body)[1].text == "The order is late."


@pytest.mark.parametrize(
    ("stated", "text", "written"),
    [
        pytest.param("gb2312", "\u8a02\u55ae\u9555", "gbk", id="flanker_80_osticket_2000_mail_504"),
        pytest.param("iso-8859-1", "\u201cOrder\u201d \u2013 5 \u20ac", "cp1252", id="quotes_of_windows"),
        pytest.param("ks_c_5601-1987", "\uc37b", "cp949", id="korean"),
        pytest.param("iso-8859-8-i", "\u05e9\u05dc\u05d5\u05dd", "iso-8859-8", id="hebrew"),
    ],
)
def test_letters_beyond_the_stated_charset_are_read_as_who_wrote_them_meant_them(
    stated: str, text: str, written: str
) -> None:
    assert parsed(PLAIN.format(stated).encode() + text.encode(written))[1].text == text


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("Content-Type: text/calendar; method=REPLY\r\n\r\nBEGIN:VCALENDAR\r\n", id="davical"),
        pytest.param(
            TWO.format(
                "mixed", WORDS, "Content-Type: text/calendar; charset=utf-8; METHOD=Reply\r\n\r\nBEGIN:VCALENDAR"
            ),
            id="james_4396",
        ),
        pytest.param(
            TWO.format("report; report-type=disposition-notification", WORDS, "Content-Type: text/plain\r\n\r\n"),
            id="a_receipt_that_it_was_read",
        ),
    ],
)
def test_a_receipt_or_an_answer_to_an_invitation_is_nobodys_work(body: str) -> None:
    item, signal, account = parsed(body)
    assert (item.automated, signal.text or "", signal.account, account) == (True, "", None, None)


def test_an_invitation_that_somebody_writes_is_work() -> None:
    asked = "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR"
    item, signal, _ = parsed(TWO.format("alternative", WORDS, asked))
    assert (item.automated, signal.account) == (False, "ann@velora.example")


def test_mails_that_say_an_empty_id_are_as_many_as_there_are_freescout_4740() -> None:
    ids = {parsed(WORDS.replace("late", word), "Message-ID: <>")[1].external_id for word in ("late", "here")}
    assert len(ids) == 2


@pytest.mark.parametrize("written", ["a@x", "<a@x> (added by postmaster@x)", "Note <a@x>"])
def test_a_reply_finds_what_it_answers_however_that_writes_its_id(written: str) -> None:
    reply = parsed(WORDS, "Message-ID: <b@x>", "References: <a@x>")[0]
    assert parsed(WORDS, f"Message-ID: {written}")[0].external_id == reply.external_id


def test_a_list_that_puts_its_own_address_for_the_senders_says_whose_it_was_patchwork_64_b4_11_posthog_57461() -> None:
    via = f"'Ann' via Support <{BOX}>"
    assert parsed(WORDS, "X-Original-From: Ann <ann@velora.example>", sender=via)[1].account == "ann@velora.example"
    assert parsed(WORDS, "X-Original-From: C <c@shop.example>", sender=via)[1].account is None
    forged = parsed(WORDS, "X-Original-From: Ben <ben@velora.example>")[1]
    assert forged.account == "ann@velora.example"


def test_a_folder_of_more_mails_than_a_line_may_list_is_searched_in_parts_imapdedup_65_sync_engine_313(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.mailbox.connector.MOST_FOUND", 3)
    folder = Folder({uid: note(uid) for uid in (2, 3, 5, 8, 13, 21, 34)}, longest=3)
    with reading(folder, tmp_path) as reader:
        assert reader.pull() == texts(13, 2, 21, 3, 34, 5, 8)
        folder.mails[55] = note(55)
        assert reader.pull() == texts(13, 2, 21, 3, 34, 5, 55, 8)

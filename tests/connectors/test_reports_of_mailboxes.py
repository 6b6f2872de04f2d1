"""What users reported of IMAP servers and of other mail readers, each tried on pulls: no mail is lost, none is made up."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

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

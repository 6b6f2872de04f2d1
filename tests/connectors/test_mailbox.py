"""The shared mailbox, against a real IMAP server (Debian's dovecot-imapd)."""

import grp
import imaplib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from imap_tools import MailBoxUnencrypted, MailMessage
from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from connectors.base import Connector, CredentialError, NotReachable
from connectors.mailbox.parse import parse_mail
from connectors.registry import connector
from models import Account, Signal, StreamCursor, WorkItem, connect
from pipeline.ingest import pull as ingest
from pipeline.ingest import sweep as sweeps
from tests.conftest import LONG_AGO, NOW, clock, newest_sqlite

DOVECOT = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")
needs_dovecot = pytest.mark.skipif(DOVECOT is None, reason="no IMAP server: apt-get install dovecot-imapd")
OWN = ["velora.example"]
BOX = "support@velora.example"


@pytest.fixture(scope="session")
def imap_port() -> Iterator[int]:
    """Dovecot in a folder of its own; every mailbox has the password `secret`."""
    # Not below pytest's own folder, which nobody else may enter: as root, dovecot gives up its rights.
    home = Path(tempfile.mkdtemp(prefix="leeway-imap-"))
    home.chmod(0o755)
    (home / "mail").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    if os.getuid() == 0:
        owner, rights = pwd.getpwnam("dovecot"), ""
        os.chown(home / "mail", owner.pw_uid, owner.pw_gid)
    else:
        owner = pwd.getpwuid(os.getuid())
        group = grp.getgrgid(os.getgid()).gr_name
        rights = f"default_internal_user = {owner.pw_name}\ndefault_login_user = {owner.pw_name}\n"
        rights += f"default_internal_group = {group}\n"
        rights += "".join(f"service {name} {{\n  chroot =\n}}\n" for name in ("anvil", "imap-login", "stats"))
    (home / "dovecot.conf").write_text(f"""
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
first_valid_uid = 0
mail_location = maildir:{home}/mail/%u
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={owner.pw_uid} gid={owner.pw_gid} home={home}/mail/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
{rights}""")
    assert DOVECOT is not None
    server = subprocess.Popen([DOVECOT, "-F", "-c", str(home / "dovecot.conf")])
    try:
        end = time.monotonic() + 300  # only a hang takes so long
        while True:
            try:
                MailBoxUnencrypted("127.0.0.1", port, timeout=2).logout()
                break
            except (OSError, imaplib.IMAP4.error):
                assert time.monotonic() < end, (home / "log").read_text() if (home / "log").exists() else "no start"
        yield port
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(home, ignore_errors=True)


def mail(sender: str, subject: str, text: str, at: datetime, id_: str, *above: str, **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, BOX, subject
    message["Date"], message["Message-ID"] = format_datetime(at), f"<{id_}@x.example>"
    if above:
        message["References"] = " ".join(f"<{one}@x.example>" for one in above)
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


class Box:
    """A mailbox of its own on the server, and a database that it is pulled into."""

    def __init__(self, port: int, user: str, folder: Path) -> None:
        self.port, self.user = port, user
        engine = connect(newest_sqlite(folder / "mail.db"))
        self.sessions = sessionmaker(engine)

    def put(self, *mails: bytes, folder: str = "INBOX", at: datetime = NOW) -> None:
        with MailBoxUnencrypted("127.0.0.1", self.port).login(self.user, "secret") as box:
            if not box.folder.exists(folder):
                box.folder.create(folder)
            for one in mails:
                box.append(one, folder, dt=at)

    def connector(self, **changes: object) -> Connector:
        settings = {
            "host": "127.0.0.1",
            "port": self.port,
            "security": "none",
            "username": self.user,
            "password": "secret",
            "folders": ["INBOX"],
            "own_domains": OWN,
            "now": clock,
        }
        return connector("mailbox", **(settings | changes))

    def pull(self, **changes: object) -> dict[str, int]:
        return ingest.pull(self.connector(**changes), self.sessions, LONG_AGO)

    def signals(self) -> list[Signal]:
        with self.sessions() as session:
            return list(session.scalars(select(Signal).order_by(Signal.at)))


@pytest.fixture
def box(imap_port: int, tmp_path: Path, request: pytest.FixtureRequest) -> Box:
    return Box(imap_port, f"u{abs(hash(request.node.nodeid))}@velora.example", tmp_path)


@needs_dovecot
def test_a_thread_is_one_item_and_only_colleagues_are_people(box: Box) -> None:
    box.put(
        mail("Kim <kim@customer.example>", "APP-12 is broken", "It fails since Monday.", NOW - timedelta(days=2), "a"),
        mail(
            "Selma Oz <selma.oz@velora.example>",
            "Re: APP-12 is broken",
            "We are on it.\n\nOn Mon, 6 Jul 2026 at 10:00, Kim <kim@customer.example> wrote:\n> It fails",
            NOW,
            "b",
            "a",
        ),
    )
    assert box.pull()["signals"] == 2
    with box.sessions() as session:
        item = session.scalars(select(WorkItem)).one()
        assert (item.title, item.mentions) == ("APP-12 is broken", ["APP-12"])
        assert [a.email for a in session.scalars(select(Account))] == ["selma.oz@velora.example"]
    first, second = box.signals()
    assert (first.account, second.account) == (None, "selma.oz@velora.example")
    assert first.item == second.item
    assert second.text == "We are on it."


@needs_dovecot
def test_nothing_twice_nothing_lost_and_nothing_changed_in_the_mailbox(box: Box) -> None:
    old = [mail("kim@c.example", f"old {n}", "words", NOW - timedelta(days=90 + n), f"o{n}") for n in range(70)]
    box.put(*old, at=NOW - timedelta(days=90))
    box.put(*(mail("kim@c.example", f"new {n}", "words", NOW, f"n{n}") for n in range(60)))
    assert box.pull()["signals"] == 130
    assert box.pull()["signals"] == 0
    box.put(mail("kim@c.example", "one more", "words", NOW, "m"))
    assert box.pull()["signals"] == 1
    with MailBoxUnencrypted("127.0.0.1", box.port).login(box.user, "secret") as seen:
        assert len(seen.uids("UNSEEN")) == 131


@needs_dovecot
def test_a_killed_backfill_goes_on(box: Box) -> None:
    box.put(
        *(mail("k@c.example", f"old {n}", "w", NOW - timedelta(days=60), f"o{n}") for n in range(160)),
        at=NOW - timedelta(days=60),
    )

    class KilledError(Exception):
        pass

    def die(stream: str, new: int) -> None:
        if new:
            raise KilledError

    for _ in range(2):
        with pytest.raises(KilledError):
            ingest.pull(box.connector(), box.sessions, LONG_AGO, die)
    assert len(box.signals()) == 100
    box.pull()
    assert len(box.signals()) == 160


@needs_dovecot
def test_a_folder_numbered_anew_doubles_nothing(box: Box) -> None:
    box.put(mail("kim@c.example", "one", "words", NOW, "a"))
    box.pull()
    with box.sessions.begin() as session:
        cursor = session.get_one(StreamCursor, ("mailbox", "folder INBOX"))
        cursor.state = {**cursor.state, "validity": 1, "newest": 4_000}
    box.put(mail("kim@c.example", "two", "words", NOW, "b"))
    assert box.pull()["signals"] == 1
    assert len(box.signals()) == 2


@needs_dovecot
def test_a_broken_and_an_enormous_mail(box: Box) -> None:
    huge = mail("kim@c.example", "attachments", "x" * 76 + "\n" + ("y" * 76 + "\n") * 80_000, NOW, "h")
    broken = b"From: kim@c.example\nSubject: no date\n\nwords"
    strange = (
        b"From: =?utf-8?b?broken?= <kim@c.example\nSubject: =?x-unknown?q?=ff?=\nDate: "
        + format_datetime(NOW).encode()
        + b"\nContent-Type: text/plain; charset=x-unknown\n\n\xff\xfe words"
    )
    box.put(huge, broken, strange)
    done = box.pull()
    assert (done["signals"], done["failures"]) == (3, 0)  # one without a date came when the server says it arrived
    assert "words" in {(s.text or "").strip() for s in box.signals()}
    assert max(len(s.text or "") for s in box.signals()) <= 20_000
    assert sweeps.retry_failed(box.connector(), box.sessions) == {"read": 0, "failures": 0}


@needs_dovecot
def test_an_automatic_mail_is_marked(box: Box) -> None:
    box.put(mail("noreply@c.example", "Out of office", "gone", NOW, "a", Auto_Submitted="auto-replied"))
    box.pull()
    with box.sessions() as session:
        assert session.scalars(select(WorkItem.automated)).one()


@needs_dovecot
def test_check_and_errors_name_the_fix_and_no_secret(box: Box) -> None:
    box.put(mail("kim@c.example", "one", "words", NOW, "a"))
    rows = box.connector(folders=["INBOX", "Nowhere"]).check(LONG_AGO)
    assert [r.name for r in rows if not r.ok] == ["folder Nowhere"]
    assert "about 1 mails" in next(r.found for r in rows if r.name == "data")
    with pytest.raises(CredentialError, match="app password") as caught:
        box.pull(password="sekret")
    assert "sekret" not in str(caught.value)
    with pytest.raises(NotReachable, match="Nowhere"):
        box.pull(folders=["INBOX", "Nowhere"])
    assert len(box.signals()) == 1


@given(st.binary(max_size=400))
def test_any_bytes_are_a_mail_or_a_clear_error(raw: bytes) -> None:
    message = MailMessage.from_bytes(raw)
    try:
        item, signal, _ = parse_mail(message, "INBOX", set(OWN), BOX)
    except (KeyError, ValueError, TypeError, AttributeError, LookupError):
        return
    assert item.external_id == signal.item
    assert signal.at.tzinfo is UTC


def test_a_root_named_in_a_reply_is_the_same_thread() -> None:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    first = MailMessage.from_bytes(mail("kim@c.example", "Hi", "a", at, "a"))
    reply = MailMessage.from_bytes(mail(BOX, "AW: Re: Hi", "b", at, "c", "a", "b"))
    one, two = (parse_mail(m, "INBOX", set(OWN), BOX) for m in (first, reply))
    assert one[0].external_id == two[0].external_id
    assert two[0].title == "Hi"
    assert two[2] is None  # the shared address is nobody's own

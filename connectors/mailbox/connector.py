"""A shared mailbox over IMAP (support@, orders@), through `imap_tools`; never a person's own, and never changed.

A thread is a work item, named by its first message's id, and each mail a signal on it. Who wrote is known by the
sender's address, where that is in one of `own_domains`; a customer's mail is a signal without a person. UIDs order
the walk: what is new lies above the newest UID known, the past is read down from the oldest. A mail that is moved or
deleted after it was read stays, since handled mail is usually moved and the work on it was real.
"""

import imaplib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted, MailMessage
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxFolderStatusError, MailboxLoginError

from connectors.base import (
    Account,
    Check,
    CredentialError,
    Cursor,
    Failure,
    NotReachable,
    Page,
    Signal,
    SourceError,
    WorkItem,
)
from connectors.checks import after_pages, listed_rows
from connectors.limits import Limiter, Rate
from connectors.mailbox.parse import parse_mail
from connectors.network import no_answer, trusted_by_system
from connectors.records import is_outdated, set_aside
from connectors.retry import retrying

RECENT = timedelta(days=14)
PAGE_SIZE = 50
SMALL_BYTES = 200_000
LARGEST_BYTES = 5_000_000
"""Of a larger mail only the head is fetched: it is attachments."""
_KINDS: dict[str, Any] = {"tls": MailBox, "starttls": MailBoxStartTls, "none": MailBoxUnencrypted}
MOST_FOUND = 50_000
"""Mails that one search goes through: what is found comes in one line, of which imaplib takes a million bytes."""
PARSER = 4
"""Version of parse_mail; what an older one read is read again. 2: automatic replies are nobody's work, dashes end nothing.
3: nor are receipts; a blank text beside one with words hides none; lists say whose a mail was. 4: what Outlook forwards."""


class MailboxConnector:
    """Mails of the listed folders of one shared mailbox."""

    name = "mailbox"

    def __init__(
        self,
        *,
        host: str,
        username: str,
        password: str,
        folders: list[str],
        own_domains: list[str],
        port: int = 0,
        security: str = "tls",
        timeout: float = 30,
        requests_per_second: float = 20,
        limiter: Limiter | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.host, self.port, self.security = host, port or (993 if security == "tls" else 143), security
        self.username, self._password = username, password
        self.folders, self.own_domains = folders, {domain.lower().lstrip("@") for domain in own_domains}
        self._timeout, self._now = timeout, now
        self._limiter, self._rate = limiter or Limiter(), Rate.per_second(requests_per_second)

    def check(self, since: datetime) -> list[Check]:
        """See connectors.base.Connector."""
        try:
            with self._open() as box:
                there = {folder.name for folder in box.folder.list()}
                rows = [Check("login", True, f"{self.username} at {self.host}:{self.port} ({self.security})")]
                rows += listed_rows("folder", self.folders, there, f"Existing ones: {', '.join(sorted(there))}.")
                count = sum(
                    len(self._uids(box, folder, f"SINCE {since:%d-%b-%Y}"))
                    for folder in self.folders
                    if folder in there
                )
        except SourceError as error:
            return [Check("login", False, error.message, error.fix)]
        if self.security == "none":
            rows.append(Check("encryption", True, "off: name and password are sent unencrypted; set mailbox.security"))
        return [*rows, after_pages("mails", count, PAGE_SIZE, self._rate)]

    def streams(self) -> list[str]:
        """One a folder."""
        return [f"folder {name}" for name in self.folders]

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        """Mails above the newest UID known. See connectors.base.Connector."""
        folder = stream.removeprefix("folder ")
        with self._open() as box:
            validity, upcoming = self._numbering(box, folder)
            state = dict(cursor or {})
            # Ids are the mails' own, so nothing doubles.
            if state.get("validity") != validity or self._is_reused(box, folder, state, upcoming):
                first = max(since, datetime.fromtimestamp(self._now(), UTC) - RECENT)
                uids = self._uids(box, folder, f"SINCE {first:%d-%b-%Y}")
                lowest = uids[0] if uids else upcoming or max(self._uids(box, folder, "ALL"), default=0) + 1
                state = {"validity": validity, "back": lowest, "newest": lowest - 1, "parser": PARSER}
            uids = [uid for uid in self._uids(box, folder, f"UID {state['newest'] + 1}:*") if uid > state["newest"]]
            for some in _batches(uids):
                state = {**state, "newest": some[-1], "mark": ""}
                yield self._page(box, stream, some, state)
            yield Page(stream, state | {"mark": self._mark(box, state["newest"])})

    def earlier(self, stream: str, cursor: Cursor, since: datetime) -> Iterator[Page]:
        """Mails below the oldest UID read, down to `since`; all of them again where an older parser read them."""
        folder = stream.removeprefix("folder ")
        with self._open() as box:
            if self._numbering(box, folder)[0] != cursor.get("validity"):
                return
            if is_outdated(cursor, PARSER):
                cursor = {**cursor, "parser": PARSER, "back": cursor["newest"] + 1}
            if cursor["back"] <= 1:
                return
            uids = self._uids(box, folder, f"UID 1:{cursor['back'] - 1} SINCE {since:%d-%b-%Y}")
            for some in _batches(uids[::-1]):
                yield self._page(box, stream, some[::-1], {**cursor, "back": some[-1]}, past=True)
            yield Page(stream, {**cursor, "back": 1})

    def again(self, stream: str, records: Sequence[str]) -> Iterator[Page]:
        """See connectors.base.Connector. A record is a UID."""
        folder = stream.removeprefix("folder ")
        with self._open() as box:
            there = set(self._uids(box, folder, "ALL"))
            uids = [int(one) for one in records if one.isdigit()]
            page = self._page(box, stream, [uid for uid in uids if uid in there], None)
            gone = [one for one in records if not one.isdigit() or int(one) not in there]
            yield Page(stream, None, page.items, page.signals, page.accounts, page.failures, [*page.read, *gone])

    def sweep(self, known: Iterable[str]) -> Iterator[Page]:
        """Nothing: see the module."""
        return iter(())

    def _page(
        self, box: BaseMailBox, stream: str, uids: Sequence[int], cursor: Cursor | None, *, past: bool = False
    ) -> Page:
        items: dict[str, WorkItem] = {}
        signals: list[Signal] = []
        accounts: dict[str, Account] = {}
        failures: list[Failure] = []
        read: list[str] = []
        folder, reached, missing = stream.removeprefix("folder "), None, set(uids)
        self._select(box, folder)
        for uid, mail, received in self._mails(box, uids):
            missing.discard(uid)
            try:
                item, signal, account = parse_mail(mail, folder, self.own_domains, self.username, received)
            except Exception as error:  # the border around one record
                failures.append(set_aside(self.name, stream, str(uid), error))
                continue
            items.setdefault(item.external_id, item)
            signals.append(signal)
            read.append(str(uid))
            reached = min(reached or signal.at, signal.at)
            if account:
                accounts[account.external_id] = account
        if missing:  # deleted meanwhile, or kept back
            there = missing.intersection(self._uids(box, folder, f"UID {','.join(map(str, sorted(missing)))}"))
            reason = "the server lists this mail but does not send it"
            failures += [Failure(self.name, stream, str(uid), reason) for uid in sorted(there)]
        return Page(
            stream,
            cursor,
            list(items.values()),
            signals,
            list(accounts.values()),
            failures,
            read,
            reached=reached if past else None,
        )

    def _mails(self, box: BaseMailBox, uids: Sequence[int]) -> Iterator[tuple[int, MailMessage, datetime | None]]:
        """The mails that are still there, with the time the server got them.

        Small ones in one request, large ones each by itself, the largest as head only.
        """
        there = self._there(box, uids)
        small = [uid for uid, (size, _) in there.items() if size <= SMALL_BYTES]
        large = [([uid], size > LARGEST_BYTES) for uid, (size, _) in there.items() if size > SMALL_BYTES]
        for some, head in [(small, False), *large]:
            for found in self._fetched(box, some, head):
                uid = int(found.uid or 0)
                if uid in there and (found.obj.keys() or found.obj.get_payload()):  # else an answer without a mail
                    yield uid, found, there[uid][1]

    def _there(self, box: BaseMailBox, uids: Sequence[int]) -> dict[int, tuple[int, datetime | None]]:
        """Size in bytes and time of arrival by UID."""

        def ask() -> dict[int, tuple[int, datetime | None]]:
            with self._translated():
                rows = box.client.uid("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE INTERNALDATE)")[1]
            found = {}
            for row in rows:
                uid, size = re.search(rb"UID (\d+)", row or b""), re.search(rb"RFC822\.SIZE (\d+)", row or b"")
                if uid and size:
                    local = imaplib.Internaldate2tuple(row)
                    received = datetime.fromtimestamp(time.mktime(local), UTC) if local else None
                    found[int(uid[1])] = (int(size[1]), received)
            return dict(sorted(found.items()))

        return retrying(ask, self._limiter, f"mailbox {self.host}", self._rate) if uids else {}

    def _fetched(self, box: BaseMailBox, uids: Sequence[int], head: bool) -> list[MailMessage]:
        def ask() -> list[MailMessage]:
            with self._translated():
                return list(
                    box.fetch(uid_list=[str(uid) for uid in uids], mark_seen=False, headers_only=head, bulk=True)
                )

        return retrying(ask, self._limiter, f"mailbox {self.host}", self._rate) if uids else []

    def _uids(self, box: BaseMailBox, folder: str, which: str) -> list[int]:
        """From the folder's end on: where a mail goes meanwhile, those after it move to places that are yet to be searched."""
        count, found = self._select(box, folder), set[int]()
        places = [f"{max(1, last - MOST_FOUND + 1)}:{last} " for last in range(count, 0, -MOST_FOUND)]
        with self._translated():
            for some in places if count > MOST_FOUND else [""]:
                found.update(int(uid) for uid in box.uids(f"{some}{which}"))
        return sorted(found)

    def _select(self, box: BaseMailBox, folder: str) -> int:
        """How many mails the folder holds."""
        with self._translated(folder):
            return int(box.folder.set(folder, readonly=True)[1][0] or 0)

    def _numbering(self, box: BaseMailBox, folder: str) -> tuple[int, int]:
        """Which numbering of the folder's mails this is, and the UID that comes next; 0 where the server does not say."""
        found: dict[str, int] = {}
        with self._translated(folder), suppress(ValueError, IndexError):  # an answer that says nothing
            found = box.folder.status(folder, ["UIDVALIDITY", "UIDNEXT"])
        return found.get("UIDVALIDITY", 0), found.get("UIDNEXT", 0)

    def _is_reused(self, box: BaseMailBox, folder: str, state: dict[str, Any], upcoming: int) -> bool:
        """Return True if the server gives numbers out twice: the newest one is to come, or is another mail's now."""
        self._select(box, folder)
        mark, now = state.get("mark"), self._mark(box, state["newest"])
        return 0 < upcoming <= state["newest"] or bool(mark and now and mark != now)

    def _mark(self, box: BaseMailBox, uid: int) -> str:
        """By which a mail is known again under the same number: when it arrived, which never changes, as its size does on some
        servers. Nothing where there is none."""
        _, received = self._there(box, [uid]).get(uid, (0, None)) if uid > 0 else (0, None)
        return received.isoformat() if received else ""

    @contextmanager
    def _open(self) -> Iterator[BaseMailBox]:
        def connect() -> BaseMailBox:
            with self._translated():
                secured = {} if self.security == "none" else {"ssl_context": trusted_by_system()}
                box = _KINDS[self.security](self.host, self.port, timeout=self._timeout, **secured)
                try:
                    box.login(self.username, self._password, initial_folder=None)
                except Exception:
                    box.client.shutdown()
                    raise
                return cast(BaseMailBox, box)

        box = retrying(connect, self._limiter, f"mailbox {self.host}", self._rate)
        try:
            yield box
        finally:
            with suppress(ImapToolsError, imaplib.IMAP4.error, OSError):  # gone already, which is what is wanted
                box.logout()

    @contextmanager
    def _translated(self, folder: str = "") -> Iterator[None]:
        try:
            yield
        except MailboxLoginError:
            raise CredentialError(
                self.name,
                f"{self.host} rejected the login of {self.username}.",
                "Set mailbox.username and mailbox.password; many servers require an app password.",
            ) from None
        except (MailboxFolderSelectError, MailboxFolderStatusError):
            raise NotReachable(
                self.name, f"the folder {folder!r} is not there.", "`leeway check` lists the available folders."
            ) from None
        except (ImapToolsError, imaplib.IMAP4.error, OSError) as error:
            asked = f"no answer from {self.host}:{self.port}"
            fix = "Check mailbox.host, mailbox.port and mailbox.security."
            raise no_answer(self.name, asked, error, fix, http=False) from None


def _batches(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(uids), PAGE_SIZE):
        yield uids[first : first + PAGE_SIZE]

"""A shared mailbox over IMAP (support@, orders@), through `imap_tools`; never a person's own, and never changed.

A thread is a work item, named by its first message's id, and each mail a signal on it. Who wrote is known by the
sender's address, where that is in one of `own_domains`; a customer's mail is a signal without a person. UIDs order
the walk: what is new lies above the newest UID known, the past is read down from the oldest. A mail that is moved or
deleted after it was read stays, since handled mail is usually moved and the work on it was real.
"""

import hashlib
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
    ItemKind,
    NotReachable,
    Page,
    Signal,
    SourceError,
    SourceUnavailable,
    Traits,
    Words,
    WorkItem,
)
from connectors.checks import after_pages, listed_rows
from connectors.limits import Limiter, Rate
from connectors.retry import retrying
from connectors.text import from_html, from_mail, issue_keys

TRAITS = Traits("mailbox", "mailbox", words=Words.SIGNALS, evidence=frozenset({ItemKind.MAIL}))
RECENT = timedelta(days=14)
PAGE_SIZE = 50
LONGEST_TEXT = 20_000
SMALL_BYTES = 200_000
LARGEST_BYTES = 5_000_000
"""Of a larger mail only the head is fetched: it is attachments."""
_KINDS: dict[str, Any] = {"tls": MailBox, "starttls": MailBoxStartTls, "none": MailBoxUnencrypted}
_PREFIX = re.compile(r"^\s*((re|fwd?|aw|wg|rv|sv|tr|antw|fw)\s*(\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_IDS = re.compile(r"<[^<>\s]+>")
_BAD = (KeyError, TypeError, ValueError, AttributeError, LookupError, OverflowError)


class MailboxConnector:
    """Mails of the listed folders of one shared mailbox."""

    name = "mailbox"

    def __init__(
        self, *, host: str, username: str, password: str, folders: list[str], own_domains: list[str], port: int = 0,
        security: str = "tls", timeout: float = 30, requests_per_second: float = 20, limiter: Limiter | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
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
            rows.append(Check("encryption", True, "off: name and password travel in the clear; set mailbox.security"))
        return [*rows, after_pages("mails", count, PAGE_SIZE, self._rate)]

    def streams(self) -> list[str]:
        """One a folder."""
        return [f"folder {name}" for name in self.folders]

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        """Mails above the newest UID known. See connectors.base.Connector."""
        folder = stream.removeprefix("folder ")
        with self._open() as box:
            validity = self._validity(box, folder)
            state = dict(cursor or {})
            if (
                state.get("validity") != validity
            ):  # the server has numbered anew: ids are the mails' own, so nothing doubles
                first = max(since, datetime.fromtimestamp(self._now(), UTC) - RECENT)
                uids = self._uids(box, folder, f"SINCE {first:%d-%b-%Y}")
                lowest = uids[0] if uids else self._next_uid(box, folder)
                state = {"validity": validity, "back": lowest, "newest": lowest - 1}
            uids = [uid for uid in self._uids(box, folder, f"UID {state['newest'] + 1}:*") if uid > state["newest"]]
            for some in _batches(uids):
                yield self._page(box, stream, some, state := {**state, "newest": some[-1]})
            if not uids:
                yield Page(stream, state)

    def earlier(self, stream: str, cursor: Cursor, since: datetime) -> Iterator[Page]:
        """Mails below the oldest UID read, down to `since`."""
        folder = stream.removeprefix("folder ")
        with self._open() as box:
            if self._validity(box, folder) != cursor.get("validity") or cursor["back"] <= 1:
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
            page = self._page(box, stream, [int(one) for one in records if int(one) in there], None)
            gone = [one for one in records if int(one) not in there]
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
        folder, reached = stream.removeprefix("folder "), None
        self._select(box, folder)
        for uid, mail in self._mails(box, uids):
            try:
                item, signal, account = parse_mail(mail, folder, self.own_domains, self.username)
            except _BAD as error:
                failures.append(Failure(self.name, stream, str(uid), f"{type(error).__name__}: {error}"[:500]))
                continue
            items.setdefault(item.external_id, item)
            signals.append(signal)
            read.append(str(uid))
            reached = min(reached or signal.at, signal.at)
            if account:
                accounts[account.external_id] = account
        return Page(stream, cursor, list(items.values()), signals, list(accounts.values()), failures, read,
                    reached=reached if past else None)  # fmt: skip

    def _mails(self, box: BaseMailBox, uids: Sequence[int]) -> Iterator[tuple[int, MailMessage]]:
        """The mails that are still there: small ones in one request, large ones each by itself, the largest as head only."""
        sizes = self._sizes(box, uids)
        small = [uid for uid in sizes if sizes[uid] <= SMALL_BYTES]
        for some, head in [(small, False), *(([uid], sizes[uid] > LARGEST_BYTES) for uid in sizes if uid not in small)]:
            for found in self._fetched(box, some, head):
                yield int(found.uid or 0), found

    def _sizes(self, box: BaseMailBox, uids: Sequence[int]) -> dict[int, int]:
        def ask() -> dict[int, int]:
            with self._translated():
                rows = box.client.uid("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE)")[1]
            found = {}
            for row in rows:
                uid, size = re.search(rb"UID (\d+)", row or b""), re.search(rb"RFC822\.SIZE (\d+)", row or b"")
                if uid and size:
                    found[int(uid[1])] = int(size[1])
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
        self._select(box, folder)
        with self._translated():
            return sorted(int(uid) for uid in box.uids(which))

    def _select(self, box: BaseMailBox, folder: str) -> None:
        with self._translated(folder):
            box.folder.set(folder, readonly=True)

    def _validity(self, box: BaseMailBox, folder: str) -> int:
        with self._translated(folder):
            return int(box.folder.status(folder, ["UIDVALIDITY"])["UIDVALIDITY"])

    def _next_uid(self, box: BaseMailBox, folder: str) -> int:
        with self._translated(folder):
            return int(box.folder.status(folder, ["UIDNEXT"])["UIDNEXT"])

    @contextmanager
    def _open(self) -> Iterator[BaseMailBox]:
        def connect() -> BaseMailBox:
            with self._translated():
                box = _KINDS[self.security](self.host, self.port, timeout=self._timeout)
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
                self.name, f"{self.host} does not accept the login of {self.username}.",
                "Set mailbox.username and mailbox.password; many servers want an app password.",
            ) from None  # fmt: skip
        except (MailboxFolderSelectError, MailboxFolderStatusError):
            raise NotReachable(
                self.name, f"the folder {folder!r} is not there.", "`leeway check` lists the folders there are."
            ) from None
        except (ImapToolsError, imaplib.IMAP4.error, OSError) as error:
            raise SourceUnavailable(
                self.name, f"no answer from {self.host}:{self.port} ({type(error).__name__}).",
                "Check mailbox.host, mailbox.port, mailbox.security.",
            ) from None  # fmt: skip


def parse_mail(
    mail: MailMessage, folder: str, own_domains: set[str], shared: str
) -> tuple[WorkItem, Signal, Account | None]:
    """Read one mail: the thread it belongs to, its signal, and the colleague who wrote it, if one did.

    Raises KeyError or ValueError for a mail without a usable date.
    """
    if mail.date.year < 1990:
        raise ValueError("no readable Date")
    own = _id(_first(mail, "message-id"), mail)
    above = _IDS.findall(f"{_first(mail, 'references')} {_first(mail, 'in-reply-to')}")
    root = _id(above[0], mail) if above else own
    address = (mail.from_ or "").lower()
    colleague = address.partition("@")[2] in own_domains and address != shared.lower()
    text = from_mail(mail.text) if mail.text else from_html(mail.html)
    text = text[:LONGEST_TEXT]
    title = _PREFIX.sub("", mail.subject or "").strip() or None
    automated = (
        _first(mail, "auto-submitted").lower() not in ("", "no")
        or _first(mail, "precedence").lower() in ("bulk", "junk", "list")
    )  # fmt: skip
    at = (mail.date if mail.date.tzinfo else mail.date.replace(tzinfo=UTC)).astimezone(UTC)
    item = WorkItem(
        "mailbox", root, "mail", folder, title, mentions=issue_keys(title), created_at=at, automated=automated
    )
    name = mail.from_values.name if mail.from_values else ""
    account = Account("mailbox", address, name, address) if colleague else None
    return item, Signal("mailbox", f"{own}:mail", root, "email", at, account.external_id if account else None, text=text,
                        mentions=issue_keys(title, text)), account  # fmt: skip


def _first(mail: MailMessage, header: str) -> str:
    values: tuple[str, ...] = dict(mail.headers).get(header, ())
    return values[0].strip() if values else ""


def _id(message_id: str, mail: MailMessage) -> str:
    """The message's id, shortened: it may be of any length, and contains addresses. Without one, of what it holds."""
    what = message_id or f"{mail.date_str}{mail.from_}{mail.subject}{mail.size_rfc822}"
    return hashlib.sha256(what.encode("utf-8", "replace")).hexdigest()[:32]


def _batches(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(uids), PAGE_SIZE):
        yield uids[first : first + PAGE_SIZE]

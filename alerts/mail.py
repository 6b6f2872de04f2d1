"""Sending mail: one way for the digest, alerts and `leeway check`; and the headers that mail servers expect."""

import hashlib
import re
import smtplib
import socket
import ssl
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, getaddresses, parseaddr
from typing import Any, Literal
from urllib.parse import quote

from alerts.channel import DeliveryError
from alerts.retry import destination
from connectors.network import trusted_by_system, why

SECONDS = 10
"""For connecting, and for each answer before the mail itself."""
SECONDS_FOR_MAIL = 60
"""For the answers to the mail, which a busy relay may take its time for (RFC 5321, 4.5.3.2)."""
LONGEST_SUBJECT = 200
_ADDRESS = re.compile(r"[^\s@<>,;:()\[\]\\\"]+@[^\s@<>,;:()\[\]\\\"]+")
Security = Literal["tls", "starttls", "none"]


class _Policy(EmailPolicy):
    """The standard policy, but addresses in list headers are not folded: a folded link cannot be followed."""

    def fold(self, name: str, value: Any) -> str:
        """See EmailPolicy."""
        return self._whole(name, value) or super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """See EmailPolicy."""
        whole = self._whole(name, value)
        return whole.encode("ascii") if whole else super().fold_binary(name, value)

    def _whole(self, name: str, value: Any) -> str:
        if not name.lower().startswith("list-") or not str(value).isascii():
            return ""
        separator = f",{self.linesep} "
        return f"{name}: {separator.join(str(value).split(', '))}{self.linesep}"


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server, and who writes. `security` is `tls` from the start (port 465), `starttls`, or `none`.

    `site` tells this installation from another one that writes as the same sender: it makes message ids its own.
    """

    host: str
    port: int = 587
    sender: str = "leeway@localhost"
    username: str = ""
    password: str = field(default="", repr=False)
    security: Security = "starttls"
    site: str = ""

    @property
    def where(self) -> str:
        """As people write it."""
        return f"{self.host}:{self.port}"

    def destination(self, address: str) -> str:
        """A mailbox as this server reaches it."""
        return destination((self.host, self.port, self.sender, self.username, address.lower()))


class Mailer:
    """Sends mail through one server, for one round: an unreachable server is not waited for again."""

    def __init__(self, smtp: Smtp) -> None:
        self.smtp = smtp
        self._down: DeliveryError | None = None

    def send(self, mail: EmailMessage) -> None:
        """Deliver it. Raises DeliveryError."""
        with self._errors(), self._server() as server:
            if server.sock is not None:
                server.sock.settimeout(SECONDS_FOR_MAIL)
            server.send_message(mail, sender_of(self.smtp).addr_spec, [one.addr_spec for one in mail["To"].addresses])

    def check(self, recipients: Sequence[str] = ()) -> None:
        """Everything but the mail itself: connection, encryption, login, sender, recipients. Raises DeliveryError."""
        with self._errors(), self._server() as server:
            sender = sender_of(self.smtp).addr_spec
            code, answer = server.mail(sender)
            if code != 250:
                raise smtplib.SMTPSenderRefused(code, answer, sender)
            for one in recipients:
                code, answer = server.rcpt(_parsed(one)[0].addr_spec)
                if code not in (250, 251):
                    raise smtplib.SMTPRecipientsRefused({one: (code, answer)})
            server.rset()

    @contextmanager
    def _server(self) -> Iterator[smtplib.SMTP]:
        if self._down is not None:
            raise self._down
        try:
            server = self._connected()
        except (OSError, smtplib.SMTPException, ValueError) as error:
            self._down = _reason(error, self.smtp, connected=False)
            raise self._down from None
        try:
            yield server
        finally:
            with suppress(
                OSError, smtplib.SMTPException
            ):  # what was delivered stays so, whatever becomes of the goodbye
                if server.sock is not None:
                    server.sock.settimeout(SECONDS)
                server.quit()

    def _connected(self) -> smtplib.SMTP:
        smtp = self.smtp
        if smtp.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                smtp.host, smtp.port, _own_name(smtp), timeout=SECONDS, context=trusted_by_system()
            )
        else:
            server = smtplib.SMTP(smtp.host, smtp.port, _own_name(smtp), timeout=SECONDS)
        try:
            if smtp.security == "starttls":
                server.starttls(context=trusted_by_system())
            server.ehlo_or_helo_if_needed()
            if smtp.username:
                server.login(smtp.username, smtp.password)
        except BaseException:
            server.close()
            raise
        return server

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DeliveryError:
            raise
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise _reason(error, self.smtp, connected=True) from None


def _reason(error: Exception, smtp: Smtp, *, connected: bool) -> DeliveryError:
    """Return what went wrong, and what to set, with the server's own words if any."""
    where = smtp.where
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return DeliveryError(
            f"{where}: the login was rejected.", "Check smtp.username and smtp.password.", refused=True, down=True
        )
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()))
        who = ", ".join(error.recipients)
        text = f"{where} refuses {who}: {code} {_words(answer)}."
        return DeliveryError(text, "Check the address.", refused=True, lasting=code >= 500)
    if isinstance(error, smtplib.SMTPSenderRefused):
        text = f"{where} refuses the sender {error.sender}: {error.smtp_code} {_words(error.smtp_error)}."
        return DeliveryError(text, "Check smtp.sender.", refused=True, down=True)
    if isinstance(error, smtplib.SMTPResponseException):
        text = f"{where} answers {error.smtp_code} {_words(error.smtp_error)}."
        return DeliveryError(text, refused=True, lasting=connected and error.smtp_code >= 500)
    if isinstance(error, ssl.SSLCertVerificationError):
        what, fix = why(error, "Check smtp.host.", http=False)
        return DeliveryError(f"{where}: {what}.", fix, refused=True, down=True)
    if isinstance(error, ssl.SSLError):
        fix = 'Set smtp.security: "tls" if the connection is encrypted from the start (port 465), otherwise "starttls" or "none".'
        return DeliveryError(f"{where} does not speak TLS that way.", fix, refused=not connected, down=True)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        what = "STARTTLS" if smtp.security == "starttls" and not connected else "what this mail or login needs"
        return DeliveryError(f"{where} does not offer {what}.", "Check smtp.security and smtp.username.", refused=True)
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return DeliveryError(
            f"the mail cannot be written ({type(error).__name__}).", "Check its address.", refused=True, lasting=True
        )
    fix = "Check smtp.host, smtp.port and smtp.security"
    if smtp.port == 465 and smtp.security != "tls":
        fix += '; port 465 needs smtp.security = "tls"'
    what, fix = why(error, f"{fix}.", http=False)
    return DeliveryError(f"{where}: no answer ({what}).", fix, refused=not connected, down=True)


def _words(answer: Any) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
    return one_line(text)[:160].rstrip(".")


def one_line(text: str) -> str:
    """Text of others for a header: one line, no control characters, none that turn the direction of writing."""
    shown = (c for c in text if unicodedata.category(c) != "Cf")
    kept = "".join(c if c.isprintable() else " " for c in shown)
    return " ".join(kept.split())


def without(address: str, said: str) -> str:
    """A reason that may be shown to whoever runs Leeway: a lead's address is in okrs.yaml, not in status."""
    plain = parseaddr(address)[1]
    for one in {address, *([plain] if "@" in plain else [])} - {""}:
        said = re.sub(re.escape(one), "the address", said, flags=re.IGNORECASE)
    return said


def new_mail(
    smtp: Smtp, to: str, subject: str, key: str, unsubscribe: str = "", purpose: str = "", at: datetime | None = None
) -> EmailMessage:
    """A mail with its headers. The same `key` and recipient give the same Message-ID: one that is sent twice shows once.

    `unsubscribe` is the address at which one press ends mails of this `purpose` (RFC 8058). Raises DeliveryError for a
    recipient that is none.
    """
    mail = EmailMessage(policy=_Policy())
    sender = sender_of(smtp)
    mail["From"], mail["To"] = sender, _parsed(to)
    mail["Subject"] = one_line(subject)[:LONGEST_SUBJECT]
    mail["Date"] = format_datetime(at or datetime.now(UTC))
    mail["Message-ID"] = message_id(smtp, to, key)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"  # the same for Exchange; failures are still reported
    ways = [f"<{unsubscribe}>"] if unsubscribe else []
    ways.append(
        f"<mailto:{quote(sender.addr_spec, safe='@.+-_')}?subject={quote(f'unsubscribe {purpose}'.strip(), safe='')}>"
    )
    mail["List-Unsubscribe"] = ", ".join(ways)
    if unsubscribe.startswith("https://"):
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return mail


def message_id(smtp: Smtp, to: str, key: str) -> str:
    """An id that is the same for the same mail, and says nothing."""
    made = hashlib.sha256("\n".join((smtp.site, smtp.sender, to.lower(), key)).encode()).hexdigest()[:32]
    return f"<{made}@{sender_of(smtp).domain}>"


def sender_of(smtp: Smtp) -> Address:
    """The one mailbox that mails are from, so that a comma in its name needs no quotes. Raises DeliveryError."""
    name, angle, address = smtp.sender.rpartition("<")
    if not angle or not address.endswith(">"):
        return _parsed(smtp.sender)[0]
    plain = _parsed(address.removesuffix(">"))[0]
    return Address(one_line(name.strip().strip('"')), plain.username, plain.domain)


def _own_name(smtp: Smtp) -> str | None:
    """Return the name for the SMTP greeting. Many servers refuse a container's name or a bare address, but accept the sender's
    domain. None: use this machine's full name."""
    with suppress(DeliveryError):
        domain = sender_of(smtp).domain
        if "." in domain and "." not in socket.getfqdn():
            return domain
    return None


def _parsed(text: str) -> list[Address]:
    """Addresses as a header takes them, domains in ASCII. Raises DeliveryError where there is none, or a wrong one."""
    found = []
    for name, address in getaddresses([one_line(text)]):
        local, _, domain = address.rpartition("@")
        try:
            if not _ADDRESS.fullmatch(address) or not local.isascii():
                raise ValueError
            found.append(Address(one_line(name), local, domain.encode("idna").decode()))
        except (ValueError, IndexError):
            raise DeliveryError(
                f"{one_line(text)[:100]!r} is not an e-mail address.", "Correct it.", refused=True, lasting=True
            ) from None
    if not found:
        raise DeliveryError("there is no e-mail address.", "Name one.", refused=True, lasting=True)
    return found

"""Packs by mail, to one address each: claimed before they are sent, as digests are, so that each is sent once."""

from collections.abc import Callable
from datetime import date, datetime
from email.message import EmailMessage
from hashlib import sha256

from markupsafe import Markup, escape
from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from alerts import retry
from alerts.channel import DeliveryError
from alerts.digest_delivery import claim, opted_out
from alerts.mail import Mailer, Smtp, new_mail, without
from alerts.packs import Pack
from alerts.packs.content import Section, as_text
from alerts.words import html
from models import Digest

PURPOSE = "pack"


def send_pack(
    sessions: sessionmaker[Session],
    pack: Pack,
    about: date,
    address: str,
    smtp: Smtp,
    page: str,
    unsubscribe: str,
    now: Callable[[], datetime],
    *,
    at_once: bool = False,
) -> int:
    """Send it where it was not sent before; returns how many mails that were.

    `about` is the day that tells it from others of its kind. Whoever opted out gets none; a mailbox that refused is left alone
    for a while, but for `at_once`. Raises DeliveryError.
    """
    name = f"pack {pack.kind} {sha256(address.lower().encode()).hexdigest()[:32]}"
    where = smtp.destination(address)
    with sessions() as session:
        known = session.get(Digest, (about, name))
        waits = known is not None and not at_once and retry.waits(known, where, now())
        if opted_out(session, address, PURPOSE) or (known is not None and known.sent_at is not None) or waits:
            return 0
    if not claim(sessions, about, name, now()):
        return 0
    row = (Digest.week == about, Digest.team == name)
    try:
        Mailer(smtp).send(compose(pack, about, smtp, address, page, unsubscribe))
    except Exception as error:
        reason = error if isinstance(error, DeliveryError) else DeliveryError(f"unexpected {type(error).__name__}.")
        with sessions.begin() as session:
            one = session.get_one(Digest, (about, name))
            one.claimed_at = None
            retry.failed(one, reason, where, now(), without(address, str(reason)))
        raise reason from None
    with sessions.begin() as session:
        session.execute(update(Digest).where(*row).values(claimed_at=None, sent_at=now(), **retry.WELL))
    return 1


def compose(pack: Pack, about: date, smtp: Smtp, address: str, page: str = "", unsubscribe: str = "") -> EmailMessage:
    """The mail: the pack as text and as HTML, the same sentences; everything from outside is escaped."""
    subject = f"{pack.title}, {pack.company}: {pack.first} to {pack.last}"
    mail = new_mail(smtp, address, subject, f"pack {pack.kind} {about}", unsubscribe, PURPOSE)
    mail.set_content(as_text(pack, page))
    parts = [Markup("<h1>{}</h1><p>{} to {}</p>").format(f"{pack.title}, {pack.company}", pack.first, pack.last)]
    parts += [_section(one) for one in pack.sections]
    link = (
        Markup(' <a href="{}/packs/{}">The page, for decisions and for print</a>').format(page, pack.kind)
        if page
        else ""
    )
    parts.append(Markup("<p>{}{}</p>").format(pack.note, link))
    style = "font-family:sans-serif;font-size:15px;max-width:44em"
    mail.add_alternative(str(Markup('<div style="{}">{}</div>').format(style, Markup("").join(parts))), subtype="html")
    return mail


def _section(section: Section) -> Markup:
    found = Markup("<h2>{}</h2>").format(section.title)
    if section.lines:
        rows = (Markup("<li>{}</li>").format(html(line.words)) for line in section.lines)
        found += Markup("<ul>{}</ul>").format(Markup("").join(rows))
    if section.rows:
        head = Markup("").join(Markup('<th align="left">{}</th>').format(one) for one in section.head)
        body = Markup("").join(
            Markup("<tr>{}</tr>").format(
                Markup("").join(Markup("<td>{}</td>").format(html(cell)) for cell in row.cells)
            )
            for row in section.rows
        )
        found += Markup('<table cellpadding="4"><tr>{}</tr>{}</table>').format(head, body)
    if not section.lines and not section.rows:
        found += Markup("<p>{}</p>").format(section.empty)
    return found + (Markup("<p>{}</p>").format(section.note) if section.note else escape(""))

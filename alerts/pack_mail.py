"""Packs by mail, per address: claimed before they are sent, as digests are, so that each is sent once."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from email.message import EmailMessage
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from alerts import retry
from alerts.channel import DeliveryError
from alerts.digest_delivery import claim, opted_out
from alerts.mail import Mailer, Smtp, new_mail, without
from alerts.packs import Pack
from alerts.packs.content import as_text
from alerts.words import coded, html, plain
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
    name = recipient(pack.kind, address)
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
        reason = DeliveryError.of(error)
        with sessions.begin() as session:
            one = session.get_one(Digest, (about, name))
            one.claimed_at = None
            retry.failed(one, reason, where, now(), without(address, str(reason)))
        raise reason from None
    with sessions.begin() as session:
        session.execute(update(Digest).where(*row).values(claimed_at=None, sent_at=now(), **retry.WELL))
    return 1


def recipient(kind: str, address: str) -> str:
    """The key of a pack's row, which holds no address."""
    return f"pack {kind} {sha256(address.lower().encode()).hexdigest()[:32]}"


def not_taken(session: Session, kind: str, to: Iterable[str], since: date) -> list[Digest]:
    """The newest pack of each address of today, where that was not taken; of those about `since` and later days."""
    names = {recipient(kind, one) for one in to}
    rows = session.scalars(select(Digest).where(Digest.week >= since, Digest.team.in_(names)).order_by(Digest.week))
    newest = {row.team: row for row in rows}
    return [row for row in newest.values() if row.sent_at is None and row.error]


def compose(pack: Pack, about: date, smtp: Smtp, address: str, page: str = "", unsubscribe: str = "") -> EmailMessage:
    """The mail: the pack as text and as HTML, the same sentences; everything from outside is escaped."""
    title, span = f"{pack.title}, {pack.company}", pack.span
    mail = new_mail(smtp, address, f"{title}: {span}", f"pack {pack.kind} {about}", unsubscribe, PURPOSE)
    mail.set_content(as_text(pack, page) + (f"\nStop these mails: {unsubscribe}\n" if unsubscribe else ""))
    environment = Environment(autoescape=True, trim_blocks=True)
    environment.filters |= {"words": html, "coded": coded, "plain": plain}
    template = environment.from_string(files("alerts").joinpath("templates", "pack.html.j2").read_text("utf-8"))
    given = {
        "title": title,
        "span": span,
        "sections": pack.sections,
        "note": pack.note,
        "kind": pack.kind,
        "page": page,
        "stop": unsubscribe,
    }
    mail.add_alternative(template.render(given), subtype="html")
    return mail

"""The week's digests, each claimed before it is sent: two workers and a slow relay send it once; one failure stops no other.

Why one was not taken stands in its row, without the address, and `alerts.retry` says when it is tried again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from alerts import retry
from alerts.channel import DeliveryError
from alerts.digest import Links, compose, team_week
from alerts.mail import Mailer, Smtp, without
from models import Digest, OptOut, upsert
from models.changed import rows_changed
from models.vocabulary import COMPANY
from pipeline.register.document import Register, Team

PURPOSE = "digest"
MakeLinks = Callable[[Session, Team, Sequence[tuple[str, float]]], Links]
"""Gives a team's questions and links, from its themes with their sizes."""
log = structlog.get_logger()


def send_due(
    sessions: sessionmaker[Session],
    register: Register,
    smtp: Smtp,
    *,
    only: str | None = None,
    ask: MakeLinks = lambda session, team, themes: Links(),
    company: Sequence[str] = (),
    due: Callable[[Session, str, date], bool] = lambda session, address, week: True,
    unsubscribe: Callable[[str], str] = lambda address: "",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    at_once: bool = False,
) -> tuple[int, list[str]]:
    """Send what was not sent for its week; returns (sent, one sentence for each that failed).

    Each team's lead gets the team's, each address of `company` the company's. `due` says whether the hour has come for an
    address to hear of a week, `unsubscribe` gives the link that ends these mails. Whoever opted out gets none, and a mailbox
    that refused one is left alone for a while, but for `at_once`.
    """
    sender = _Sender(sessions, register, Mailer(smtp), ask, due, unsubscribe, now, at_once)
    sent, failed = 0, []
    for team in _everybody(register, company):
        if not team.lead or (only and team.key != only):
            continue
        try:
            sent += sender.send(team)
        except SQLAlchemyError:
            raise
        except Exception as error:  # whatever is wrong with one must not keep the others from theirs
            if not isinstance(error, DeliveryError):
                log.error("digest failed", team=team.key, reason=type(error).__name__)
            failed.append(f"digest for {whose(team.key)}: {DeliveryError.of(error)}")
    return sent, failed


def _everybody(register: Register, company: Sequence[str]) -> list[Team]:
    name = register.company or "The company"
    return [*register.teams, *(Team(key=COMPANY, name=name, lead=one) for one in company)]


def whose(recipient: str) -> str:
    """Whose digest a row or a team's key is about, without an address."""
    return "the company" if recipient == COMPANY or recipient.startswith(f"{COMPANY} ") else f"team {recipient}"


@dataclass(frozen=True, slots=True)
class _Sender:
    """What all digests of a round are sent with; see send_due."""

    sessions: sessionmaker[Session]
    register: Register
    mailer: Mailer
    ask: MakeLinks
    due: Callable[[Session, str, date], bool]
    unsubscribe: Callable[[str], str]
    now: Callable[[], datetime]
    at_once: bool

    def send(self, team: Team) -> int:
        """Send a team's digest to its lead where it was not sent before; return how many mails that were."""
        address, name = team.lead or "", recipient(team)
        where = self.mailer.smtp.destination(address)
        with self.sessions() as session:
            content = team_week(session, self.register, team)
            if content is None or opted_out(session, address, PURPOSE):
                return 0
            found = session.get(Digest, (content.week, name))
            if found is not None and found.sent_at is not None:
                return 0
            if found is not None and not self.at_once and retry.waits(found, where, self.now()):
                return 0
            # Asked last: it reads more than the rows above, and most are sent.
            if not self.due(session, address, content.week):
                return 0
            links = self.ask(session, team, content.themes)
        if not claim(self.sessions, content.week, name, self.now()):
            return 0
        row = (Digest.week == content.week, Digest.team == name)
        try:
            self.mailer.send(compose(content, self.mailer.smtp, links, self.unsubscribe(address)))
        except Exception as error:
            with self.sessions.begin() as session:
                for one in session.scalars(select(Digest).where(*row, Digest.sent_at.is_(None))):
                    one.claimed_at = None
                    reason = DeliveryError.of(error)
                    retry.failed(one, reason, where, self.now(), without(address, str(reason)))
            raise
        with self.sessions.begin() as session:
            session.execute(update(Digest).where(*row).values(claimed_at=None, sent_at=self.now(), **retry.WELL))
        return 1


def recipient(team: Team) -> str:
    """The key of a digest's row: the team's, for the company each address by itself."""
    name = team.key if team.key != COMPANY else f"{COMPANY} {team.lead}"
    return name if len(name) <= 64 else f"{name[:31]} {sha256(name.encode()).hexdigest()[:32]}"


def opted_out(session: Session, address: str, purpose: str) -> bool:
    """Return True if this address has opted out of mail of this purpose."""
    return session.get(OptOut, (address.lower(), purpose)) is not None


def _refused_before(session: Session, week: date, name: str) -> dict[str, Any]:
    """What the week before leaves: a mailbox that was given up gets one try for each further week."""
    last = session.get(Digest, (week - timedelta(weeks=1), name))
    if last is None or last.sent_at is not None or not last.refused:
        return {}
    refused = min(last.refused, retry.MOST - 1)
    return {"refused": refused, "refused_by": last.refused_by, "error": last.error, "not_before": None}


def not_taken(session: Session, register: Register, company: Sequence[str], since: date) -> list[Digest]:
    """The newest digest of each recipient of today, where that was not taken; of weeks from `since` on."""
    names = {recipient(team) for team in _everybody(register, company) if team.lead}
    rows = session.scalars(select(Digest).where(Digest.week >= since).order_by(Digest.week, Digest.team))
    newest = {row.team: row for row in rows if row.team in names}
    return [row for row in newest.values() if row.sent_at is None and row.error]


def claim(sessions: sessionmaker[Session], week: date, name: str, at: datetime) -> bool:
    """Claim the digest by a conditional update: exactly one of many senders sees one row changed."""
    with sessions.begin() as session:
        row = {"week": week, "team": name, "claimed_at": None, "sent_at": None} | _refused_before(session, week, name)
        upsert(session, Digest, [row], ("week", "team"), keep=True)
        free = retry.is_free(Digest.claimed_at, at)
        mine = update(Digest).where(Digest.week == week, Digest.team == name, Digest.sent_at.is_(None), free)
        return rows_changed(session, mine.values(claimed_at=at)) == 1

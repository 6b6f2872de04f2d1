"""What people are still to be notified of, and what is open; separate from the sender, for read-only callers."""

from datetime import date, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from models import NOTED, OPEN_STATES, Drift, Notification
from models.vocabulary import COMPANY
from pipeline.drift.explain import named_teams
from pipeline.drift.finding import Audience
from pipeline.drift.findings import audiences_of, kinds_for

TOGETHER = timedelta(days=14)
"""Falls that began within this time of each other are one."""


FRESH = timedelta(days=14)
"""An older shift between objectives predates monitoring and is not news."""


def untold(session: Session, channel: str | None = None) -> list[Drift]:
    """Raised falls that people are still to be notified of, the company's first. One of low severity waits until it is more.

    Without a channel: those that nobody was notified of, and those that some channel did not take.
    """
    waiting = select(Drift).where(
        Drift.kind == "drift", Drift.state == "raised", Drift.severity != "low", ~_notified(channel)
    )
    company = open_alert(session, COMPANY)
    rows = session.scalars(waiting.order_by(Drift.scope != COMPANY, Drift.id))
    return [drift for drift in rows if not named_in(company, drift)]


def news_of(session: Session, channel: str, audience: Audience, today: date) -> list[Drift]:
    """All findings that the audience of a channel was not notified of there: falls first, then the others."""
    falls = untold(session, channel) if audience in audiences_of("drift") else []
    # A shift says that the top priorities stand; beside an open fall of theirs that says what lost.
    apart = {"drift", "objective"} if open_alert(session, COMPANY) else {"drift"}
    kinds = [kind for kind in kinds_for(audience) if kind not in apart]
    fresh = or_(Drift.state == "raised", and_(Drift.state == NOTED, Drift.raised_on >= today - FRESH))
    query = select(Drift).where(Drift.kind.in_(kinds), fresh, ~_notified(channel)).order_by(Drift.id)
    return [*falls, *session.scalars(query)]


def _notified(channel: str | None) -> ColumnElement[bool]:
    rows = select(Notification.id).where(Notification.drift_id == Drift.id)
    if channel is not None:
        return exists(rows.where(Notification.channel == channel, Notification.sent_at.is_not(None)))
    refused = rows.where(Notification.sent_at.is_(None), Notification.error != "")
    return and_(exists(rows.where(Notification.sent_at.is_not(None))), ~exists(refused))


def open_alert(session: Session, scope: str) -> Drift | None:
    """The open drift of the scope that is worth a message."""
    return session.scalar(
        select(Drift)
        .where(Drift.kind == "drift", Drift.scope == scope, Drift.state.in_(OPEN_STATES), Drift.severity != "low")
        .limit(1)
    )


def named_in(company: Drift | None, drift: Drift) -> bool:
    """A team's fall that began with the company's is a line in that alert, where that names it, not an alert of its own."""
    if company is None or drift.kind != "drift" or drift.scope not in named_teams(company.explanation):
        return False
    return abs((drift.start - company.start).days) <= TOGETHER.days

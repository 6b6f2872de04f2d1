"""What waits to be told in Slack, and what is open; apart from the sender, for whoever only asks."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.view import named_teams
from models import OPEN_STATES, Drift
from models.vocabulary import COMPANY
from pipeline.register.workdays import monday

USUAL_WEEKS = 8
TOGETHER = timedelta(days=14)
"""Falls that began within this of each other are one."""


def untold(session: Session) -> list[Drift]:
    """Raised drifts that wait to be posted, the company's first. One of low severity waits until it is more."""
    waiting = select(Drift).where(
        Drift.kind == "drift", Drift.state == "raised", Drift.severity != "low", Drift.message_ts.is_(None)
    )
    company = open_alert(session, COMPANY)
    rows = session.scalars(waiting.order_by(Drift.scope != COMPANY, Drift.id))
    return [drift for drift in rows if not named_in(company, drift)]


def open_alert(session: Session, scope: str) -> Drift | None:
    """The open drift of the scope that is worth a message."""
    return session.scalar(
        select(Drift)
        .where(Drift.kind == "drift", Drift.scope == scope, Drift.state.in_(OPEN_STATES), Drift.severity != "low")
        .limit(1)
    )


def named_in(company: Drift | None, drift: Drift) -> bool:
    """A team's fall that began with the company's is a line in that alert, where that names it, not an alert of its own."""
    if company is None or drift.kind != "drift" or drift.scope not in named_teams(company):
        return False
    return abs((drift.start - company.start).days) <= TOGETHER.days


@dataclass(frozen=True, slots=True)
class Fall:
    """An open fall of a scope's top share, of which people were told or are about to be."""

    before: float
    after: float
    start: date


def open_fall(session: Session, scope: str) -> Fall | None:
    """The scope's own alert, or its line in the company's."""
    if own := open_alert(session, scope):
        return Fall(own.before, own.after, own.start)
    company = open_alert(session, COMPANY)
    if company and (row := named_teams(company).get(scope)):
        return Fall(row["before"], row["after"], company.start)
    return None


def usual_weeks(fall: Fall | None, week: date) -> tuple[date, date]:
    """First Monday, and the Monday after the last, of the weeks that `week` is held against: those before it, or before the fall.

    The mean of weeks before and after a fall is usual of neither.
    """
    end = min(week, monday(fall.start)) if fall else week
    return end - timedelta(weeks=USUAL_WEEKS), end

"""What waits to be told in Slack, and what is open; apart from the sender, for whoever only asks."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import OPEN_STATES, Drift
from models.vocabulary import COMPANY

_TEAMS, _LEAST_POINTS = 4, 0.5
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


def named_teams(drift: Drift) -> dict[str, Mapping[str, Any]]:
    """Rows of the teams that fell with the company, whatever teams are too small to be shown, by the team's key."""
    rows = drift.explanation.get("teams", [])[:_TEAMS]
    return {row["team"]: row for row in rows if row["points"] <= -_LEAST_POINTS}

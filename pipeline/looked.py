"""Up to which day drift was looked for."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Cycle


def looked_through(session: Session) -> date | None:
    """The last day that the last cycle that looked for drift looked at; None before the first. It goes back where the clock was
    ahead and was set right."""
    return session.scalar(select(Cycle.through).where(Cycle.through.is_not(None)).order_by(Cycle.id.desc()).limit(1))

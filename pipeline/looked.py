"""The day up to which drift was searched for."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Cycle


def looked_through(session: Session) -> date | None:
    """Return the last day covered by the latest cycle that searched for drift; None before the first. It may go back if a clock
    that was ahead has been corrected."""
    return session.scalar(select(Cycle.through).where(Cycle.through.is_not(None)).order_by(Cycle.id.desc()).limit(1))

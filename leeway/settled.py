"""Whether figures may be mailed without anybody having asked: whole, of the plan that is in force, and not just being changed."""

from datetime import date

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from alerts.weeks import complete_through
from leeway.app import App
from models import Cycle
from pipeline.share import stage as shares

FIRST = "the first history is still being read"


def is_settled(app: App, session: Session, day: date) -> bool:
    """Whether all days up to this one were looked at, no cycle is at work, and none is due for another plan or other answers.

    While the first history is read, shares of some weeks stand that are still to change, or the newest ones are missing.
    """
    return why_not(app, session, day) is None


def why_not(app: App, session: Session, day: date) -> str | None:
    """What the figures up to this day wait for; None where they are settled."""
    through = complete_through(session)
    if through is None:
        return FIRST
    if through < day:
        return f"drift was looked for up to {through} only"
    if session.scalar(select(exists().where(Cycle.finished_at.is_(None)))):
        return "a cycle is at work"
    version, _ = app.register()
    given = app.drift_settings()
    changed = shares.is_pending(session, version, given.least_people, given.unseen)
    return "the next cycle works in another plan or other answers" if changed else None

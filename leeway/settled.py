"""Whether figures may be sent unprompted: complete, based on the plan in force, and not about to change."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from alerts.weeks import complete_through
from leeway.app import App
from models import Cycle, RegisterVersion
from pipeline.share import stage as shares

FIRST = "the initial history is still being read"
PATIENCE = timedelta(hours=6)
"""For so long after a plan was loaded an alert waits for its first cycle; then it is better told in the old plan's figures."""


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
        return f"drift was only looked for up to {through}"
    return _at_work(app, session)


def new_plan(app: App, session: Session) -> str | None:
    """What an alert waits for where another plan was loaded just now: what was raised under the one before would be told in
    names of this one, though its next cycle may end it. None where there is nothing to wait for."""
    loaded = select(RegisterVersion.loaded_at).order_by(RegisterVersion.id.desc()).limit(2)
    times = list(session.scalars(loaded))
    if len(times) < 2 or not timedelta(0) <= app.now() - times[0] < PATIENCE:
        return None
    return "a new plan was loaded, and its first cycle is not finished" if _at_work(app, session) else None


def _at_work(app: App, session: Session) -> str | None:
    if session.scalar(select(exists().where(Cycle.finished_at.is_(None)))):
        return "a cycle is running"
    version, _ = app.register()
    given = app.drift_settings()
    changed = shares.is_pending(session, version, given.least_people, given.unseen)
    return "the next cycle takes in another plan or new answers" if changed else None


def digest_hour(app: App, week: date, zone: ZoneInfo) -> datetime:
    """Return when the digest of a week (given by its Monday) is due in this time zone."""
    given = app.settings.schedule
    return datetime.combine(week + timedelta(days=7 + given.digest_weekday), time(given.digest_hour), zone)

"""Notify people of what is new during their alert hours; and explain why they were not notified."""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.channel import Channel
from alerts.delivery import notify
from alerts.retry import what_next
from alerts.view import Terms
from alerts.waiting import named_in, open_alert
from leeway.app import App, NotReady
from leeway.channels import channels
from leeway.settled import new_plan
from models import Drift, Notification
from models.vocabulary import COMPANY
from pipeline.drift.findings import audiences_of
from pipeline.register.document import Register
from pipeline.register.workdays import Workdays

if TYPE_CHECKING:
    from pipeline.cycle import Report  # all stages and what they compute with, for a name


def notify_pending(app: App, report: "Report | None" = None) -> int:
    """Notify every channel of what it waits for; 0 where there is none, in quiet hours, and just after a new plan was
    loaded: then it waits.

    `report` gets a sentence for each channel that failed.
    """
    given = channels(app)
    if not given:
        return 0
    _, register = app.register()
    with app.sessions() as session:
        if not may_notify(app, register) or new_plan(app, session):
            return 0
    delivered = notify(app.sessions, register, given, terms(app), app.now)
    if report is not None:
        report.errors.extend(delivered.errors)
    return delivered.notices


def may_notify(app: App, register: Register) -> bool:
    """Return True if alerts may be posted at this hour and on this day."""
    hours, local = app.settings.alerts, app.now().astimezone(ZoneInfo(register.calendar.time_zone))
    workday = hours.any_day or Workdays(register.calendar).is_workday(local.date())
    return workday and hours.from_hour <= local.hour < hours.to_hour


def terms(app: App) -> Terms:
    """Return the terms that alerts state about themselves."""
    drift = app.settings.drift
    return Terms(drift.least_people, drift.company_alarms, drift.team_alarms)


def reasons(app: App, session: Session, drift: Drift, given: Sequence[Channel]) -> list[dict[str, str]]:
    """Return, for each channel that should have reported an open finding but has not, `channel` and `why` as a sentence."""
    audiences = audiences_of(drift.kind)
    if not audiences:
        return []
    hearing = [one for one in given if one.audience in audiences]
    if not hearing:
        return [{"channel": "none", "why": _NO_CHANNEL[audiences[0]]}]
    rows = {row.channel: row for row in session.scalars(select(Notification).where(Notification.drift_id == drift.id))}
    found = []
    for one in hearing:
        row = rows.get(one.name)
        if row is None or row.sent_at is None or row.error:
            found.append({"channel": one.place, "why": _why(app, session, drift, row)})
    return found


_NO_CHANNEL = {
    "company": "no channel is set: slack.alert_channel, teams.webhook or alerts.emails",
    "ops": "no channel is set for data faults: slack.ops_channel, teams.ops_webhook or alerts.ops_emails",
}


def _why(app: App, session: Session, drift: Drift, row: Notification | None) -> str:
    if row is not None and row.error:
        return f"{row.error} {what_next(row)}"
    if drift.state != "raised":
        return f"it was {drift.state} before this channel was notified"
    if drift.kind == "drift" and drift.severity == "low":
        return "its severity is low: it is on the page and in the digest"
    if named_in(open_alert(session, COMPANY), drift):
        return "it is a line in the company's alert"
    try:
        _, register = app.register()
    except NotReady as error:
        return str(error)
    if row is not None and row.claimed_at is not None:
        return f"a sender has been working on it since {row.claimed_at:%H:%M} UTC"
    if not may_notify(app, register):
        return "it waits for the hours and days set in [alerts]"
    if waits := new_plan(app, session):
        return f"it waits: {waits}"
    return "it is sent on the next run"

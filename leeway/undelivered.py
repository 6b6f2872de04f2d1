"""What could not be delivered, and why: alerts by channel, digests by team and packs by kind, for `leeway doctor` and `leeway
status`."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from alerts import retry
from alerts.channel import Channel
from alerts.digest_delivery import not_taken, whose
from alerts.waiting import news_of, untold
from leeway.app import App, NotReady
from leeway.channels import channels
from leeway.check import CheckRow
from leeway.notify import may_notify
from leeway.pack_mail import undelivered_packs
from leeway.settled import FIRST, digest_hour, why_not
from models import Ask, Digest, Notification
from models.changed import rows_changed
from pipeline.register.versions import current_register
from pipeline.register.workdays import monday

_SHOWN = 5
_SOON = timedelta(hours=12)
"""For so long after its hour a digest may wait for the analysis without anything being wrong."""
_WEEKS = timedelta(weeks=3)
"""Digests of older weeks are no news to anybody."""


def alert_rows(app: App, _now: datetime) -> Iterator[CheckRow]:
    """What the channels wait for, each by itself, and what they refused."""
    given = channels(app)
    with app.sessions() as session:
        unheard = 0 if any(one.audience == "company" for one in given) else len(untold(session))
        waiting = {one.name: {drift.id for drift in _waiting(app, session, one)} for one in given}
        refused = [row for one in given for row in _refusals(session, one, waiting[one.name])]
    count = len(set().union(*waiting.values()))
    if unheard:
        fix = "Set slack.alert_channel, teams.webhook or alerts.emails."
        yield CheckRow("alerts", "notifications", False, f"{unheard} waiting: no channel is set", fix)
    if not count and not refused:
        if not unheard:
            yield CheckRow("alerts", "notifications", True, "none waits")
        return
    try:
        speaks = may_notify(app, app.register()[1])
    except NotReady as error:
        yield CheckRow("alerts", "notifications", False, f"{count} wait", str(error))
        return
    yield from refused
    why = "and are sent at the next wake-up" if speaks else "for the hours and days set in [alerts]"
    yield CheckRow("alerts", "notifications", True, f"{count} wait {why}")


def _waiting(app: App, session: Session, channel: Channel) -> list[Any]:
    return news_of(session, channel.name, channel.audience, app.now().date())


def _refusals(session: Session, channel: Channel, waiting: set[int]) -> Iterator[CheckRow]:
    """A row for each thing that the channel said, of alerts that it still waits for and of news below those it has."""
    rows = select(Notification).where(Notification.channel == channel.name, Notification.error != "")
    said = {
        (row.error, retry.what_next(row)): None
        for row in session.scalars(rows.order_by(Notification.id))
        if row.sent_at is not None or row.drift_id in waiting
    }
    for error, next_ in list(said)[:_SHOWN]:
        yield CheckRow("alerts", channel.name, False, f"{error} {next_}", "`leeway check` tests every channel.")


def digest_rows(app: App, _now: datetime) -> Iterator[CheckRow]:
    """Digests that were not taken, by team, and what those that are due wait for."""
    found = undelivered_digests(app)
    yield from _late(app)
    for one in found:
        yield CheckRow("digests", one["of"], False, f"{one['why']} {one['next']}", one["fix"])
    if not found:
        yield CheckRow("digests", "refused", True, "none")


def _late(app: App) -> Iterator[CheckRow]:
    with app.sessions() as session:
        register = current_register(session)
        if register is None or not app.settings.smtp.host:
            return
        if not app.settings.web.company and not any(team.lead for team in register[1].teams):
            return
        zone = ZoneInfo(register[1].calendar.time_zone)
        here = app.now().astimezone(zone)
        week = monday(here.date()) - timedelta(weeks=1)
        late = here - digest_hour(app, week, zone)
        why = why_not(app, session, week + timedelta(days=6)) if late >= timedelta(0) else None
        sent = exists().where(Digest.week == week, Digest.sent_at.is_not(None))
        if why is None or session.scalar(select(sent)):
            return
    well = late < _SOON or why == FIRST
    fix = "" if well else "See the cycle and source rows of `leeway doctor` for the cause."
    yield CheckRow("digests", f"week of {week}", well, f"due, but waiting: {why}", fix)


def pack_rows(app: App, _now: datetime) -> Iterator[CheckRow]:
    """Packs that were not taken, by kind."""
    found = undelivered_packs(app)
    for one in found:
        yield CheckRow("packs", one["of"], False, f"{one['why']} {one['next']}", one["fix"])
    if not found:
        yield CheckRow("packs", "refused", True, "none")


def undelivered_digests(app: App) -> list[dict[str, str]]:
    """Of whom the newest digest was not taken (`of`), of which `week`, `why`, what comes `next` and the `fix`."""
    with app.sessions() as session:
        found = current_register(session)
        if found is None or not app.settings.smtp.host:
            return []
        rows = not_taken(session, found[1], app.settings.web.company, app.now().date() - _WEEKS)
        return [
            {
                "of": whose(row.team),
                "week": f"{row.week:%Y-%m-%d}",
                "why": row.error,
                "next": retry.what_next(row),
                "fix": _fix(row),
            }
            for row in rows
        ]


def _fix(row: Digest) -> str:
    if not row.refused:
        return "`leeway check` tests the mail server."
    if whose(row.team) == "the company":
        return "Correct web.company, or make that mailbox accept mail; then `leeway digest`."
    return (
        f"Correct the lead of {whose(row.team)} in okrs.yaml and load it, or make that mailbox accept mail; then `leeway "
        f"digest`."
    )


def try_again(app: App) -> int:
    """Forget that anything was refused: all of it is tried at the next wake. Returns how many wait no longer."""
    done = 0
    with app.sessions.begin() as session:
        for table in (Notification, Digest, Ask):
            again = {"refused": 0, "refused_by": "", "not_before": None}
            statement = update(table).where(table.refused > 0).values(**again)
            done += rows_changed(session, statement)
    return done

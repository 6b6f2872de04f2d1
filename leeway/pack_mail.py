"""When packs are mailed, and to whom: `[packs]` in the settings, `leeway pack KIND --mail`."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts import retry
from alerts.channel import DeliveryError
from alerts.pack_mail import PURPOSE, not_taken, send_pack
from alerts.packs import PACKS, Pack
from leeway.app import App, NotReady
from leeway.notify import terms
from leeway.opt_out import smtp_of, unsubscribe_link
from leeway.settled import is_settled
from pipeline.register.document import Register

AHEAD = timedelta(hours=48)
"""How long before the kill session its pack comes: it is filled in before, not read out there."""
QUARTER = timedelta(days=7)
"""How long before the period's end the quarterly pack comes."""
MAILED = ("weekly", "monthly", "quarterly")
"""Kinds sent by mail; others are for the page and for print."""
STALE = timedelta(days=6)
"""What could not be sent for so long after its time is no news any more."""


_NEWS = {"weekly": timedelta(weeks=2), "monthly": timedelta(0), "quarterly": STALE}
"""For how long after the day that a pack is about it matters that it was not taken: then it is sent no more."""


@dataclass(frozen=True, slots=True)
class Moment:
    """From when until when a pack is sent, and the day that tells it from others of its kind."""

    about: date
    first: datetime
    last: datetime


def moment(app: App, kind: str, register: Register, pack: Pack) -> Moment:
    """The moment that comes, or has come, for a kind."""
    given, zone = app.settings.packs, ZoneInfo(register.calendar.time_zone)
    if kind == "weekly":
        first = datetime.combine(pack.last + timedelta(days=1 + given.weekly_weekday), time(given.hour), zone)
        return Moment(pack.first, first, first + STALE)
    if kind == "monthly":
        session = _session(app.now().astimezone(zone), given.session_week, given.session_weekday, given.session_hour)
        return Moment(session.date(), session - AHEAD, session)
    first = datetime.combine(register.period.end - QUARTER, time(given.hour), zone)
    return Moment(register.period.end, first, first + QUARTER + STALE)


def _session(now: datetime, week: int, weekday: int, hour: int) -> datetime:
    """The next kill session: so many weeks into the month, on that weekday."""
    month = now.date().replace(day=1)
    while True:
        day = month + timedelta(days=(weekday - month.weekday()) % 7 + 7 * (week - 1))
        at = datetime.combine(day, time(hour), now.tzinfo)
        if at > now:
            return at
        month = (month + timedelta(days=32)).replace(day=1)


def send_packs(app: App, only: str | None = None, *, due_only: bool = False) -> tuple[int, list[str]]:
    """Send what was not sent; with `due_only`, where its time has come. Returns (sent, one sentence for each that failed).

    Raises NotReady where no mail server is set, there is no such kind, or nobody gets it.
    """
    to = {kind: list(getattr(app.settings.packs, kind)) for kind in MAILED}
    if only is not None and only not in MAILED:
        raise NotReady(f"no pack {only!r} goes by mail; expected {', '.join(MAILED)}.")
    if only and not to[only]:
        raise NotReady(f'nobody receives this pack. Add {only} = ["coo@example.com"] under [packs] in leeway.toml.')
    if not app.settings.smtp.host:
        raise NotReady("no mail server is set. Add [smtp] with host and sender to leeway.toml.")
    sent, failed = 0, []
    _, register = app.register()
    for kind in [only] if only else [kind for kind in MAILED if to[kind]]:
        with app.sessions() as session:
            pack = PACKS[kind].make(session, register, terms(app))
            if pack is None:
                continue
            when = moment(app, kind, register, pack)
            if due_only and not (when.first <= app.now() < when.last and is_settled(app, session, pack.last)):
                continue
        for address in to[kind]:
            link, page = unsubscribe_link(app, address, PURPOSE), app.settings.web.url.rstrip("/")
            try:
                sent += send_pack(
                    app.sessions, pack, when.about, address, smtp_of(app), page, link, app.now, at_once=not due_only
                )
            except DeliveryError as error:
                failed.append(f"{kind} pack: {error}")
    return sent, failed


def undelivered_packs(app: App) -> list[dict[str, str]]:
    """Packs that were not taken: `of` which, `why`, what comes `next` and the `fix`, as of digests: without an address."""
    given, found = app.settings.packs, list[dict[str, str]]()
    with app.sessions() as session:
        for kind in MAILED if app.settings.smtp.host else ():
            for row in not_taken(session, kind, getattr(given, kind), app.now().date() - _NEWS[kind]):
                correct = f"Correct {kind} under [packs] in leeway.toml, or make that mailbox accept mail; then "
                fix = f"{correct}`leeway pack {kind} --mail`, which names it."
                fix = fix if row.refused else "`leeway check` tests the mail server."
                found.append({"of": kind, "why": row.error, "next": retry.what_next(row), "fix": fix})
    return found

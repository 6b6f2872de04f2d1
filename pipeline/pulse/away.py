"""Who is away on a day, as far as Leeway knows: by calendar, working days, or a public holiday where they work."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from connectors.base import SignalKind
from models import Account, Signal
from pipeline.effort.clock import Clock
from pipeline.effort.day import HOURS_A_DAY
from pipeline.register.document import Register
from pipeline.register.schema import Member, Team
from pipeline.register.workdays import Workdays


def away(session: Session, register: Register, addresses: Collection[str], day: date) -> set[str]:
    """Return those of the addresses (in lower case) that are off all day; people in no team and no calendar never are."""
    calendar = Workdays(register.calendar)
    off = {one for one in addresses if _off(register, calendar, one, day)}
    return off | _absent(session, register, addresses, day)


def _off(register: Register, calendar: Workdays, address: str, day: date) -> bool:
    """Return True if somebody is in a team and works in none of theirs on that day. People who have left are not away."""
    everybody = [(team, one) for team in register.teams for one in team.members if address in _names(one)]
    mine = [(team, one) for team, one in everybody if not one.last or day <= one.last]
    return bool(mine) and not any(_works(calendar, team, one, day) for team, one in mine)


def _names(member: Member) -> set[str]:
    return {one.lower() for one in (member.email, *member.formerly)}


def _works(calendar: Workdays, team: Team, member: Member, day: date) -> bool:
    if member.first and day < member.first:
        return False
    off = (frozenset(team.weekend) or None) if member.never is None else member.never
    return member.of_day(day) > 0 and calendar.is_workday(day, member.country, off, member.subdivision)


def _absent(session: Session, register: Register, addresses: Collection[str], day: date) -> set[str]:
    """Return those who are away all day according to a calendar."""
    clock, noon = Clock(register.calendar.time_zone), datetime.combine(day, time(12), ZoneInfo("UTC"))
    query = select(func.lower(Account.email), Account.time_zone, Signal.at, Signal.hours).where(
        Account.source == Signal.source,
        Account.external_id == Signal.account,
        Signal.kind == SignalKind.ABSENCE,
        Signal.at.between(noon - timedelta(days=1), noon + timedelta(days=1)),
        func.lower(Account.email).in_(sorted(addresses)),
    )
    hours: dict[str, float] = defaultdict(float)
    for address, zone, at, some in session.execute(query):
        if clock.local(at, zone).date() == day:
            hours[address] += some or 0.0
    return {address for address, some in hours.items() if some >= HOURS_A_DAY}


def zones(session: Session, addresses: Collection[str]) -> dict[str, ZoneInfo]:
    """Return the time zone of each address (in lower case) for which a source provides one."""
    query = select(func.lower(Account.email), Account.time_zone).where(
        func.lower(Account.email).in_(sorted(addresses)), Account.time_zone.is_not(None)
    )
    found = {}
    for address, zone in session.execute(query.order_by(Account.source)):
        try:
            found[address] = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            continue
    return found

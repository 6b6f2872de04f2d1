"""Whether a plan has ended, and who has left. The only place for this rule: detector, notes, page, digest, status and lint."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from pipeline.register.schema import Register


def ran_out(register: Register, day: date) -> bool:
    """Return True if the plan ended before `day`: from then on nothing counts as drift from it."""
    return day > register.period.end


def left(register: Register, day: date) -> frozenset[str]:
    """Return the lower-case addresses of people who were in a team and no longer are in any."""
    members = [member for team in register.teams for member in team.members]
    here = {one.email.lower() for one in members if one.last is None or one.last >= day}
    gone = {
        address.lower() for one in members for address in (one.email, *one.formerly) if one.email.lower() not in here
    }
    return frozenset(gone - here)


def local_day(register: Register, now: datetime) -> date:
    """Return the date in the company's time zone."""
    return now.astimezone(ZoneInfo(register.calendar.time_zone)).date()

"""Whether a plan has run out, and who has left. The one rule; detector, notes, page, digest, status and lint ask it."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from pipeline.register.schema import Register


def ran_out(register: Register, day: date) -> bool:
    """Whether the plan's last day lies before `day`: from then on nothing is drift from it."""
    return day > register.period.end


def left(register: Register, day: date) -> frozenset[str]:
    """Addresses, in lower case, of those who were in a team and are in none any more."""
    members = [member for team in register.teams for member in team.members]
    here = {one.email.lower() for one in members if one.last is None or one.last >= day}
    gone = {
        address.lower() for one in members for address in (one.email, *one.formerly) if one.email.lower() not in here
    }
    return frozenset(gone - here)


def local_day(register: Register, now: datetime) -> date:
    """The day that it is where the company works."""
    return now.astimezone(ZoneInfo(register.calendar.time_zone)).date()

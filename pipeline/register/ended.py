"""Whether a plan has run out. The one rule; detector, notes, page, digest, status and lint ask it."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from pipeline.register.schema import Register


def ran_out(register: Register, day: date) -> bool:
    """Whether the plan's last day lies before `day`: from then on nothing is drift from it."""
    return day > register.period.end


def local_day(register: Register, now: datetime) -> date:
    """The day that it is where the company works."""
    return now.astimezone(ZoneInfo(register.calendar.time_zone)).date()

"""Compute a step's deadline in clock hours, or in working hours of the register's calendar and time zone."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from pipeline.register.document import Register
from pipeline.register.steps import UNITS, Path, Within, working_hours
from pipeline.register.workdays import Workdays

_DAY = timedelta(days=1)


class WorkingClock:
    """Counts the working hours of one path: its `hours`, its team's weekend, the register's holidays and closed days."""

    def __init__(self, register: Register, path: Path) -> None:
        self.zone = ZoneInfo(register.calendar.time_zone)
        self.first, self.last = working_hours(path.hours)
        team = next((one for one in register.teams if one.key == path.team), None)
        weekend = frozenset(team.weekend) if team and team.weekend else None
        days = Workdays(register.calendar)
        self.is_workday = lru_cache(maxsize=4096)(lambda day: days.is_workday(day, weekend=weekend))

    @property
    def day_hours(self) -> float:
        """Hours of a working day."""
        return (self.last.hour - self.first.hour) + (self.last.minute - self.first.minute) / 60

    def due(self, begun: datetime, limit: Within) -> datetime:
        """Return the deadline of a time limit that starts at `begun`."""
        hours = limit.amount * (self.day_hours if limit.unit == "working day" else UNITS[limit.unit])
        return self._working(begun, hours) if limit.working else begun + timedelta(hours=hours)

    def local(self, at: datetime) -> datetime:
        """Convert to the calendar's time zone."""
        return at.astimezone(self.zone)

    def _working(self, begun: datetime, hours: float) -> datetime:
        now, left = begun.astimezone(self.zone), timedelta(hours=hours)
        for _ in range(20_000):
            opens = datetime.combine(now.date(), self.first, self.zone)
            closes = datetime.combine(now.date(), self.last, self.zone)
            if self.is_workday(now.date()) and now < closes:
                now = max(now, opens)
                # Compare in UTC, which has no daylight saving changes.
                until = _utc(now) + left
                if until <= _utc(closes):
                    return until.astimezone(begun.tzinfo)
                left -= _utc(closes) - _utc(now)
            now = datetime.combine(now.date() + _DAY, self.first, self.zone)
        raise ValueError("the calendar has no working days")


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)

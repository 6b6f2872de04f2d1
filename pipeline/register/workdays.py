"""Working days: a country's public holidays, the company's closed days, weekends."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from pipeline.register.schema import Calendar

SATURDAY_AND_SUNDAY = frozenset({5, 6})


class Workdays:
    """Working days of one calendar, and of other countries for people who work there."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._closed = frozenset(calendar.closed)

    def weekend(self, year: int, country: str | None = None, subdivision: str | None = None) -> frozenset[int]:
        """Return the weekdays (Monday 0) without work: the calendar's, else the usual ones of the country or subdivision that
        year."""
        if self.calendar.weekend and (country or self.calendar.country) == self.calendar.country:
            return frozenset(self.calendar.weekend)
        return _weekend(*self._where(country, subdivision), year)

    def is_workday(
        self,
        day: date,
        country: str | None = None,
        weekend: frozenset[int] | None = None,
        subdivision: str | None = None,
    ) -> bool:
        """Return True if a full-time person is expected to work. `weekend`: a team's or person's own; empty for none.

        `country` and `subdivision`: where the person works, if not in the calendar's country.
        """
        if day in self._closed:
            return False
        if day.weekday() in (self.weekend(day.year, country, subdivision) if weekend is None else weekend):
            return weekend is None and day in self.made_up(day.year, country)
        return day not in self._public(day.year, country, subdivision)[0]

    def made_up(self, year: int, country: str | None = None) -> frozenset[date]:
        """Return weekend days worked by law to make up for bridge days, as in Hungary or China; none if the calendar sets its own
        weekend."""
        if self.calendar.weekend and (country or self.calendar.country) == self.calendar.country:
            return frozenset()
        return self._public(year, country)[1]

    def _public(
        self, year: int, country: str | None, subdivision: str | None = None
    ) -> tuple[frozenset[date], frozenset[date]]:
        country, subdivision = self._where(country, subdivision)
        return _holidays(country, subdivision, year) if country else (frozenset(), frozenset())

    def _where(self, country: str | None, subdivision: str | None) -> tuple[str | None, str | None]:
        country = country or self.calendar.country
        if not subdivision and country == self.calendar.country:
            subdivision = self.calendar.subdivision
        return country, subdivision

    def between(self, first: date, last: date) -> list[date]:
        """Return the working days from `first` to `last`, both included."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return [day for day in days if self.is_workday(day)]


@cache
def _weekend(country: str | None, subdivision: str | None, year: int) -> frozenset[int]:
    import holidays  # late: slow, and not every command needs it

    if not country:
        return SATURDAY_AND_SUNDAY
    try:
        there = holidays.country_holidays(country, subdiv=subdivision)
    except NotImplementedError:  # a register being linted: the country or subdivision is reported separately
        return SATURDAY_AND_SUNDAY
    # Look at days: a country's weekend attribute ignores subdivisions and years with another weekend.
    return frozenset(day.weekday() for day in (date(year, 7, n) for n in range(1, 8)) if there.is_weekend(day))


@cache
def _holidays(country: str, subdivision: str | None, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Return a year's public holidays, and its weekend days that are worked."""
    import holidays

    found = holidays.country_holidays(country, subdiv=subdivision, years=year)
    return frozenset(found), frozenset(found.weekend_workdays)


def monday(day: date) -> date:
    """Return the first day of the week."""
    return day - timedelta(days=day.weekday())


def history_begins(now: datetime, history: timedelta) -> datetime:
    """Return where a first pull begins: `history` ago, at the start of that week, in the time zone where Monday comes first."""
    day = monday((now - history).date()) - timedelta(days=1)
    return datetime.combine(day, datetime.min.time(), UTC)


DAY_IS_OVER = 20
"""Hour, in the organisation's time zone, from which a day counts as complete."""


def last_complete_day(now: datetime, zone: str) -> date:
    """Return the last day whose work can be counted."""
    return (now.astimezone(ZoneInfo(zone)) - timedelta(hours=DAY_IS_OVER)).date()

"""Working days: a country's public holidays, the company's closed days, weekends."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from pipeline.register.schema import Calendar

SATURDAY_AND_SUNDAY = frozenset({5, 6})


class Workdays:
    """Answers for one calendar; other countries' holidays and weekends for people who work there."""

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self._closed = frozenset(calendar.closed)

    def weekend(self, year: int, country: str | None = None, subdivision: str | None = None) -> frozenset[int]:
        """Weekdays, Monday 0, on which nobody is expected: as the calendar says, else as is usual in the country in that year, or
        in its part."""
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
        """Whether a full-time person is expected to work. `weekend` where a team or a person has their own; empty: none.

        `country` and its `subdivision` are those that somebody works in, where it is not the calendar's.
        """
        if day in self._closed:
            return False
        if day.weekday() in (self.weekend(day.year, country, subdivision) if weekend is None else weekend):
            return weekend is None and day in self.made_up(day.year, country)
        return day not in self._public(day.year, country, subdivision)[0]

    def made_up(self, year: int, country: str | None = None) -> frozenset[date]:
        """Days of its weekends that are worked by law in place of days between holidays, as in Hungary or China; none where the
        calendar has its own weekend."""
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
        """Working days from `first` to `last`, both included."""
        days = (first + timedelta(days=n) for n in range((last - first).days + 1))
        return [day for day in days if self.is_workday(day)]


@cache
def _weekend(country: str | None, subdivision: str | None, year: int) -> frozenset[int]:
    import holidays  # late: it takes its time, and not every command asks

    if not country:
        return SATURDAY_AND_SUNDAY
    try:
        there = holidays.country_holidays(country, subdiv=subdivision)
    except NotImplementedError:  # a register under check; the country, or its part, is named as a fault by itself
        return SATURDAY_AND_SUNDAY
    # Asked by the day: what a country has for its weekend knows neither its parts nor the years in which it was another.
    return frozenset(day.weekday() for day in (date(year, 7, n) for n in range(1, 8)) if there.is_weekend(day))


@cache
def _holidays(country: str, subdivision: str | None, year: int) -> tuple[frozenset[date], frozenset[date]]:
    """A year's public holidays, and the days of its weekends that are worked."""
    import holidays

    found = holidays.country_holidays(country, subdiv=subdivision, years=year)
    return frozenset(found), frozenset(found.weekend_workdays)


def monday(day: date) -> date:
    """First day of the week."""
    return day - timedelta(days=day.weekday())


def history_begins(now: datetime, history: timedelta) -> datetime:
    """How far back a first pull goes: to where the week begins that lies so long ago, wherever on earth it is Monday first."""
    day = monday((now - history).date()) - timedelta(days=1)
    return datetime.combine(day, datetime.min.time(), UTC)


DAY_IS_OVER = 20
"""The hour, in the organisation's time zone, from which a day counts as complete."""


def last_complete_day(now: datetime, zone: str) -> date:
    """The last day whose work can be counted."""
    return (now.astimezone(ZoneInfo(zone)) - timedelta(hours=DAY_IS_OVER)).date()

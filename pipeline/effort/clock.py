"""Local days of people in different time zones."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


class Clock:
    """Local times in the account's own time zone, else the organisation's."""

    def __init__(self, zone: str) -> None:
        self._default = ZoneInfo(zone)
        self._zones: dict[str, ZoneInfo] = {}

    def local(self, at: datetime, zone: str | None) -> datetime:
        """Return the local time in this zone."""
        if zone and zone not in self._zones:
            try:
                self._zones[zone] = ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError):
                self._zones[zone] = self._default
        return at.astimezone(self._zones[zone] if zone else self._default)

    def day(self, at: datetime, zone: str | None) -> date:
        """Return the local day. Exactly midnight UTC is a date without a time, as trackers and imports write it; it is not
        converted, or it would become the previous day west of Greenwich.
        """
        there = at if at.tzinfo is UTC else at.astimezone(UTC)
        is_date = not (there.hour or there.minute or there.second or there.microsecond)  # called millions of times
        return there.date() if is_date else self.local(at, zone).date()

    def west_of_utc(self, zones: Iterable[str | None]) -> bool:
        """Return True if any of these zones, or the organisation's, is west of UTC at some time of the year."""
        year = [datetime(2026, month, 1, 12, tzinfo=UTC) for month in (1, 7)]
        return any(
            (self.local(at, zone).utcoffset() or timedelta()) < timedelta() for zone in {*zones, None} for at in year
        )

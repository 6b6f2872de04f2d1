"""Rules by which an entry repeats: which of them are not unrolled, and when they end.

The library goes through a rule's days one by one, until the year 9999 where none fits, and for ever where it does not move on.
"""

import calendar
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

_MOST_A_DAY = 24
"""Of a series; a rule that gives more is a mistake or an attack, and would take hours to unroll."""
_YEARS = (2000, 2001)
"""One with a leap day, and one without."""


def rules_of(event: Any) -> list[Any]:
    """The rules of an entry; nearly always one or none."""
    rules = event.get("RRULE") or []
    return rules if isinstance(rules, list) else [rules]


def refuse_endless(event: Any) -> None:
    """Raise ValueError for an entry with a rule that takes too long, or for ever, to be unrolled."""
    for rule in rules_of(event):
        per_day = 1
        for name in ("BYHOUR", "BYMINUTE", "BYSECOND"):
            per_day *= max(1, len(rule.get(name) or ()))
        frequency = str((rule.get("FREQ") or [""])[0]).upper()
        if frequency in ("SECONDLY", "MINUTELY") or per_day > _MOST_A_DAY:
            raise ValueError("it repeats more often than once an hour")
        if any(int(one) < 1 for one in rule.get("INTERVAL") or ()):
            raise ValueError("the INTERVAL of its rule is less than 1")
        places = [abs(int(one)) for one in rule.get("BYSETPOS") or ()]
        if (places and frequency in ("DAILY", "HOURLY") and min(places) > per_day) or not _comes(rule):
            raise ValueError("its rule names days that never occur")


def _comes(rule: Mapping[str, Any]) -> bool:
    """Return True if there is a day that a rule names by its month and its number; each is some year on each day of the week."""
    months, days, of_year = (_numbers(rule, name) for name in ("BYMONTH", "BYMONTHDAY", "BYYEARDAY"))
    if not (days or of_year):
        return True
    for day in (date(year, 1, 1) + timedelta(days=number) for year in _YEARS for number in range(366)):
        last = calendar.monthrange(day.year, day.month)[1]
        if (
            (not months or day.month in months)
            and (not days or {day.day, day.day - last - 1} & days)
            and (not of_year or {day.timetuple().tm_yday, (day - date(day.year + 1, 1, 1)).days} & of_year)
        ):
            return True
    return False


def _numbers(rule: Mapping[str, Any], name: str) -> set[int]:
    return {int(str(one)) for one in rule.get(name) or ()}


def hold_on_the_last_day(part: Any) -> None:
    """A rule that ends with a day holds on that day: compared with a time it would end at its midnight."""
    for rule in rules_of(part):
        ends: Sequence[Any] = rule.get("UNTIL") or []
        if isinstance(part.start, datetime) and any(not isinstance(end, datetime) for end in ends):
            end = datetime.combine(ends[0], time(23, 59, 59), part.start.tzinfo)
            rule["UNTIL"] = [end.astimezone(UTC) if end.tzinfo else end]  # without one it would be this machine's zone

"""Spread hours that somebody logged for several days at once over these days.

People who fill in worklogs once a week may log all hours of an issue on a Friday. A day holds one person-day, so the rest of the
hours would be lost, and the other days guessed from traces.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from pipeline.effort.trace import Trace

MOST_A_DAY, MOST_A_WEEK = 12.0, 60.0
"""Hours logged by a person on one day: above the first they cover several days; above the second they are an error."""
BACK = 6
"""Number of previous days to spread over: no more than news may change (evidence.AHEAD)."""


Left = tuple[int, date, int, Trace, float]
"""A trace: person, day, item, kind, hours."""


def spread_over_days(
    logs: Iterable[Left], capacity: Mapping[tuple[int, date], float], hours_a_day: float
) -> list[Left]:
    """Return the traces, with the worklogs of overfull days spread over the previous working days, latest first, as far as other
    hours leave room. The result depends on nothing but these days' own worklogs.
    """
    given = list(logs)
    stated: dict[tuple[int, date], float] = defaultdict(float)
    for person, day, _, trace, hours in given:
        if trace == Trace.WORKLOG:
            stated[person, day] += hours
    parts = {
        (person, day): _parts(person, day, total, stated, capacity, hours_a_day)
        for (person, day), total in stated.items()
        if MOST_A_DAY < total <= MOST_A_WEEK
    }
    if not parts:
        return given
    found: list[Left] = []
    for person, day, item, trace, hours in given:
        if trace == Trace.WORKLOG and (person, day) in parts:
            total = stated[person, day]
            found += [(person, on, item, trace, hours * part / total) for on, part in parts[person, day].items()]
        else:
            found.append((person, day, item, trace, hours))
    return found


def _parts(
    person: int,
    day: date,
    total: float,
    stated: Mapping[tuple[int, date], float],
    capacity: Mapping[tuple[int, date], float],
    hours_a_day: float,
) -> dict[date, float]:
    """Return hours by day; those without room stay on the day they were logged."""
    left = total - hours_a_day * capacity.get((person, day), 0.0)
    found = {}
    for back in range(1, BACK + 1):
        before = day - timedelta(days=back)
        room = hours_a_day * capacity.get((person, before), 0.0) - stated.get((person, before), 0.0)
        if room > 0 and left > 0:
            found[before] = min(room, left)
            left -= found[before]
    rest = total - sum(found.values())
    return found | ({day: rest} if rest > 0 else {})

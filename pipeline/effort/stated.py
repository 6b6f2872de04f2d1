"""Hours that somebody wrote down for several days at once, laid out over these days.

Who fills in worklogs once a week writes all hours of an issue down on a Friday. A day holds one day, so the rest of them would
be lost, and the other days guessed from traces.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from pipeline.effort.trace import Trace

MOST_A_DAY, MOST_A_WEEK = 12.0, 60.0
"""Hours of a person's worklogs on a day beyond which they are of several days; and beyond which nobody means them."""
BACK = 6
"""Days before it over which they are laid out: no more than news may change (evidence.AHEAD)."""


Left = tuple[int, date, int, Trace, float]
"""A trace: person, day, item, what it is, hours."""


def laid_out(logs: Iterable[Left], capacity: Mapping[tuple[int, date], float], hours_a_day: float) -> list[Left]:
    """The traces, with worklogs of a day that holds too many laid out on the working days before as well, the latest first, as
    far as other hours leave room there. What each day gets rests on nothing but these days' own worklogs.
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
    """Hours by day; what finds no room stays on the day on which it was written down."""
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

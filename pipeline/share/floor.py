"""The privacy floor: which figures may be shown so that none, and no difference of two, is about a few people.

Everything that is shown of a group passes here: weeks, windows, streams, cells of a table.
"""

from collections.abc import Hashable, Mapping, Set
from datetime import date, timedelta
from typing import TypeVar

Cells = Mapping[date, Mapping[int, float]]
"""By week (its Monday), each person's part."""
NOBODY = -1
"""The person of past effort whose people are forgotten: it counts as work, and as nobody."""
NOBODYS = ""
"""Key of the part of who is in none."""
Key = TypeVar("Key", bound=Hashable)
Person = TypeVar("Person", bound=Hashable)


def enough(workers: int, least: int) -> bool:
    """Return True if a figure made of so many people's work may be shown."""
    return workers >= least


def shown(whole: Set[Person], parts: Mapping[Key, Set[Person]], least: int) -> tuple[bool, list[Key]]:
    """Whether the whole may be shown, and which parts beside it. Sets of who worked in each.

    A part of fewer than `least` people is not shown. Nor is one where the whole less all shown parts would leave a few people:
    then the smallest shown parts are held back as well, until those that are not shown are at least `least` together, or nobody.
    Somebody may have worked in several parts, as who changes team within the week: what they did in one that is not shown is in
    what is left, though they are in another that is. Of who is in no part the part is '' (NOBODYS), which is never shown.
    """
    if not enough(len(whole), least):
        return False, []
    return True, _beside(parts, least, set(whole).difference(*parts.values()))


def shown_beside(parts: Mapping[Key, Set[Person]], least: int) -> list[Key]:
    """Which parts may be shown beside each other and their sum.

    As in `shown`: those that are not shown are of at least `least` people together, or of nobody.
    """
    return _beside(parts, least, set())


def _beside(parts: Mapping[Key, Set[Person]], least: int, outside: Set[Person]) -> list[Key]:
    """The parts of enough people, without the smallest ones until what is left, with who is `outside` of all parts, is of
    enough, or of nobody."""
    large = (key for key in parts if key != NOBODYS and enough(len(parts[key]), least))
    ranked = sorted(large, key=lambda key: (-len(parts[key]), str(key)))
    while ranked and 0 < len(set(outside).union(*(parts[key] for key in parts if key not in ranked))) < least:
        ranked.pop()
    return [key for key in parts if key in ranked]


def pooled(cells: Cells, least: int) -> dict[date, float]:
    """The sum of each week, none of which tells of fewer than `least` people: weeks in which fewer worked are put together with
    those after them until enough did, and the last with those before; what they had is shared among them evenly.

    The sum over all weeks is kept. Where there are too few people in all, so are the weeks: one pool.
    """
    pools: list[tuple[list[date], set[int], float]] = []
    weeks: list[date] = []
    people: set[int] = set()
    amount = 0.0
    for week in sorted(cells):
        weeks.append(week)
        people |= {person for person, part in cells[week].items() if part > 0} - {NOBODY}
        amount += sum(cells[week].values())
        if enough(len(people), least):
            pools.append((weeks, people, amount))
            weeks, people, amount = [], set(), 0.0
    if weeks and pools:
        before, some, sum_ = pools.pop()
        pools.append(([*before, *weeks], some | people, sum_ + amount))
    elif weeks:
        pools.append((weeks, people, amount))
    found: dict[date, float] = {}
    for some_weeks, _, sum_ in pools:
        first, last = some_weeks[0], some_weeks[-1]
        span = [first + timedelta(weeks=n) for n in range((last - first).days // 7 + 1)]
        found |= dict.fromkeys(span, sum_ / len(span))
    return found

"""The privacy floor: which figures may be shown so that no figure, and no difference of two, is about only a few people.

Everything shown about a group passes through here: weeks, windows, streams, cells of a table.
"""

from collections.abc import Hashable, Mapping, Set
from datetime import date, timedelta
from typing import TypeVar

Cells = Mapping[date, Mapping[int, float]]
"""Each person's amount, by week (its Monday)."""
NOBODY = -1
"""Stands for forgotten people in past effort: it counts as work, but not as a person."""
NOBODYS = ""
"""Key of the part for people in no part."""
Key = TypeVar("Key", bound=Hashable)
Person = TypeVar("Person", bound=Hashable)


def enough(workers: int, least: int) -> bool:
    """Return True if a figure about the work of this many people may be shown."""
    return workers >= least


def shown(whole: Set[Person], parts: Mapping[Key, Set[Person]], least: int) -> tuple[bool, list[Key]]:
    """Return whether the whole may be shown, and which parts next to it. The arguments are the sets of people who worked in each.

    A part of fewer than `least` people is withheld. If the whole minus all shown parts would then be about a few people, the
    smallest shown parts are withheld as well, until the remainder is about at least `least` people or nobody (complementary
    suppression). A person may be in several parts, for example after changing team within a week; their work in a withheld part
    counts towards the remainder even if another of their parts is shown. The part '' (NOBODYS), for people in no part, is never
    shown.
    """
    if not enough(len(whole), least):
        return False, []
    return True, _beside(parts, least, set(whole).difference(*parts.values()))


def shown_beside(parts: Mapping[Key, Set[Person]], least: int) -> list[Key]:
    """Return which parts may be shown next to each other and their sum.

    As in `shown`, the withheld parts together are about at least `least` people, or nobody.
    """
    return _beside(parts, least, set())


def _beside(parts: Mapping[Key, Set[Person]], least: int, outside: Set[Person]) -> list[Key]:
    """Return the parts of enough people, withholding the smallest until the remainder, including people `outside` all parts, is
    about enough people or nobody."""
    large = (key for key in parts if key != NOBODYS and enough(len(parts[key]), least))
    ranked = sorted(large, key=lambda key: (-len(parts[key]), str(key)))
    while ranked and 0 < len(set(outside).union(*(parts[key] for key in parts if key not in ranked))) < least:
        ranked.pop()
    return [key for key in parts if key in ranked]


def pooled(cells: Cells, least: int) -> dict[date, float]:
    """Return weekly sums, pooled so that none is about fewer than `least` people.

    A week with too few people is pooled with the following ones until there are enough, the last ones with those before; the sum
    of a pool is divided evenly among its weeks. The total over all weeks is preserved. If there are too few people overall, all
    weeks form one pool.
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

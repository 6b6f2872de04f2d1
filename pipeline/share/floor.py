"""The privacy floor: which figures may be shown so that none, and no difference of two, is about a few people.

Everything that is shown of a group passes here: weeks, windows, streams, cells of a table.
"""

from collections.abc import Hashable, Mapping, Set
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def enough(workers: int, least: int) -> bool:
    """Return True if a figure made of so many people's work may be shown."""
    return workers >= least


def shown(whole: Set[int], parts: Mapping[Key, Set[int]], least: int) -> tuple[bool, list[Key]]:
    """Whether the whole may be shown, and which parts beside it. Sets of who worked in each; parts do not overlap.

    A part of fewer than `least` people is not shown. Nor is one where the whole less all shown parts would leave a few people:
    then the smallest shown parts are held back as well, until those that are not shown are at least `least` together, or nobody.
    """
    if not enough(len(whole), least):
        return False, []
    ranked = sorted(
        (key for key in parts if enough(len(parts[key]), least)), key=lambda key: (-len(parts[key]), str(key))
    )
    while ranked:
        rest = len(set(whole).difference(*(parts[key] for key in ranked)))
        if rest == 0 or enough(rest, least):
            break
        ranked.pop()
    return True, [key for key in parts if key in ranked]

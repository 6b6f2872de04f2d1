"""Decide whether objectives of two registers are the same, by their words: the next quarter reuses the keys O1 to O3."""

import re
from collections.abc import Iterator, Sequence

from pipeline.register.schema import KeyResult, Objective, Period, Register

WORDS = 0.4
"""Smallest overlap (Jaccard) of the words of two titles under one key to count as one reworded objective."""
KEY_RESULTS = 0.5
"""The same threshold for the titles of their key results."""
Entry = tuple[str, str, str]
"""A key, its title, and its context: a key result's objective, or an objective's key results."""


def same_period(one: Period, other: Period) -> bool:
    """Return True if both are the same period, even if its first or last day was moved."""
    return one.name == other.name and one.start <= other.end and other.start <= one.end


def same_objective(one: Objective, other: Objective) -> bool:
    """Return True if two objectives are the same: equal titles under any key, or the same key with enough of the title's words
    or of the key results kept."""
    mine, theirs = _words(one.title), _words(other.title)
    if mine == theirs:
        return True
    if one.key != other.key:
        return False
    results = [frozenset(_plain(row.title) for row in side.key_results) for side in (one, other)]
    return _alike(mine, theirs) >= WORDS or _alike(*results) >= KEY_RESULTS


def same_top(before: Register, after: Register) -> bool:
    """Return True if the top priorities are the same objectives in any order, or the same key results under other objectives:
    splitting or merging objectives changes nothing about what is required."""
    sides = [[one for one in side.objectives if one.key in side.top()] for side in (before, after)]
    asked = [sorted(_plain(row.title) for one in side for row in one.key_results) for side in sides]
    if asked[0] == asked[1] and all(one.key_results for side in sides for one in side):
        return True
    return len(sides[0]) == len(sides[1]) and all(
        any(same_objective(one, other) for other in rest) for some, rest in (sides, sides[::-1]) for one in some
    )


def reworded(before: Register, after: Register) -> Iterator[tuple[Objective, Objective, bool]]:
    """Yield objectives whose key stayed while their title changed: before, after, and whether they count as the same."""
    was = {one.key: one for one in before.objectives}
    for one in after.objectives:
        old = was.get(one.key)
        if old is not None and _plain(old.title) != _plain(one.title):
            yield old, one, same_objective(old, one)


def new_keys(before: Register, after: Register, archive: str) -> dict[str, str]:
    """Return by old key of a key result the key under which its answers continue.

    This is the key with the same words; else the old key archived (`archive` appended), if it now names another key result to
    which the answers do not apply. Unchanged keys are omitted.
    """
    moved = _paired(entries_of(before), entries_of(after))
    taken = {row.key: (objective, row) for objective, row in after.key_results()}
    found: dict[str, str] = {}
    for objective, row in before.key_results():
        if row.key in moved:
            found[row.key] = moved[row.key]
        elif row.key in taken and not _same_key_result(
            (objective, row), taken[row.key], same_period(before.period, after.period)
        ):
            found[row.key] = f"{row.key}{archive}"
    return {old: new for old, new in found.items() if old != new}


def new_objective_keys(before: Register, after: Register, archive: str) -> dict[str, str]:
    """Like `new_keys`, for objectives."""
    moved = _paired(*(entries_of(side, objectives=True) for side in (before, after)))
    taken = {one.key: one for one in after.objectives}
    found: dict[str, str] = {}
    for one in before.objectives:
        if one.key in moved:
            found[one.key] = moved[one.key]
        elif one.key in taken and not same_objective(one, taken[one.key]):
            found[one.key] = f"{one.key}{archive}"
    return {old: new for old, new in found.items() if old != new}


def back_again(gone: Sequence[Entry], after: Sequence[Entry]) -> dict[str, str]:
    """Map archived keys to the keys of entries that are back in the same words: in the same context, else if only one matches.

    Several archived keys may map to one entry, as when it was removed and added more than once.
    """
    found: dict[str, str] = {}
    for old, title, context in gone:
        alike = [(key, _plain(other)) for key, words, other in after if _plain(words) == _plain(title)]
        near = [key for key, other in alike if other == _plain(context)] or [key for key, _ in alike]
        if len(near) == 1:
            found[old] = near[0]
    return found


def entries_of(register: Register, *, objectives: bool = False) -> list[Entry]:
    """Return the register's key results, or its objectives, with their context."""
    if objectives:
        return [(o.key, o.title, " ".join(row.title for row in o.key_results)) for o in register.objectives]
    return [(row.key, row.title, objective.title) for objective, row in register.key_results()]


def _paired(before: Sequence[Entry], after: Sequence[Entry]) -> dict[str, str]:
    """Map old keys to new ones with the same title. Ties are broken by context, then key, then order; each new key is used only
    once, so that no entry inherits another's answers."""
    found: dict[str, str] = {}
    left = {key: (_plain(title), _plain(context)) for key, title, context in after}
    for by_context, by_key in ((True, True), (True, False), (False, True), (False, False)):
        for key, title, context in before:
            if key in found:
                continue
            words = (_plain(title), _plain(context)) if by_context else (_plain(title),)
            fits = (one for one, theirs in left.items() if theirs[: len(words)] == words and (one == key or not by_key))
            if (new := next(fits, None)) is not None:
                found[key] = new
                del left[new]
    return found


def _same_key_result(one: tuple[Objective, KeyResult], other: tuple[Objective, KeyResult], same_period: bool) -> bool:
    """Compare key results under one key: within one period and objective it is a rewording, otherwise words decide."""
    if same_period and same_objective(one[0], other[0]):
        return True
    return _alike(_words(one[1].title), _words(other[1].title)) >= WORDS


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def _alike(mine: frozenset[str], theirs: frozenset[str]) -> float:
    return len(mine & theirs) / len(mine | theirs) if mine | theirs else 0.0

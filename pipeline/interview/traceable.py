"""The one rule about whose answers a result is made of, so that no result, and no two side by side, tell of one person."""

from collections.abc import Callable, Sequence

LEAST, SEVERAL = 5, 3
"""Fewest answers of a result; fewest people by whom two results may differ, in either direction, if they differ at all."""
EARLIER = 4
"""So many results before a new one are held against it: a year of quarters."""


def counted(
    answered: frozenset[str], earlier: Sequence[frozenset[str]], order: Callable[[str], str], least: int = LEAST
) -> frozenset[str]:
    """Whose answers a result is made of; nobody's where none may be shown.

    `earlier` are those whose answers the results before it were made of. Against each of them: who is new is left out where that
    would be one or two people; where one or two are missing, others are left out too, in an order that nobody can foresee, until
    three are. What two results differ by is then the doing of nobody, or of three at least.
    """
    kept = set(answered)
    while len(kept) >= max(least, LEAST):
        smaller = _once(kept, earlier, order)
        if smaller == kept:
            return frozenset(kept)
        kept = smaller
    return frozenset()


def _once(kept: set[str], earlier: Sequence[frozenset[str]], order: Callable[[str], str]) -> set[str]:
    for before in earlier:
        new, gone = kept - before, before - kept
        if 0 < len(new) < SEVERAL:
            return kept - new
        if 0 < len(gone) < SEVERAL:
            return kept - set(sorted(kept & before, key=order)[: SEVERAL - len(gone)])
    return kept

"""The one rule for whose answers a result includes, so that no result, nor the difference of two, reveals one person."""

from collections.abc import Callable, Sequence

LEAST, SEVERAL = 5, 3
"""Fewest answers in a result; fewest people by whom two results may differ, in either direction, if they differ at all."""
EARLIER = 4
"""How many earlier results a new one is checked against: a year of quarters."""


def counted(
    answered: frozenset[str], earlier: Sequence[frozenset[str]], order: Callable[[str], str], least: int = LEAST
) -> frozenset[str]:
    """Return whose answers a result includes; empty if none may be shown.

    `earlier` are the respondents of earlier results. Against each of them: one or two new people are left out; if one or two are
    missing, others are left out as well, in an unpredictable order, until three are. The difference between two results then
    comes from nobody, or from at least three people.
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

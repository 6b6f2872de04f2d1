"""Which loads of a register were plans, and which were somebody's corrections of one."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

SET_UP = timedelta(days=7)
"""A version that held so long was meant."""
_BEGINNING = timedelta(days=28)
"""How long the first register may be worked on every few days until what it said must have been meant."""


def meant(days: Sequence[date]) -> list[int]:
    """Places of the loads that were plans, by the days on which they were loaded, oldest first; the last one always is.

    What is loaded within a week belongs together, as where a wrong file is put right: what held longest of it was the plan, the
    later of two. So of a register that is edited every few days the past is kept as well, from week to week.
    """
    found: list[int] = []
    group: list[int] = []
    for n, (at, after) in enumerate(pairwise(days)):
        group.append(n)
        if after - at >= SET_UP or after - days[group[0]] >= (SET_UP if found else _BEGINNING):
            found.append(max(group, key=lambda one: (days[one + 1] - days[one], one)))
            group = []
    return [*found, len(days) - 1] if days else []

"""Decide which loads of a register were plans, and which were corrected mistakes."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

SET_UP = timedelta(days=7)
"""A version that lasted this long was meant as a plan."""
_BEGINNING = timedelta(days=28)
"""How long the first register may be edited every few days before one of its versions counts as a plan."""


def meant(days: Sequence[date]) -> list[int]:
    """Return the indices of loads that were plans, from their days, oldest first; the last load is always one.

    Loads less than a week apart form a group, as when a wrong file is corrected: the longest-lived version of the group was the
    plan, the later of two equals. A register edited every few days thus keeps one version per week.
    """
    found: list[int] = []
    group: list[int] = []
    for n, (at, after) in enumerate(pairwise(days)):
        group.append(n)
        if after - at >= SET_UP or after - days[group[0]] >= (SET_UP if found else _BEGINNING):
            found.append(max(group, key=lambda one: (days[one + 1] - days[one], one)))
            group = []
    return [*found, len(days) - 1] if days else []

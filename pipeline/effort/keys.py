"""Arithmetic on keys: a number for a pair (or a person) and a day, so that sorted arrays can be searched for both at once."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
KEY = 1 << 21
"""More than there are days: pair * KEY + day."""


def weekday(day: Ints) -> Ints:
    """Number of the weekday, Saturdays and Sundays counting as the Monday after."""
    return (day - 1) // 7 * 5 + np.minimum((day - 1) % 7, 5)


def find(keys: Ints, wanted: Ints) -> tuple[Ints, Flags]:
    """Rows of `keys` (sorted) that are wanted, any where there is none, and whether there is one."""
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    return place, keys[place] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)


def between(keys: Ints, low: Ints, high: Ints) -> Ints:
    found: Ints = np.maximum(np.searchsorted(keys, high) - np.searchsorted(keys, low), 0)
    return found


def previous(keys: Ints, wanted: Ints, most: int) -> Ints:
    """The last key of the same person before each wanted one, at most `most` days before, else -1."""
    if not len(keys):
        return np.full(len(wanted), -1)
    place = np.searchsorted(keys, wanted) - 1
    key = keys[place]
    return np.where((place >= 0) & (key // KEY == wanted // KEY) & (wanted - key <= most), key, -1)


def following_day(keys: Ints, wanted: Ints, most: int) -> Ints:
    """The first key of the same person after each wanted one, at most `most` days after, else -1."""
    if not len(keys):
        return np.full(len(wanted), -1)
    key = keys[np.minimum(np.searchsorted(keys, wanted, side="right"), len(keys) - 1)]
    return np.where((key > wanted) & (key // KEY == wanted // KEY) & (key - wanted <= most), key, -1)

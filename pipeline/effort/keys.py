"""Integer keys that combine a pair (or a person) and a day, so that sorted arrays can be searched by both at once."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
KEY = 1 << 21
"""Larger than any day's ordinal: a key is pair * KEY + day."""


def weekday(day: Ints) -> Ints:
    """Return a running count of weekdays; Saturday and Sunday count as the following Monday."""
    return (day - 1) // 7 * 5 + np.minimum((day - 1) % 7, 5)


def find(keys: Ints, wanted: Ints) -> tuple[Ints, Flags]:
    """Return the row of each wanted key in the sorted `keys` (arbitrary if absent), and whether it is present."""
    place = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
    return place, keys[place] == wanted if len(keys) else np.zeros(len(wanted), dtype=bool)


def between(keys: Ints, low: Ints, high: Ints) -> Ints:
    found: Ints = np.maximum(np.searchsorted(keys, high) - np.searchsorted(keys, low), 0)
    return found


def previous(keys: Ints, wanted: Ints, most: int) -> Ints:
    """Return the last key of the same person before each wanted one, at most `most` days earlier, else -1."""
    if not len(keys):
        return np.full(len(wanted), -1)
    place = np.searchsorted(keys, wanted) - 1
    key = keys[place]
    return np.where((place >= 0) & (key // KEY == wanted // KEY) & (wanted - key <= most), key, -1)


def following_day(keys: Ints, wanted: Ints, most: int) -> Ints:
    """Return the first key of the same person after each wanted one, at most `most` days later, else -1."""
    if not len(keys):
        return np.full(len(wanted), -1)
    key = keys[np.minimum(np.searchsorted(keys, wanted, side="right"), len(keys) - 1)]
    return np.where((key > wanted) & (key // KEY == wanted // KEY) & (key - wanted <= most), key, -1)

"""Choose which of an item's probabilities to store: a company has hundreds of key results, and an item serves one or two."""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SMALLEST = 0.005
"""Smaller probabilities are stored as this value or not at all."""


def sparse(found: NDArray[np.float32], keys: Sequence[str], items: Sequence[str]) -> list[dict[str, float]]:
    """Return the probabilities to store for each item, by key result; the remainder up to one belongs to none.

    `found` is (items, key results + 1), `keys` names its columns except the last, `items` are the items' names. Work that
    serves nothing has a tiny probability for every key result, which together are several points of a share, so dropping them
    would bias every share downwards. Instead they are sampled systematically (Särndal, Swensson & Wretman 1992, 3.4): for every
    `SMALLEST` of an item's cumulative small probability, one of `SMALLEST` is stored. The starting point is a hash of the
    item's name, uniform over items, so sums are unbiased and an item keeps the same ones in any database, whichever row it has.
    """
    part = found[:, :-1].astype(np.float64)
    small = np.where(part < SMALLEST, part, 0) / SMALLEST
    begin = np.array([zlib.crc32(item.encode(errors="replace")) / 2**32 for item in items])
    passed = np.floor(small.cumsum(1) + begin[:, None])
    drawn = np.diff(passed, axis=1, prepend=0) > 0
    rows, columns = np.nonzero(drawn | (part >= SMALLEST))
    values = np.where(drawn, SMALLEST, part)[rows, columns]
    kept: list[dict[str, float]] = [{} for _ in found]
    for i, k, p in zip(rows.tolist(), columns.tolist(), values.tolist(), strict=True):
        kept[i][keys[k]] = round(p, 4)
    return kept

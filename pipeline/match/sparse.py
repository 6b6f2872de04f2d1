"""Which probabilities of an item are kept: a company has hundreds of key results, and an item serves one or two."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SMALLEST = 0.005
"""Smaller probabilities are kept as this one or not at all."""
_GOLDEN = (5**0.5 - 1) / 2


def sparse(found: NDArray[np.float32], keys: Sequence[str], items: Sequence[int]) -> list[dict[str, float]]:
    """The probabilities to keep of each item, by key result; what is missing to one belongs to none.

    `found` is (items, key results + 1), `keys` names its columns but the last, `items` are row ids. Each small probability is
    small, but most work that serves nothing has one for each key result, and together they are several points of a share: left
    out, every share is that much too low. So they are drawn (systematic sampling; Särndal, Swensson & Wretman 1992, 3.4): one
    of `SMALLEST` is kept for each `SMALLEST` that an item's small ones add up to, where the running sum passes a mark. Where
    an item's marks begin follows from its id, evenly over items (Weyl's sequence), so the expectation of each sum is as
    found, and the same item has the same ones every time.
    """
    part = found[:, :-1].astype(np.float64)
    small = np.where(part < SMALLEST, part, 0) / SMALLEST
    passed = np.floor(small.cumsum(1) + (np.asarray(items, dtype=np.float64)[:, None] * _GOLDEN) % 1)
    drawn = np.diff(passed, axis=1, prepend=0) > 0
    rows, columns = np.nonzero(drawn | (part >= SMALLEST))
    values = np.where(drawn, SMALLEST, part)[rows, columns]
    kept: list[dict[str, float]] = [{} for _ in found]
    for i, k, p in zip(rows.tolist(), columns.tolist(), values.tolist(), strict=True):
        kept[i][keys[k]] = round(p, 4)
    return kept

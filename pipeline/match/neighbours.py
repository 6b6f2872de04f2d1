"""The nearest neighbours of each item by text, outside its own thread or epic."""

import numpy as np
from numpy.typing import NDArray

from pipeline.match.graph import Links

Matrix = NDArray[np.float32]
NEIGHBOURS = 12
_BLOCK = 1024
_PARTS = 8


class Neighbours:
    """The nearest neighbours of each item outside its own tree; they depend on the vectors alone, so they are found once."""

    def __init__(self, links: Links, vectors: Matrix, among: NDArray[np.int64] | None = None) -> None:
        """`among`: positions that neighbours are taken from, needed if the other items were selected by content; None for all."""
        from scipy.sparse import csr_array  # slow to import, and most commands and workers match nothing

        places = np.arange(len(vectors)) if among is None else among
        n, count = len(vectors), min(NEIGHBOURS, max(1, len(places) - 1))
        others, roots = vectors[places], links.root[places]
        self.index = np.zeros((n, count), np.int64)
        self.weight = np.zeros((n, count), np.float32)
        for first in range(0, n, _BLOCK):
            rows = np.arange(first, min(first + _BLOCK, n))
            near = vectors[rows] @ others.T
            near[links.root[rows][:, None] == roots[None, :]] = -1
            best = _largest(near, count)
            best = np.take_along_axis(best, np.argsort(-np.take_along_axis(near, best, 1), 1), 1)
            self.index[rows] = places[best]
            self.weight[rows] = np.maximum(np.take_along_axis(near, best, 1), 0) ** 3
        ends = np.arange(0, n * count + 1, count)
        self._weights = csr_array((self.weight.ravel(), self.index.ravel(), ends), shape=(n, n))

    def mean(self, values: Matrix, rows: slice = slice(None)) -> Matrix:
        """Return the mean of (items, ...) values over the neighbours of each item (or of `rows`), weighted by similarity."""
        flat = values.reshape(len(values), -1)
        found: Matrix = self._weights[rows] @ flat / (self.weight[rows].sum(1) + 1e-6)[:, None]
        return found.reshape(-1, *values.shape[1:])


def _largest(values: Matrix, count: int) -> NDArray[np.int64]:
    """Return (rows, count): positions of the largest values of each row, unordered.

    They lie in the `count` segments of the row with the largest maxima, so only few values need to be partitioned.
    """
    rows, n = values.shape
    width = n // _PARTS
    if width <= count:
        return np.argpartition(values, n - count, 1)[:, n - count :]
    tops = values[:, : width * _PARTS].reshape(rows, _PARTS, width).max(1)
    part = np.argpartition(tops, width - count, 1)[:, width - count :]
    among = (part[:, :, None] + width * np.arange(_PARTS)).reshape(rows, -1)
    rest = np.broadcast_to(np.arange(width * _PARTS, n), (rows, n - width * _PARTS))
    among = np.concatenate([among, rest], 1)
    best = np.argpartition(np.take_along_axis(values, among, 1), among.shape[1] - count, 1)[:, among.shape[1] - count :]
    return np.take_along_axis(among, best, 1)

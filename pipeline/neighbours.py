"""The most alike texts of each item, outside its own thread or epic."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pipeline.links import Links

Matrix = NDArray[np.float32]
NEIGHBOURS = 12
_BLOCK = 1024


class Neighbours:
    """The most alike texts of each item outside its own tree; depends on the vectors alone, so it is found once."""

    def __init__(self, links: Links, vectors: Matrix) -> None:
        n, count = len(vectors), min(NEIGHBOURS, max(1, len(vectors) - 1))
        self.index = np.zeros((n, count), np.int64)
        self.weight = np.zeros((n, count), np.float32)
        for first in range(0, n, _BLOCK):
            rows = np.arange(first, min(first + _BLOCK, n))
            near = vectors[rows] @ vectors.T
            near[links.root[rows][:, None] == links.root[None, :]] = -1
            best = np.argpartition(near, n - count, 1)[:, n - count :]
            best = np.take_along_axis(best, np.argsort(-np.take_along_axis(near, best, 1), 1), 1)
            self.index[rows] = best
            self.weight[rows] = np.maximum(np.take_along_axis(near, best, 1), 0) ** 3
        ends = np.arange(0, n * count + 1, count)
        self._weights = csr_array((self.weight.ravel(), self.index.ravel(), ends), shape=(n, n))

    def mean(self, values: Matrix) -> Matrix:
        """Mean of (items, ...) values over each item's neighbours, the nearer the heavier."""
        flat = values.reshape(len(values), -1)
        found: Matrix = self._weights @ flat / (self.weight.sum(1) + 1e-6)[:, None]
        return found.reshape(values.shape)

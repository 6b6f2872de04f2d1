"""Features of an item's neighbourhood, given the previous step's probabilities: parent, children, thread, mentions, place and
similar items."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.match.conditional_logit import Features
from pipeline.match.graph import Links
from pipeline.match.moments import over, standardised
from pipeline.match.neighbours import Neighbours

if TYPE_CHECKING:
    from scipy.sparse import csr_array  # slow to import, and most commands and workers match nothing

Matrix = NDArray[np.float32]
_FLOOR = np.float32(0.02)
_ROWS = 256
"""Items per block of computed features, so that a block fits in the processor's cache."""
_LARGE = 64
"""In trees of more items than this, the tree's part of a centroid is summed directly; in smaller ones it follows from the
similarities within the tree."""
_LEAST = np.float32(1e-5)
"""A centroid no longer than this counts as zero: it is rounding error of a single-precision subtraction."""
_MOSTLY = 1e-3
"""If less than this fraction of a centroid's squared length remains without the tree, the difference of lengths is too
inexact."""


class Surroundings:
    """The connections between one company's items, as sparse matrices built once, and the features they yield."""

    def __init__(
        self, links: Links, vectors: Matrix, neighbours: Neighbours, usual: NDArray[np.int64] | None = None
    ) -> None:
        """`usual`: positions of the items that are representative of the company and of each place; None if all are."""
        self.usual = usual
        self.links, self.vectors, self.neighbours = links, vectors, neighbours
        self.tree = np.empty(len(links.root), np.int64)
        for number, members in enumerate(links.groups):
            self.tree[members] = number
        place = {name: i for i, name in enumerate(dict.fromkeys(links.places))}
        where = np.array([place[name] for name in links.places], dtype=np.int64)
        # A tree can span several places, and a place contains several trees.
        both, self.nook = np.unique(where * len(self.tree) + self.tree, return_inverse=True)
        self.place_of_nook = both // len(self.tree)

    def features(self, found: Matrix) -> Features:
        """Return the features of a later step. `found` is (items, key results + 1), the last column none."""
        links, last, base = self.links, found.shape[1] - 1, over(found, self.usual).mean(0)
        below, child_count = self._below
        named, name_count = self._named
        sums, size = self._trees @ found, np.bincount(self.tree).astype(np.float32)
        near, near_rank = self._confirmed(found[:, :last])
        alone = size[self.tree] == 1
        rest = self._rest_of_place(found, base)

        of_pair = ("first", "parent", "children", "siblings", "named", "place_lift", "place", "alike")
        pair = {name: np.empty((len(found), last), np.float32) for name in of_pair}
        item = {f"none_{name}": np.empty(len(found), np.float32) for name in of_pair if name != "place_lift"}
        usual = np.log(base[:last] + np.float32(0.01))
        for first in range(0, len(found), _ROWS):
            rows = slice(first, first + _ROWS)
            mine, tree = found[rows], self.tree[rows]
            values: dict[str, NDArray[np.floating]] = {
                "first": mine,
                "parent": np.where((links.parent[rows] >= 0)[:, None], found[links.parent[rows]], 0),
                "children": (below[rows] @ found) / np.maximum(child_count[rows], 1)[:, None],
                "siblings": np.where(alone[rows, None], 0, sums[tree] - mine) / np.maximum(size[tree] - 1, 1)[:, None],
                "named": (named[rows] @ found) / np.maximum(name_count[rows], 0.5)[:, None],
                "alike": self.neighbours.mean(found, rows),
            }
            _put(values, rows, pair, item)
            _put_place(rest[self.nook[rows]], usual, rows, pair, item)
        pair |= {"confirmed_near": near, "confirmed_near_rank": near_rank}
        item |= {
            name: values.astype(np.float32)
            for name, values in (
                ("in_group", ~alone),
                ("names_something", name_count > 0),
                ("has_children", child_count > 0),
            )
        }
        return Features(pair, item)

    def _rest_of_place(self, found: Matrix, base: Matrix) -> NDArray[np.floating]:
        """Per nook (tree x place): mean of the place without the item's tree, shrunk towards the company's mean."""
        in_nook, nook_size = self._nooks @ found, np.bincount(self.nook, self._counts).astype(np.float32)
        in_place = _sum_by(self.place_of_nook) @ in_nook
        rest: NDArray[np.floating] = in_place[self.place_of_nook] - in_nook + 3 * base
        rest /= (np.bincount(self.place_of_nook, nook_size)[self.place_of_nook] - nook_size + 3)[:, None]
        return rest

    @cached_property
    def _trees(self) -> Any:
        return _sum_by(self.tree)

    @cached_property
    def _nooks(self) -> Any:
        return _sum_by(self.nook, self._counts)

    @cached_property
    def _counts(self) -> Matrix:
        """1 for each item that is representative of its place, else 0."""
        counts = np.ones(len(self.nook), np.float32)
        if self.usual is not None:
            counts[:] = 0
            counts[self.usual] = 1
        return counts

    @cached_property
    def _below(self) -> "tuple[csr_array, Matrix]":
        parent = self.links.parent
        has = np.flatnonzero(parent >= 0)
        below = _sparse((np.ones(len(has), np.float32), (parent[has], has)), shape=(len(parent), len(parent)))
        return below, np.bincount(parent[has], minlength=len(parent)).astype(np.float32)

    @cached_property
    def _named(self) -> "tuple[csr_array, Matrix]":
        """Mentions in both directions: a message that names an issue is about it; being named counts half as much."""
        pairs = np.array(self.links.mentions, dtype=np.int64).reshape(-1, 2)
        weight = np.repeat(np.array([1, 0.5], np.float32), len(pairs))
        n = len(self.tree)
        who, whom = np.concatenate([pairs, pairs[:, ::-1]]).T
        named = _sparse((weight, (who, whom)), shape=(n, n))
        return named, np.bincount(who, weight, n).astype(np.float32)

    @cached_property
    def _within(self) -> Any:
        """Pairwise similarities within each tree of at most _LARGE items."""
        blocks, rows, columns = [], [], []
        for members in self.links.groups:
            if len(members) <= _LARGE:
                mine = self.vectors[members]
                blocks.append((mine @ mine.T).ravel())
                rows.append(np.repeat(members, len(members)))
                columns.append(np.tile(members, len(members)))
        n = len(self.tree)
        if not blocks:
            return _sparse((n, n), dtype=np.float32)
        return _sparse((np.concatenate(blocks), (np.concatenate(rows), np.concatenate(columns))), shape=(n, n))

    def _confirmed(self, found: Matrix) -> tuple[Matrix, Matrix]:
        """Similarity to the centroid of the items already on each key result (Rocchio), excluding the item's own tree.

        With T the sum over all items and S that over the item's tree, this is v (T - S) / |T - S|; the products with S follow
        from the similarities within the tree.
        """
        weight = found**2
        total: Matrix = weight.T @ self.vectors
        with_total: Matrix = self.vectors @ total.T
        with_own = self._within @ weight
        squared = (total.astype(np.float64) ** 2).sum(1)
        length = squared - self._trees @ (weight * (2 * with_total - with_own))
        near: Matrix = with_total - with_own
        near /= (np.sqrt(np.maximum(length, 0)).astype(np.float32) + _LEAST)[self.tree]
        coarse = length < _MOSTLY * squared
        coarse[np.bincount(self.tree) > _LARGE] = True
        for tree in np.flatnonzero(coarse.any(1)):
            members, some = self.links.groups[tree], np.flatnonzero(coarse[tree])
            mine = self.vectors[members]
            centre = total[some] - weight[np.ix_(members, some)].T @ mine
            centre /= np.linalg.norm(centre, axis=1, keepdims=True) + _LEAST
            near[np.ix_(members, some)] = mine @ centre.T
        return near, standardised(near, self.usual)


def _sparse(*given: Any, **more: Any) -> "csr_array":
    from scipy.sparse import csr_array

    return csr_array(*given, **more)


def _sum_by(group: NDArray[np.int64], weight: Matrix | None = None) -> Any:
    """Return a sparse (groups, members) matrix of ones, or of the members' weights."""
    shape = int(group.max()) + 1, len(group)
    ones = np.ones(len(group), np.float32) if weight is None else weight
    return _sparse((ones, (group, np.arange(len(group)))), shape=shape)


def _put(
    values: Mapping[str, NDArray[np.floating]], rows: slice, pair: Mapping[str, Matrix], item: Mapping[str, Matrix]
) -> None:
    """Write these rows' probabilities as features: log ratio of each key result to the floor; none as it is."""
    for name, value in values.items():
        last = value.shape[1] - 1
        item[f"none_{name}"][rows] = value[:, last]
        odds = np.add(value[:, :last], _FLOOR, out=pair[name][rows])
        np.log(odds, out=odds)
        odds -= np.log(_FLOOR)


def _put_place(
    value: NDArray[np.floating], usual: Matrix, rows: slice, pair: Mapping[str, Matrix], item: Mapping[str, Matrix]
) -> None:
    """Write the features of the rows' places: log probability of each key result, its lift over the company's, and none."""
    last = value.shape[1] - 1
    item["none_place"][rows] = value[:, last]
    place = np.add(value[:, :last], np.float32(0.01), out=pair["place"][rows])
    np.log(place, out=place)
    np.subtract(place, usual, out=pair["place_lift"][rows])

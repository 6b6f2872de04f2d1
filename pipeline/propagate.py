"""What the surroundings of an item say, given first probabilities: parent, children, thread, mentions, place, likeness."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from pipeline.fusion import Features
from pipeline.links import Links
from pipeline.neighbours import Neighbours

Matrix = NDArray[np.float32]
_FLOOR = 0.02


def surroundings(links: Links, vectors: Matrix, neighbours: Neighbours, found: Matrix) -> Features:
    """Features of the second step. `found` is (items, key results + 1), the last column none."""
    last = found.shape[1] - 1
    base = found.mean(0)
    parent = np.where((links.parent >= 0)[:, None], found[links.parent], 0)
    children, child_count = _children(links, found)
    siblings, alone = _siblings(links, found)
    named, name_count = _named(links, found)
    place = _place(links, found, base)
    alike = neighbours.mean(found)
    near, near_rank = _confirmed(links, vectors, found[:, :last])
    pair = {
        "first": _odds(found), "parent": _odds(parent), "children": _odds(children), "siblings": _odds(siblings),
        "named": _odds(named), "place_lift": np.log(place + 0.01) - np.log(base + 0.01),
        "place": np.log(place + 0.01), "alike": _odds(alike),
    }  # fmt: skip
    pairs = {name: values[:, :last] for name, values in pair.items()} | {
        "confirmed_near": near, "confirmed_near_rank": near_rank,
    }  # fmt: skip
    sources = (("first", found), ("parent", parent), ("children", children), ("siblings", siblings), ("named", named),
               ("place", place), ("alike", alike))  # fmt: skip
    item = {f"none_{name}": values[:, last] for name, values in sources}
    item |= {"in_group": ~alone, "names_something": name_count > 0, "has_children": child_count > 0}
    return Features(*(
        {name: values.astype(np.float32, copy=False) for name, values in part.items()} for part in (pairs, item)
    ))  # fmt: skip


def _children(links: Links, found: Matrix) -> tuple[Matrix, NDArray[np.float64]]:
    has = np.flatnonzero(links.parent >= 0)
    size = len(found)
    below = csr_array((np.ones(len(has), np.float32), (links.parent[has], has)), shape=(size, size))
    counts = np.bincount(links.parent[has], minlength=size).astype(float)
    mean: Matrix = (below @ found) / np.maximum(counts, 1).astype(np.float32)[:, None]
    return mean, counts


def _siblings(links: Links, found: Matrix) -> tuple[Matrix, NDArray[np.bool_]]:
    others, alone = np.zeros_like(found), np.ones(len(found), bool)
    for members in links.groups:
        if len(members) > 1:
            others[members] = (found[members].sum(0) - found[members]) / (len(members) - 1)
            alone[members] = False
    return others, alone


def _named(links: Links, found: Matrix) -> tuple[Matrix, NDArray[np.float64]]:
    """A message that names an issue is about it; to be named says half as much."""
    named, counts = np.zeros_like(found), np.zeros(len(found))
    for i, j in links.mentions:
        named[i] += found[j]
        named[j] += 0.5 * found[i]
        counts[i] += 1
        counts[j] += 0.5
    mean: Matrix = (named / np.maximum(counts, 0.5)[:, None]).astype(np.float32)
    return mean, counts


def _place(links: Links, found: Matrix, base: Matrix) -> Matrix:
    """Mean over the rest of the container, without the item's own tree, drawn towards the company's mean."""
    place = np.zeros_like(found)
    for members in links.containers:
        roots, inverse = np.unique(links.root[members], return_inverse=True)
        sums, counts = np.zeros((len(roots), found.shape[1]), np.float32), np.zeros(len(roots), np.float32)
        np.add.at(sums, inverse, found[members])
        np.add.at(counts, inverse, 1)
        rest, rest_count = sums.sum(0) - sums, counts.sum() - counts
        place[members] = ((rest + 3 * base) / (rest_count + 3)[:, None])[inverse]
    return place


def _confirmed(links: Links, vectors: Matrix, found: Matrix) -> tuple[Matrix, Matrix]:
    """Similarity to the centre of the items already on each key result (Rocchio), without the item's own tree."""
    weight = found**2
    total = weight.T @ vectors
    near = np.zeros_like(found)
    for members in links.groups:
        centre = total - weight[members].T @ vectors[members]
        centre /= np.linalg.norm(centre, axis=1, keepdims=True) + 1e-6
        near[members] = vectors[members] @ centre.T
    return near, (near - near.mean(0)) / (near.std(0) + 1e-6)


def _odds(values: Matrix) -> Matrix:
    found: Matrix = values + np.float32(_FLOOR)
    np.log(found, out=found)
    found -= np.float32(np.log(_FLOOR))
    return found

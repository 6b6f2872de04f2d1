"""Choose the items that are most worth labelling: those whose label would remove the most doubt.

Doubt is the probability that the current answer is wrong. A label removes the doubt about its item, nearly all of the doubt about
its tree (so epics, thread roots and deals are asked about rather than their children), and some about similar items. Items are
chosen greedily: doubt that one label removes does not count for the next (Krause & Golovin 2014, "Submodular function
maximization").
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.match.matcher import Matcher

TREE, ALIKE = 0.9, 0.5
"""Proportion of the doubt that a label removes for the rest of its tree, and at most for a similar item."""

UNSURE, MISJUDGED = 0.05, 0.85
"""Doubt that remains about the surest answer, since the probabilities may be wrong as a whole in an unusual company. It rises
from the first to the second where nearly all work is taken to be off plan (between the proportions of ALL_OFF): the probabilities
are then a poor guide to what to ask, and a few labels teach most on typical items (Hacohen et al. 2022, arXiv:2202.02794)."""
ALL_OFF = (0.65, 0.85)


def worth_asking(matcher: Matcher, found: NDArray[np.float32], count: int, labelled: set[str]) -> list[str]:
    """Return the ids of at most `count` items, most informative first. `found` is the result of Matcher.probabilities."""
    links, neighbours, found = matcher.links, matcher.neighbours, found[matcher.core]
    unsure = np.interp(found[:, -1].mean(), ALL_OFF, (UNSURE, MISJUDGED))
    doubt = (1 - (1 - unsure) * found.max(1)).astype(np.float64)
    known = [int(matcher.following.speaker[matcher.position[id_]]) for id_ in labelled if id_ in matcher.position]
    roots = links.root
    for i in known:
        _settle(doubt, i, roots, neighbours.index, neighbours.weight)
    asked: list[str] = []
    candidates = np.unique(roots).tolist()
    # Asking about an item other than its root would be less informative; people cannot judge an item without words.
    candidates = [i for i in candidates if links.items[i].words and links.items[i].id not in labelled]
    while candidates and len(asked) < count:
        tree = np.bincount(roots, weights=doubt, minlength=len(doubt))
        gain = doubt[candidates] * (1 - TREE) + TREE * tree[candidates]
        gain += ALIKE * (neighbours.weight[candidates] * doubt[neighbours.index[candidates]]).sum(1)
        best = candidates.pop(int(np.argmax(gain)))
        asked.append(links.items[best].id)
        _settle(doubt, best, roots, neighbours.index, neighbours.weight)
    return asked


def _settle(
    doubt: NDArray[np.float64],
    i: int,
    roots: NDArray[np.int64],
    index: NDArray[np.int64],
    weight: NDArray[np.float32],
) -> None:
    doubt[roots == roots[i]] *= 1 - TREE
    doubt[i] = 0.0
    doubt[index[i]] *= 1 - ALIKE * np.clip(weight[i], 0, 1)

"""Which items are worth a person's label: where it would settle the most doubt.

Doubt is the probability that the present answer is wrong. A label settles that of its own item, nearly all of its
tree's (an epic, thread root or deal is therefore asked about rather than its children), and some of the alike items'.
Chosen greedily: what one label settles is not counted for the next (Krause & Golovin 2014, "Submodular function
maximization").
"""

import numpy as np
from numpy.typing import NDArray

from pipeline.match.matcher import Matcher

TREE, ALIKE = 0.9, 0.5
"""Part of the doubt that a label settles for the rest of its tree, and at most for an alike item."""

UNSURE, MISJUDGED = 0.05, 0.85
"""Doubt that remains about the surest answer: the probabilities may be wrong as a whole in a company unlike the others. Much
of it remains where nearly all work is taken for off the plan (from, and fully at, these parts of it): what was found says little
then about what is worth asking, and few labels teach most on typical items (Hacohen et al. 2022, arXiv:2202.02794)."""
ALL_OFF = (0.65, 0.85)


def worth_asking(matcher: Matcher, found: NDArray[np.float32], count: int, labelled: set[str]) -> list[str]:
    """Ids of at most `count` items, the most telling first. `found` is what Matcher.probabilities gives."""
    links, neighbours, found = matcher.links, matcher.neighbours, found[matcher.core]
    unsure = np.interp(found[:, -1].mean(), ALL_OFF, (UNSURE, MISJUDGED))
    doubt = (1 - (1 - unsure) * found.max(1)).astype(np.float64)
    known = [int(matcher.following.speaker[matcher.position[id_]]) for id_ in labelled if id_ in matcher.position]
    roots = links.root
    for i in known:
        _settle(doubt, i, roots, neighbours.index, neighbours.weight)
    asked: list[str] = []
    candidates = np.unique(roots).tolist()
    # An item asked about in place of its root would say less; one without words cannot be judged at all.
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

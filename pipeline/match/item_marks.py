"""Features of a single item that do not depend on the register: words, length, kind and place."""

import re
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pipeline.match.graph import Links
from pipeline.said import TERSE, count_words
from pipeline.sources import about_customers

Matrix = NDArray[np.float32]
_BOT = re.compile(r"\s*\[[A-Za-z ]+\]")
_DIGIT = re.compile(r"\d")
_CHATTER = re.compile(r"[\U0001F300-\U0001FAFF]|:\w+:|\b(lol|haha|thx|thanks)\b")
_SOCIAL = {"#random", "#general", "#fun", "#offtopic"}


class ItemMarks:
    """Computed once for all registers that the same items are matched against."""

    def __init__(self, links: Links, vectors: Matrix) -> None:
        self.links = links
        self.words = [item.words for item in links.items]
        self.lengths = np.array([count_words(words) for words in self.words])
        self.group_vectors = _group_vectors(links, vectors, self.lengths)
        self.titles = float(np.mean([bool(item.title and not item.text) for item in links.items]))

    @cached_property
    def of_words(self) -> dict[str, NDArray[np.generic]]:
        """Length of the item, and size of its tree."""
        return {
            "length": np.log1p(self.lengths),
            "terse": self.lengths <= TERSE,
            "group_size": np.log(self.links.tree_size),
        }

    @cached_property
    def of_place(self) -> dict[str, NDArray[np.generic]]:
        """Parent, place, and signs of who wrote it."""
        items = self.links.items
        return {
            "has_parent": self.links.parent >= 0,
            "customers": np.array([about_customers(i.source) for i in items]),
            "bot": np.array([i.automated or bool(_BOT.match(w)) for i, w in zip(items, self.words, strict=True)]),
            "digits": np.array([bool(_DIGIT.search(w)) for w in self.words]),
            "chatter_marks": np.array([bool(_CHATTER.search(w)) for w in self.words]),
            "social": np.array([i.container.lower() in _SOCIAL for i in items]),
        }

    @cached_property
    def of_kind(self) -> dict[str, NDArray[np.generic]]:
        """Kind of item."""
        kinds = ("message", "deal", "ticket", "epic", "bug", "task")
        return {f"is_{kind}": np.array([i.kind == kind for i in self.links.items]) for kind in kinds}


def _group_vectors(links: Links, vectors: Matrix, lengths: NDArray[np.int64]) -> Matrix:
    weights = (np.minimum(lengths, 30) + 1).astype(np.float32)[:, None]
    summed = np.zeros_like(vectors)
    for members in links.groups:
        summed[members] = (vectors[members] * weights[members]).sum(0)
    found: Matrix = summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-9)
    return found

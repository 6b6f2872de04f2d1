"""LoadedItem items to key results: text, links, teams and people's labels fused to calibrated probabilities.

Three steps. The first looks at each item alone (features.py), the second and third also at what the step before found
around it (propagate.py), so that evidence travels from an epic over its stories to their threads. Each is a conditional
logit (fusion.py) with weights that were fitted on labelled companies and hold no words; they are shipped in
weights/fusion.json, made by benchmarks/fit_fusion.py. docs/matching.md explains the method.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from pipeline.encode.encoder import Encoder
from pipeline.items import Item
from pipeline.match import fewshot
from pipeline.match.conditional_logit import Features, Fusion
from pipeline.match.context_features import Surroundings
from pipeline.match.graph import Links
from pipeline.match.item_features import ItemEvidence
from pipeline.match.neighbours import Neighbours
from pipeline.register.document import Register

Matrix = NDArray[np.float32]
_DECLARED = 0.97


@cache
def shipped_weights() -> tuple[Fusion, ...]:
    """The weights of each step."""
    data = json.loads(files("pipeline.match").joinpath("weights/fusion.json").read_text(encoding="utf-8"))
    return tuple(Fusion.from_json(step) for step in data["steps"])


@cache
def weights_fingerprint() -> str:
    """A name for the weights: where it differs, matches of before are out of date."""
    return hashlib.sha256(files("pipeline.match").joinpath("weights/fusion.json").read_bytes()).hexdigest()[:16]


class Matcher:
    """All items of one company, ready to be matched. Raises ModelError where the encoder cannot be loaded."""

    def __init__(
        self, register: Register, items: Sequence[Item], encoder: Encoder, vectors: Matrix | None = None
    ) -> None:
        """`vectors` are the items' own, in their order, where they are stored already."""
        self.register, self.links = register, Links(items)
        self.keys = [key_result.key for _, key_result in register.key_results()]
        self.vectors = encode_items(items, encoder) if vectors is None else vectors
        self.neighbours = Neighbours(self.links, self.vectors)
        self.first = ItemEvidence(register, self.links, self.vectors, self.neighbours, encoder).features()
        self.surroundings = Surroundings(self.links, self.vectors, self.neighbours)
        self.declared = self._declared()

    def around(self, found: Matrix) -> Features:
        """Features of a later step, given the probabilities found so far."""
        return self.first.beside(self.surroundings.features(found))

    def probabilities(
        self, labels: Mapping[str, str | None] | None = None, weights: Sequence[Fusion] | None = None,
        settled: Mapping[int, Matrix] | None = None,
    ) -> tuple[Matrix, Features]:  # fmt: skip
        """(items, key results + 1) and the features of the last step. Labels by item id; None is no key result.

        `settled` are rows of items that were matched before, by position: they tell about the others and stay.
        """
        steps, known = weights or shipped_weights(), self._labelled(labels or {})
        found, features = self._walk(steps, {**(settled or {}), **self.declared})
        if not known:
            return found, features
        unlabelled, fixed = found, {**(settled or {}), **self.declared, **known}
        found, features = self._walk(steps, fixed)
        if len(known) >= fewshot.LEAST:
            rows = np.array(list(known), dtype=np.int64)
            answers: NDArray[np.int64] = np.array([row.argmax() for row in known.values()], dtype=np.int64)
            found = self._fix(fewshot.adapt(found, unlabelled, self.vectors, rows, answers), fixed)
        return found, features

    def _walk(self, steps: Sequence[Fusion], fixed: Mapping[int, Matrix]) -> tuple[Matrix, Features]:
        features = self.first
        found = self._fix(steps[0].predict(features), fixed)
        for step in steps[1:]:
            del features  # those of a step are a good part of the memory
            features = self.around(found)
            found = self._fix(step.predict(features), fixed)
        return found, features

    @cached_property
    def nearest(self) -> list[float]:
        """Similarity of each item's text to the key result that it is nearest to."""
        best: list[float] = self.first.pair["near"].max(1).tolist()
        return best

    def _labelled(self, labels: Mapping[str, str | None]) -> dict[int, Matrix]:
        fixed = {}
        for id_, key in labels.items():
            if id_ in self.links.position and (key is None or key in self.keys):
                fixed[self.links.position[id_]] = self._row(key, 1.0)
        return fixed

    def _declared(self) -> dict[int, Matrix]:
        """Items that the register itself assigns by an epic, label, channel, project or pipeline."""
        owner: dict[tuple[str, str], str] = {}
        for _, key_result in self.register.key_results():
            scope = key_result.scope
            for kind, given in (("item", scope.items), ("label", scope.labels), ("container", scope.containers)):
                owner |= {(kind, name.lower()): key_result.key for name in given}
        fixed: dict[int, Matrix] = {}
        if not owner:
            return fixed
        for i, item in enumerate(self.links.items):
            trees = [item.id, item.key or "", item.parent or ""]
            if self.links.parent[i] >= 0:
                trees.append(self.links.items[self.links.parent[i]].key or "")
            names = [*(("item", name) for name in trees), *(("label", label) for label in item.labels)]
            names.append(("container", item.container))
            key = next((owner[kind, name.lower()] for kind, name in names if (kind, name.lower()) in owner), None)
            if key:
                fixed[i] = self._row(key, _DECLARED)
        return fixed

    def _row(self, key: str | None, probability: float) -> Matrix:
        row = np.full(len(self.keys) + 1, (1 - probability) / max(1, len(self.keys)), np.float32)
        row[len(self.keys) if key is None else self.keys.index(key)] = probability
        return row

    @staticmethod
    def _fix(found: Matrix, fixed: Mapping[int, Matrix]) -> Matrix:
        for i, row in fixed.items():
            found[i] = row
        return found


def encode_items(items: Sequence[Item], encoder: Encoder) -> Matrix:
    """(items, dimension) float32, zero where an item has no words; each distinct text is encoded once."""
    words = [item.words for item in items]
    distinct = list(dict.fromkeys(text for text in words if text)) or ["-"]
    vectors = encoder.encode(distinct).astype(np.float32)
    row = {text: i for i, text in enumerate(distinct)}
    found = np.zeros((len(items), vectors.shape[1]), np.float32)
    for i, text in enumerate(words):
        if text:
            found[i] = vectors[row[text]]
    return found

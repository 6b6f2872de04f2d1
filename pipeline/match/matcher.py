"""Match work items to key results: text, links, teams and people's labels, fused into calibrated probabilities.

There are three steps. The first looks at each item alone (item_features.py); the second and third add what the previous step
found in the item's neighbourhood (context_features.py), so evidence propagates from an epic through its stories to their
threads. Each step is a conditional logit (conditional_logit.py) whose weights were fitted on labelled companies and contain no
words. The weights files are weights/fusion.json; weights/undirected.json for vectors of a model other than the bundled one (both
from benchmarks/fit_fusion.py); and weights/alone.json for companies whose work is a bare list of titles (told_by.py), fitted on
real titles as well by benchmarks/fit_alone.py. docs/matching.md explains the method.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from connectors.base import ItemKind
from pipeline.encode.encoder import Encoder
from pipeline.items import Item
from pipeline.match import attention, fewshot
from pipeline.match.conditional_logit import Features, Fusion
from pipeline.match.context_features import Surroundings
from pipeline.match.following import Following
from pipeline.match.graph import Links
from pipeline.match.item_features import ItemEvidence
from pipeline.match.item_marks import ItemMarks
from pipeline.match.neighbours import Neighbours
from pipeline.match.teams import teams_of
from pipeline.register.document import Register

Matrix = NDArray[np.float32]
_DECLARED = 0.97
FOLLOWS = 0.97
"""Probability that an item serves the same key result as the labelled item it follows."""
_PLANNED, _OTHER, _NO_TEAMS = np.exp(np.array([0.2, 0.6, 0.5], np.float32))
"""Factors on the odds of top-priority key results, since most work on objectives goes to the first ones where plans are followed
at all: for issues, pull requests and commits; for everything else (messages, mail, customers' records), which says less; and for
all items where teams do not show what work is for. docs/matching.md has the measurements; a fall stays as visible as before."""
_OTHER_KINDS = {
    ItemKind.MESSAGE,
    ItemKind.MAIL,
    ItemKind.DEAL,
    ItemKind.TICKET,
    ItemKind.CALL,
    ItemKind.MEETING,
    ItemKind.EMAIL,
    ItemKind.NOTE,
}


WeightSet = Literal["fusion", "undirected", "alone"]
"""Fitted for the bundled model's vectors, for those of another model, and for companies whose work is a list of titles."""


@cache
def shipped_weights(name: WeightSet = "fusion") -> tuple[Fusion, ...]:
    """Return each step's weights."""
    return tuple(Fusion.from_json(step) for step in json.loads(_weights_file(name))["steps"])


def _weights_file(name: str) -> bytes:
    return files("pipeline.match").joinpath(f"weights/{name}.json").read_bytes()


@cache
def weights_fingerprint() -> str:
    """Return a hash of all weights files; when it changes, existing matches are out of date."""
    return hashlib.sha256(b"".join(_weights_file(name) for name in get_args(WeightSet))).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Belief:
    """Probabilities `found`, (items, key results + 1), and the features of the last step.

    `stands` flags the items whose probabilities were fixed by people, the register or an earlier match.
    """

    found: Matrix
    stands: NDArray[np.bool_]
    features: Features


class Matcher:
    """All items of one company, ready to be matched. Raises ModelError if the encoder cannot be loaded.

    `links`, `vectors`, `neighbours` and the features cover only items that are matched on their own content
    (`following.core`); the result of `probabilities` has one row for every item.
    """

    def __init__(
        self,
        register: Register,
        items: Sequence[Item],
        encoder: Encoder,
        vectors: Matrix | None = None,
        usual: NDArray[np.int64] | None = None,
    ) -> None:
        """`vectors`: the items' text vectors, in order, if already stored. `usual`: positions of the items that are
        representative of the company, needed if the others were selected by content; None if all are."""
        self.items, self.following = items, Following(items)
        self.position, self.core = self.following.position, self.following.core
        teams = teams_of(items, self.following)
        speaking = [
            _linked(items[i], self.following, i, team) for i, team in zip(self.core.tolist(), teams, strict=True)
        ]
        self.links = Links(speaking)
        self.vectors = encode_items(speaking, encoder) if vectors is None else vectors[self.core]
        if usual is not None:
            usual = np.flatnonzero(np.isin(self.core, usual)) if np.isin(usual, self.core).any() else None
        self.usual, self.neighbours = usual, Neighbours(self.links, self.vectors, usual)
        self.surroundings = Surroundings(self.links, self.vectors, self.neighbours, usual)
        self.came_back = attention.features(items, self.following)
        self.marks = ItemMarks(self.links, self.vectors)
        self._read(register, encoder)

    def _read(self, register: Register, encoder: Encoder) -> None:
        """Compute everything that depends on the register."""
        self.register, self.keys = register, [key_result.key for _, key_result in register.key_results()]
        evidence = ItemEvidence(register, self.links, self.vectors, self.neighbours, encoder, self.usual, self.marks)
        self.first, self.alone = evidence.features().beside(self.came_back), evidence.alone
        self.odds = self._odds(evidence.told)
        self.declared = self._declared()

    def _odds(self, teams_tell: bool) -> Matrix:
        """Return (items of the core, key results + 1): the priorities' factors on the odds."""
        of = np.array([_OTHER if item.kind in _OTHER_KINDS else _PLANNED for item in self.links.items], np.float32)
        if not teams_tell:
            of[:] = _NO_TEAMS
        top = self.register.top()
        first = [objective.key in top for objective, _ in self.register.key_results()]
        return np.where([*first, False], of[:, None], np.float32(1))

    def beside(self, register: Register, encoder: Encoder) -> "Matcher":
        """Return a matcher of the same items against another register, sharing what depends on the items alone."""
        other = copy(self)
        other.__dict__.pop("nearest", None)  # cached for the other register
        other._read(register, encoder)
        return other

    def around(self, found: Matrix) -> Features:
        """Return the features of a later step, given the probabilities found so far."""
        return self.first.beside(self.surroundings.features(found))

    def probabilities(
        self,
        labels: Mapping[str, str | None] | None = None,
        weights: Sequence[Fusion] | None = None,
        settled: Mapping[int, Matrix] | None = None,
    ) -> tuple[Matrix, Features]:
        """Return probabilities, (items, key results + 1), and the features of the last step.

        `labels` are by item id; None means no key result. `settled` are rows of previously matched items, by position: they serve
        as evidence for the others and are kept as they are.
        """
        belief = self.believe(labels, weights, settled)
        return belief.found, belief.features

    def believe(
        self,
        labels: Mapping[str, str | None] | None = None,
        weights: Sequence[Fusion] | None = None,
        settled: Mapping[int, Matrix] | None = None,
    ) -> Belief:
        """As `probabilities`, but also report which items are fixed."""
        steps, own, known = weights or self.weights, *self._labelled(labels or {})
        speaker = self.following.speaker
        before = {int(speaker[i]): row for i, row in (settled or {}).items() if not self.following.silent[i]}
        found, features = self._walk(steps, before, self.declared)
        unlabelled, said = found, {**self.declared, **self._spread(known)}
        fixed = {**before, **said}
        if known:
            found, features = self._walk(steps, before, said)
            if len(known) >= fewshot.LEAST:
                rows, answers = (np.array(part, dtype=np.int64) for part in (list(known), list(known.values())))
                stream = self.links.root[rows]
                taught = fewshot.adapt(found, unlabelled, self.vectors, rows, answers, stream)
                found = self._shrunk(taught, fixed)
        themselves = {i: self.row(column, 1.0) for i, column in own.items()}
        stands = np.isin(speaker, list(fixed))
        stands[list(themselves)] = True
        return Belief(self._fix(found[speaker], themselves), stands, features)

    def _walk(
        self, steps: Sequence[Fusion], before: Mapping[int, Matrix], said: Mapping[int, Matrix]
    ) -> tuple[Matrix, Features]:
        """Run all steps, given rows found `before` and rows that people or the register fixed (`said`).

        The priority odds are applied once, after the last step.
        """
        known = {**{i: _shifted(row, np.float32(1) / self.odds[i]) for i, row in before.items()}, **said}
        features = self.first
        found = steps[0].predict(features)
        for step in steps[1:]:
            del features  # a step's features take up much of the memory
            features = self.around(self._shrunk(found, known))
            found = step.predict(features)
        return self._shrunk(_shifted(found, self.odds), {**before, **said}), features

    def _shrunk(self, found: Matrix, fixed: Mapping[int, Matrix]) -> Matrix:
        return self.following.shrink(self._fix(found, fixed), set(fixed))

    @property
    def weights(self) -> tuple[Fusion, ...]:
        """The shipped weights for this kind of company."""
        return shipped_weights("alone" if self.alone else "fusion" if self.first.text else "undirected")

    @cached_property
    def nearest(self) -> list[float]:
        """Similarity of each item's text to its nearest key result."""
        best: list[float] = self.first.pair["near"].max(1).tolist()
        return best

    def _labelled(self, labels: Mapping[str, str | None]) -> tuple[dict[int, int], dict[int, int]]:
        """Return the answers' columns by position, and by index within the core.

        The answer to an item without content of its own counts for the item it follows, unless that has its own answer.
        """
        own: dict[int, int] = {}
        for id_, key in labels.items():
            if id_ in self.position and (key is None or key in self.keys):
                own[self.position[id_]] = len(self.keys) if key is None else self.keys.index(key)
        core: dict[int, int] = {}
        for i in sorted(own, key=lambda i: (self.following.silent[i], i)):
            core.setdefault(int(self.following.speaker[i]), own[i])
        return own, core

    def _spread(self, known: Mapping[int, int]) -> dict[int, Matrix]:
        """Return rows for the answered items and for everything that follows them."""
        answers = self.following.spread(dict(known))
        return {i: self.row(column, 1.0 if i in known else FOLLOWS) for i, column in answers.items()}

    def _declared(self) -> dict[int, Matrix]:
        """Return rows for items that the register assigns explicitly by epic, label, channel, project or pipeline."""
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
                fixed[i] = self.row(self.keys.index(key), _DECLARED)
        return fixed

    def row(self, column: int, probability: float) -> Matrix:
        """Return a row with `probability` on one column (the last is none) and the rest spread evenly over the others."""
        row = np.full(len(self.keys) + 1, (1 - probability) / max(1, len(self.keys)), np.float32)
        row[column] = probability
        return row

    @staticmethod
    def _fix(found: Matrix, fixed: Mapping[int, Matrix]) -> Matrix:
        for i, row in fixed.items():
            found[i] = row
        return found


def _shifted(found: Matrix, odds: Matrix) -> Matrix:
    """Multiply the odds of each column and renormalise; for one row or many."""
    moved = found * odds
    shifted: Matrix = moved / moved.sum(-1, keepdims=True)
    return shifted


def _linked(item: Item, following: Following, i: int, team: str | None) -> Item:
    """Return the item with `team` set, reattached to the nearest ancestor that has content of its own."""
    parent, above = item.parent, following.position.get(item.parent or "", -1)
    if above >= 0 and following.silent[above]:
        speaks = int(following.core[following.speaker[above]])
        parent = parent if speaks == i else following.items[speaks].id
    return item if (team, parent) == (item.team, item.parent) else replace(item, team=team, parent=parent)


def encode_items(items: Sequence[Item], encoder: Encoder) -> Matrix:
    """Return (items, dimension) float32, zero for an item without words; each distinct text is encoded once."""
    words = [item.words for item in items]
    distinct = list(dict.fromkeys(text for text in words if text)) or ["-"]
    vectors = encoder.encode(distinct).astype(np.float32)
    row = {text: i for i, text in enumerate(distinct)}
    found = np.zeros((len(items), vectors.shape[1]), np.float32)
    for i, text in enumerate(words):
        if text:
            found[i] = vectors[row[text]]
    return found

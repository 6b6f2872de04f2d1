"""Features of a single item and each key result: similarity of wording, team, position in the tree. No feature is a word.

Each similarity is given raw, corrected for hubness (a vaguely worded key result is close to everything: cross-domain similarity
local scaling, Conneau et al. 2018, arXiv:1710.04087), and standardised over the items.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from pipeline.encode.encoder import BUNDLED_NAME, Encoder
from pipeline.match.chunking import CHUNK, SAMPLE
from pipeline.match.conditional_logit import Features
from pipeline.match.graph import Links
from pipeline.match.item_marks import ItemMarks
from pipeline.match.moments import moments, over, standardised
from pipeline.match.neighbours import Neighbours
from pipeline.match.ngrams import NGrams
from pipeline.match.told_by import is_list
from pipeline.register.document import KeyResult, Objective, Register

Matrix = NDArray[np.float32]


@cache
def anchors() -> dict[str, list[str]]:
    """Return generic sentences that typify routine work, chatter and one-off projects."""
    text = files("pipeline.match").joinpath("anchors.yaml").read_text(encoding="utf-8")
    return {name: list(sentences) for name, sentences in yaml.safe_load(text).items()}


class ItemEvidence:
    """Build the features of the first step for one company."""

    def __init__(
        self,
        register: Register,
        links: Links,
        vectors: Matrix,
        neighbours: Neighbours,
        encoder: Encoder,
        usual: NDArray[np.int64] | None = None,
        marks: ItemMarks | None = None,
    ) -> None:
        """`usual`: positions of representative items, needed if the others were selected by content; None if all are. `marks`:
        the items' own features, if already computed."""
        self.usual = usual
        self.links, self.vectors, self.neighbours = links, vectors, neighbours
        self.encoder: Any = encoder
        self.key_results: list[tuple[Objective, KeyResult]] = list(register.key_results())
        self.register = register
        self.marks = marks or ItemMarks(links, vectors)
        self.words, self.group_vectors = self.marks.words, self.marks.group_vectors
        # A single team, or key results that all name the same teams, carries no information: treat it as if no team were known.
        self.told = len({item.team for item in links.items if item.team}) > 1 and register.teams_differ
        self.teams = [item.team if self.told else None for item in links.items]
        self.alone = not self.told and is_list(float((links.parent >= 0).mean()), self.marks.titles)
        # The fitted directions are meaningless in another model's vector space.
        self.directed = encoder.name.startswith(BUNDLED_NAME)

    def features(self) -> Features:
        """Return all features; their names describe them."""
        pair: dict[str, Matrix] = {}
        item: dict[str, NDArray[np.generic]] = {}
        own, group = self._similarities(pair)
        self._lexical(pair)
        in_team = self._teams(pair)
        self._contrast(item, own, group)
        item |= {
            **self.marks.of_words,
            "no_team": np.array([team is None for team in self.teams]),
            "team_without_key_result": in_team.sum(1) == 0,
            **self.marks.of_place,
            "best_local": pair["near_local"].max(1),
            "best_rank": pair["near_rank"].max(1),
            "group_best_rank": pair["group_near_rank"].max(1),
            **self.marks.of_kind,
        }
        self._alike(pair, item)
        self._among_the_team(pair, item)
        return Features(
            pair,
            {name: values.astype(np.float32) for name, values in item.items()},
            {"own": self.vectors, "tree": self.group_vectors} if self.directed else {},
        )

    def _similarities(self, pair: dict[str, Matrix]) -> tuple[Matrix, Matrix]:
        aims = targets(self.register, self.encoder)
        objectives = self._encode([o.title for o, _ in self.key_results])
        own: Matrix = self.vectors @ aims.T
        group: Matrix = self.group_vectors @ aims.T
        parent = self.links.parent
        above = np.where((parent >= 0)[:, None], own[parent], 0)
        pair |= {
            "near": own,
            "near_local": _local(own, self.usual),
            "near_rank": standardised(own, self.usual),
            "group_near": group,
            "group_near_local": _local(group, self.usual),
            "group_near_rank": standardised(group, self.usual),
            "parent_near": above,
            "objective_near_rank": standardised(self.vectors @ objectives.T, self.usual),
        }
        return own, group

    def _lexical(self, pair: dict[str, Matrix]) -> None:
        """Add shared character n-grams, which catch what embeddings blur: product names, abbreviations, people's names."""
        from scipy.sparse import csr_array

        titles = [f"{k.title} {k.description} {' '.join(k.aliases)} {o.title}" for o, k in self.key_results]
        ngrams = NGrams([*self.words, *titles])
        of_texts = ngrams.counts[: len(self.words)]
        # Dense: most key results share some n-gram with each text, and a product of two sparse matrices takes six times as long.
        targets = ngrams.weigh(ngrams.counts[len(self.words) :]).T.toarray()
        own = ngrams.weigh(of_texts) @ targets
        root = self.links.root
        together = csr_array(
            (np.ones(len(root), np.float32), (root, np.arange(len(root)))), shape=(len(root), len(root))
        )
        # Once per tree: its members share the words of the whole tree.
        tops, member = np.unique(root, return_inverse=True)
        group = (ngrams.weigh(together[tops] @ of_texts) @ targets)[member]
        pair |= {
            "shared_words": own,
            "shared_words_rank": standardised(own, self.usual),
            "group_shared_words_rank": standardised(group, self.usual),
        }

    def _teams(self, pair: dict[str, Matrix]) -> Matrix:
        lead = {team.lead: team.key for team in self.register.teams if team.lead}
        teams = self.teams
        known = sorted({team for team in teams if team})
        place = {team: i for i, team in enumerate(known)}
        table = np.zeros((4, len(known) + 1, len(self.key_results)), np.float32)  # the last row: no team
        for team, i in place.items():
            for k, (_, key_result) in enumerate(self.key_results):
                if key_result.teams:
                    mine = team in key_result.teams
                    table[:, i, k] = (
                        mine,
                        not mine,
                        lead.get(key_result.owner or "") == team,
                        key_result.teams[0] == team,
                    )
        inside: Matrix
        inside, outside, owner, first = table[:, [place.get(team or "", -1) for team in teams]]
        pair |= {
            "in_team": inside,
            "out_of_team": outside,
            "owner_team": owner,
            "first_team": first,
            "only_team": inside / np.maximum(inside.sum(1, keepdims=True), 1),
        }
        return inside

    def _contrast(self, item: dict[str, NDArray[np.generic]], own: Matrix, group: Matrix) -> None:
        most_own, most_group = np.full(len(own), -1.0), np.full(len(own), -1.0)
        for name, sentences in anchors().items():
            general = self._encode(sentences).T
            one, many = self.vectors @ general, self.group_vectors @ general
            item[f"{name}_near"], item[f"{name}_group_near"] = _best(one, 2, 1), _best(many, 2, 1)
            most_own, most_group = np.maximum(most_own, one.max(1)), np.maximum(most_group, many.max(1))
        item["margin"], item["group_margin"] = own.max(1) - most_own, group.max(1) - most_group

    def _alike(self, pair: dict[str, Matrix], item: dict[str, NDArray[np.generic]]) -> None:
        """Average the same similarities over similar items: one terse text says little, a dozen similar ones say a lot."""
        mean = self.neighbours.mean
        for name in ("near_rank", "near_local", "shared_words_rank", "group_near_rank"):
            pair[f"alike_{name}"] = mean(pair[name])
        for name in ("margin", "group_margin", "routine_near", "one_off_near", "chatter_near"):
            item[f"alike_{name}"] = mean(item[name].astype(np.float32))
        item["alike_best_rank"] = pair["alike_near_rank"].max(1)
        # Relative to the company: among seven thousand items everything has nearer neighbours than among two hundred, and weights
        # fitted on small companies would read that as a sign of routine work.
        item["density"] = standardised(self.neighbours.weight.mean(1), self.usual)

    def _among_the_team(self, pair: dict[str, Matrix], item: dict[str, NDArray[np.generic]]) -> None:
        """Add similarity relative to the team's mean, shrunk towards the company's mean."""
        teams = np.array([team or "" for team in self.teams])
        for name in ("near", "group_near"):
            values = pair[name]
            rank, (mean, spread) = np.empty_like(values), moments(values, self.usual)
            for team in set(teams.tolist()):
                mine = np.flatnonzero(teams == team)
                typical = mine if self.usual is None else np.intersect1d(mine, self.usual)
                usual = (3 * mean + values[typical].sum(0)) / np.float32(3 + len(typical))
                rank[mine] = (values[mine] - usual) / spread
            pair[f"{name}_team_rank"] = rank
        item["group_best_team_rank"] = pair["group_near_team_rank"].max(1)

    def _encode(self, texts: Sequence[str]) -> Matrix:
        found: Matrix = _encoded(self.encoder, tuple(texts))
        return found


def targets(register: Register, encoder: Any) -> Matrix:
    """Return (key results, dimension): the mean of each key result's vector on its own and together with its objective."""
    key_results = list(register.key_results())
    titles = [f"{k.title} {k.description} {' '.join(k.aliases)}".strip() for _, k in key_results]
    within = [f"{o.title}. {k.title}" for o, k in key_results]
    found: Matrix = (_encoded(encoder, tuple(titles)) + _encoded(encoder, tuple(within))) / np.float32(2)
    return found


@lru_cache(maxsize=64)
def _encoded(encoder: Any, texts: tuple[str, ...]) -> Matrix:
    """Cached, because each chunk of a large company encodes the register and the anchors again."""
    found: Matrix = encoder.encode(texts).astype(np.float32)
    found.flags.writeable = False
    return found


def _best(values: Matrix, count: int, axis: int) -> Matrix:
    """Return the mean of the `count` largest values along the axis."""
    count = min(count, values.shape[axis])
    found: Matrix = np.sort(values, axis=axis).take(range(-count, 0), axis=axis).mean(axis)
    return found


def _local(values: Matrix, usual: NDArray[np.int64] | None = None) -> Matrix:
    """Cross-domain similarity local scaling; for a sample, the number of nearest neighbours is reduced in proportion."""
    nearest = 10 if usual is None else max(1, round(10 * len(usual) / (CHUNK + SAMPLE)))
    return 2 * values - _best(over(values, usual), nearest, 0)[None, :] - _best(values, 4, 1)[:, None]

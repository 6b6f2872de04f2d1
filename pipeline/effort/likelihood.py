"""How likely somebody was at each candidate of their day: a conditional logit with shares as outcome.

The weights were fitted on companies that are known by day (benchmarks/effort) and are shipped in weights/effort.json.
Papke and Wooldridge (1996), "Econometric methods for fractional response variables", for shares as outcome;
McFadden (1974) for the conditional logit.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from pipeline.effort.candidates import Candidates
from pipeline.effort.evidence import ITEM, NONE

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """A weight for each number of the evidence: `item` in the order of candidates.ITEM, `none` in that of candidates.NONE."""

    item: Vector
    none: Vector

    @classmethod
    def named(cls, item: Mapping[str, float], none: Mapping[str, float]) -> "Weights":
        """By the names of the evidence. Raises KeyError where one is missing."""
        return cls(np.array([item[name] for name in ITEM]), np.array([none[name] for name in NONE]))

    @property
    def fingerprint(self) -> str:
        """Differs where any weight does."""
        return hashlib.sha256(self.item.tobytes() + self.none.tobytes()).hexdigest()

    @classmethod
    @cache
    def shipped(cls) -> "Weights":
        """Those of weights/effort.json."""
        found = json.loads((files("pipeline.effort") / "weights" / "effort.json").read_text("utf-8"))
        return cls.named(found["item"], found["none"])


_FAINT = 0.03


def likelihoods(table: Candidates, weights: Weights) -> Vector:
    """The share of its person's day that each candidate is expected to have; what is missing to one is work without a trace, and
    absence. Those that are fainter than _FAINT of the day's likeliest have none: rows of seconds would cost and say nothing.
    """
    score, nothing = table.evidence @ weights.item, table.nothing @ weights.none
    top = nothing.copy()
    np.maximum.at(top, table.at, score)
    chance = np.exp(score - top[table.at])
    none = np.exp(nothing - top)
    seen = np.bincount(table.at, weights=chance, minlength=len(top))
    likeliest = np.zeros(len(top))
    np.maximum.at(likeliest, table.at, chance)
    kept = np.where(chance >= _FAINT * likeliest[table.at], chance, 0.0)
    left = np.bincount(table.at, weights=kept, minlength=len(top))
    found: Vector = kept * (seen / np.maximum(left, 1e-300) / (seen + none))[table.at]
    return found

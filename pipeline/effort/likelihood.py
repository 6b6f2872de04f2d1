"""The share of a day that somebody spent on each candidate: a conditional logit with a fractional response.

The weights were fitted on companies whose days are known (benchmarks/effort) and ship as weights/effort.json. Papke and
Wooldridge (1996), "Econometric methods for fractional response variables"; McFadden (1974) for the conditional logit.
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
    """Weights of the features: `item` in the order of evidence.ITEM, `none` in that of evidence.NONE."""

    item: Vector
    none: Vector

    @classmethod
    def named(cls, item: Mapping[str, float], none: Mapping[str, float]) -> "Weights":
        """Build from weights by feature name. Raises KeyError if one is missing."""
        return cls(np.array([item[name] for name in ITEM]), np.array([none[name] for name in NONE]))

    @property
    def fingerprint(self) -> str:
        """Hash of all weights."""
        return hashlib.sha256(self.item.tobytes() + self.none.tobytes()).hexdigest()

    @classmethod
    @cache
    def shipped(cls) -> "Weights":
        """Load weights/effort.json."""
        found = json.loads((files("pipeline.effort") / "weights" / "effort.json").read_text("utf-8"))
        return cls.named(found["item"], found["none"])


_FAINT = 0.03


def likelihoods(table: Candidates, weights: Weights) -> Vector:
    """Return each candidate's expected share of its person-day; the remainder up to one is work without a trace, and absence.

    Candidates below _FAINT times the day's likeliest get none: rows of a few seconds would cost storage and mean nothing.
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

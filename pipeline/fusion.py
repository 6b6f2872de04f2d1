"""Conditional logit: one linear score a key result, zero for none, softmax over all.

McFadden (1974), "Conditional logit analysis of qualitative choice behavior". The features hold no words, so weights
that were fitted on one company serve another with other key results, and another number of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Features:
    """`pair` (items, key results, features) and `item` (items, features), with the features' names."""

    pair: Array
    item: Array
    pair_names: tuple[str, ...]
    item_names: tuple[str, ...]

    def of(self, rows: NDArray[np.int64]) -> "Features":
        """These rows' features."""
        return Features(self.pair[rows], self.item[rows], self.pair_names, self.item_names)

    def beside(self, other: "Features") -> "Features":
        """These features and the other's."""
        return Features(
            np.concatenate([self.pair, other.pair], -1), np.concatenate([self.item, other.item], -1),
            self.pair_names + other.pair_names, self.item_names + other.item_names,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fusion:
    """Fitted weights. Mean and scale belong to the companies it was fitted on."""

    names: tuple[str, ...]
    mean: Array
    scale: Array
    weights: Array
    bias: float

    def contributions(self, features: Features, chosen: NDArray[np.int64]) -> Array:
        """(items, pair features): what each pair feature adds to the score of the key result chosen for each item."""
        n = len(features.pair_names)
        pair = features.pair[np.arange(len(chosen)), chosen]
        return ((pair - self.mean[:n]) / self.scale[:n] * self.weights[:n]).astype(np.float32)

    def predict(self, features: Features) -> Array:
        """(items, key results + 1) probabilities; the last column is none. Raises ValueError on other features."""
        if self.names != features.pair_names + features.item_names:
            raise ValueError("the weights were fitted for other features; run benchmarks/fit_fusion.py")
        n = len(features.pair_names)
        slope = self.weights / self.scale
        level = float(self.bias - self.mean @ slope)
        return _softmax(features.pair @ slope[:n] + (features.item @ slope[n:])[:, None] + level)

    def as_json(self) -> dict[str, Any]:
        """For the file of weights."""
        rows = zip(self.names, self.mean, self.scale, self.weights, strict=True)
        values = {name: [round(float(x), 6) for x in (m, s, w)] for name, m, s, w in rows}
        return {"bias": round(self.bias, 6), "mean_scale_weight": values}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Fusion":
        """Read what `as_json` gave."""
        values = data["mean_scale_weight"]
        table = np.array(list(values.values()), dtype=np.float32)
        return cls(tuple(values), table[:, 0], table[:, 1], table[:, 2], float(data["bias"]))


def fit(companies: Sequence[tuple[Features, NDArray[np.int64]]], penalty: float) -> Fusion:
    """Most likely weights under an L2 penalty on standardised features.

    Each company is (features, true column a row; the number of key results stands for none).
    """
    first = companies[0][0]
    n = len(first.pair_names)
    pairs = np.concatenate([f.pair.reshape(-1, n) for f, _ in companies])
    items = np.concatenate([f.item for f, _ in companies])
    mean = np.concatenate([pairs.mean(0), items.mean(0)])
    scale = np.concatenate([pairs.std(0), items.std(0)]) + 1e-6
    data = [((f.pair - mean[:n]) / scale[:n], (f.item - mean[n:]) / scale[n:], true) for f, true in companies]

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, total, gradient = theta[:-1], 0.0, np.zeros_like(theta)
        for pair, item, true in data:
            found = _softmax(pair @ weights[:n] + (item @ weights[n:])[:, None] + theta[-1])
            rows = np.arange(len(true))
            total -= float(np.log(found[rows, true] + 1e-12).sum())
            error = found.astype(np.float64)
            error[rows, true] -= 1
            error = error[:, :-1]
            gradient[:n] += np.einsum("ik,ikf->f", error, pair)
            gradient[n:-1] += item.T @ error.sum(1)
            gradient[-1] += error.sum()
        gradient[:-1] += penalty * weights
        return total + penalty * float(weights @ weights) / 2, gradient

    found = minimize(loss, np.zeros(len(mean) + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    weights = found.x[:-1].astype(np.float32)
    return Fusion(
        first.pair_names + first.item_names, mean.astype(np.float32), scale.astype(np.float32), weights,
        float(found.x[-1]),
    )  # fmt: skip


def _softmax(scores: NDArray[Any]) -> Array:
    scores = np.concatenate([scores, np.zeros((len(scores), 1))], 1)
    powers = np.exp(scores - scores.max(1, keepdims=True))
    found: Array = (powers / powers.sum(1, keepdims=True)).astype(np.float32)
    return found

"""Conditional logit: one linear score a key result, zero for none, softmax over all.

McFadden (1974), "Conditional logit analysis of qualitative choice behavior". The features hold no words, so weights
that were fitted on one company serve another with other key results, and another number of them. What a feature counts may
vary with a feature of the item, linearly (Hastie and Tibshirani 1993, "Varying-coefficient models"): a product of the two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


_ROWS = 256
"""Items whose scores are added up at once, so that they stay in the processor's cache."""
_FARTHEST = 3.0
"""Standard deviations beyond which the feature that another's weight varies with says no more."""


@dataclass(frozen=True, slots=True)
class Features:
    """By name: `pair` are (items, key results) arrays, `item` are (items,) arrays."""

    pair: Mapping[str, Array]
    item: Mapping[str, Array]

    @property
    def names(self) -> tuple[str, ...]:
        """Of those of a pair and then of those of an item."""
        return (*self.pair, *self.item)

    def of(self, rows: NDArray[np.int64]) -> "Features":
        """These rows' features."""
        return Features(*({name: v[rows] for name, v in part.items()} for part in (self.pair, self.item)))

    def beside(self, other: "Features") -> "Features":
        """These features and the other's, without a copy."""
        return Features({**self.pair, **other.pair}, {**self.item, **other.item})

    def stacked(self) -> tuple[Array, Array]:
        """(items, key results, features) and (items, features)."""
        return np.stack([*self.pair.values()], -1), np.stack([*self.item.values()], -1)


@dataclass(frozen=True, slots=True)
class Fusion:
    """Fitted weights. Mean and scale belong to the companies it was fitted on."""

    names: tuple[str, ...]
    mean: Array
    scale: Array
    weights: Array
    bias: float
    products: tuple[tuple[str, str], ...]
    """(feature, feature of an item that its weight varies with), one for each of `varying`."""
    varying: Array

    def contributions(self, features: Features, chosen: NDArray[np.int64]) -> Array:
        """(items, pair features): what each pair feature adds to the score of the key result chosen for each item."""
        n, rows = len(features.pair), np.arange(len(chosen))
        pair = np.stack([values[rows, chosen] for values in features.pair.values()], -1)
        slope = np.stack([np.broadcast_to(one, len(chosen)) for one in self._slopes(features)[:n]], -1)
        found: Array = (pair - self.mean[:n]) / self.scale[:n] * slope
        return found

    def predict(self, features: Features) -> Array:
        """(items, key results + 1) probabilities; the last column is none. Raises ValueError on other features."""
        if self.names != features.names:
            raise ValueError("the weights were fitted for other features; run benchmarks/fit_fusion.py")
        slopes = [slope / scale for slope, scale in zip(self._slopes(features), self.scale, strict=True)]
        n = len(features.pair)
        common = np.full(len(next(iter(features.item.values()))), self.bias, np.float32)
        for slope, mean in zip(slopes[:n], self.mean[:n], strict=True):
            common -= slope * mean
        for slope, mean, values in zip(slopes[n:], self.mean[n:], features.item.values(), strict=True):
            common += slope * (values - mean)
        pairs = [
            (np.broadcast_to(slope, len(common))[:, None], values)
            for slope, values in zip(slopes[:n], features.pair.values(), strict=True)
        ]
        found = np.zeros((len(common), pairs[0][1].shape[1] + 1), np.float32)
        for first in range(0, len(common), _ROWS):
            some = slice(first, first + _ROWS)
            scores = found[some, :-1]
            scores += common[some, None]
            for slope, values in pairs:
                scores += slope[some] * values[some]
        return _softmax(found)

    def _slopes(self, features: Features) -> list[Any]:
        """The weight of each standardised feature: one number, or one an item where it varies."""
        slopes: list[Any] = list(self.weights)
        place = {name: i for i, name in enumerate(self.names)}
        beside = {
            by: _clipped((features.item[by] - self.mean[place[by]]) / self.scale[place[by]])
            for by in dict.fromkeys(by for _, by in self.products)
        }
        for (name, by), weight in zip(self.products, self.varying, strict=True):
            slopes[place[name]] = slopes[place[name]] + weight * beside[by]
        return slopes

    def towards(self, other: "Fusion", part: float) -> "Fusion":
        """Weights between these and the other's, `part` of the way: the geometric mean of what both find, in these parts.

        Raises ValueError where the two are not of the same features on the same scale.
        """
        same = self.names == other.names and self.products == other.products
        if not (same and np.array_equal(self.mean, other.mean) and np.array_equal(self.scale, other.scale)):
            raise ValueError("the two weights were not fitted on one scale; run benchmarks/fit_fusion.py")
        weights, varying = (
            one + np.float32(part) * (two - one)
            for one, two in ((self.weights, other.weights), (self.varying, other.varying))
        )
        bias = self.bias + part * (other.bias - self.bias)
        return replace(self, weights=weights, bias=bias, varying=varying)

    def as_json(self) -> dict[str, Any]:
        """For the file of weights."""
        rows = zip(self.names, self.mean, self.scale, self.weights, strict=True)
        values = {name: [round(float(x), 6) for x in (m, s, w)] for name, m, s, w in rows}
        varying = {" * ".join(pair): round(float(w), 6) for pair, w in zip(self.products, self.varying, strict=True)}
        return {"bias": round(self.bias, 6), "mean_scale_weight": values, "products": varying}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Fusion":
        """Read what `as_json` gave."""
        values = data["mean_scale_weight"]
        table = np.array(list(values.values()), dtype=np.float32)
        products = [(name, by) for name, by in (both.split(" * ") for both in data["products"])]
        return cls(
            tuple(values),
            table[:, 0],
            table[:, 1],
            table[:, 2],
            float(data["bias"]),
            tuple(products),
            np.array(list(data["products"].values()), dtype=np.float32),
        )


def fit(
    companies: Sequence[tuple[Features, NDArray[np.int64]]],
    penalty: float,
    products: Sequence[tuple[str, str]] = (),
    near: Fusion | None = None,
    scaled_as: Fusion | None = None,
) -> Fusion:
    """Most likely weights under an L2 penalty on standardised features and products of two of them.

    Each company is (features, true column a row; the number of key results stands for none). `near` are weights to begin with:
    the likelihood has one maximum, which is found sooner from nearby. `scaled_as` are weights whose means and scales to use, so
    that these can be mixed with them.
    """
    from scipy.optimize import minimize  # slow to import, and only who fits weights anew has need of it

    first, n = companies[0][0], len(companies[0][0].pair)
    tables = [(*features.stacked(), true) for features, true in companies]
    mean, scale = _mean_and_scale(tables) if scaled_as is None else (scaled_as.mean, scaled_as.scale)
    place = {name: i for part in (first.pair, first.item) for i, name in enumerate(part)}
    of_pairs, of_items = ([both for both in products if both[0] in part] for part in (first.pair, first.item))
    data = []
    for raw_pair, raw_item, true in tables:
        pair, item = (raw_pair - mean[:n]) / scale[:n], (raw_item - mean[n:]) / scale[n:]
        data.append((_with_products(pair, item, of_pairs, place), _with_products(item, item, of_items, place), true))
    wide = n + len(of_pairs)
    start = np.zeros(len(mean) + len(products) + 1)
    if near is not None and near.names == first.names and near.products == (*of_pairs, *of_items):
        start = _in_the_order_of_tables(near, n, len(of_pairs))
    found = minimize(_loss, start, (data, wide, penalty), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    weights = found.x[:-1].astype(np.float32)
    varying = np.r_[n:wide, len(mean) + len(of_pairs) : len(weights)]
    return Fusion(
        first.names,
        mean.astype(np.float32),
        scale.astype(np.float32),
        np.delete(weights, varying),
        float(found.x[-1]),
        (*of_pairs, *of_items),
        weights[varying],
    )


def _in_the_order_of_tables(fusion: Fusion, pairs: int, of_pairs: int) -> NDArray[np.float64]:
    weights, varying = fusion.weights, fusion.varying
    parts = (weights[:pairs], varying[:of_pairs], weights[pairs:], varying[of_pairs:], [fusion.bias])
    return np.concatenate(parts).astype(np.float64)


def _mean_and_scale(tables: Sequence[tuple[Array, Array, NDArray[np.int64]]]) -> tuple[Array, NDArray[np.floating]]:
    """Mean and standard deviation of each feature over all companies, those of a pair first."""
    pairs = np.concatenate([pair.reshape(-1, pair.shape[-1]) for pair, _, _ in tables])
    items = np.concatenate([item for _, item, _ in tables])
    mean = np.concatenate([pairs.mean(0), items.mean(0)])
    scale = np.concatenate([pairs.std(0), items.std(0)]) + 1e-6
    return mean, scale


def _loss(
    theta: NDArray[np.float64], data: Sequence[tuple[Array, Array, NDArray[np.int64]]], wide: int, penalty: float
) -> tuple[float, NDArray[np.float64]]:
    """Negative log likelihood with the penalty, and its gradient.

    `data` are each company's (items, key results, `wide` features), (items, features) and true columns; the last of `theta`
    is the bias.
    """
    weights, total, gradient = theta[:-1], 0.0, np.zeros_like(theta)
    of_pair, of_item = (part.astype(np.float32) for part in np.split(weights, [wide]))
    for pair, item, true in data:
        # As products of a table and a vector in single precision: several times as fast.
        scores = (pair.reshape(-1, wide) @ of_pair).reshape(pair.shape[:2]) + (item @ of_item)[:, None] + theta[-1]
        found = _softmax(np.concatenate([scores, np.zeros((len(scores), 1))], 1))
        rows = np.arange(len(true))
        total -= float(np.log(found[rows, true] + 1e-12).sum())
        error = found
        error[rows, true] -= 1
        error = error[:, :-1]
        gradient[:wide] += np.ascontiguousarray(error).ravel() @ pair.reshape(-1, wide)
        gradient[wide:-1] += item.T @ error.sum(1)
        gradient[-1] += error.sum()
    gradient[:-1] += penalty * weights
    return total + penalty * float(weights @ weights) / 2, gradient


def _with_products(table: Array, item: Array, products: Sequence[tuple[str, str]], place: Mapping[str, int]) -> Array:
    """The table and, as further columns, its products with features of the items; both are standardised."""
    left, right = ([place[both[side]] for both in products] for side in (0, 1))
    by = _clipped(item[:, right])
    return np.concatenate([table, table[..., left] * (by[:, None] if table.ndim == 3 else by)], -1)


def _clipped(standardised: Array) -> Array:
    return np.clip(standardised, -_FARTHEST, _FARTHEST)


def _softmax(scores: NDArray[Any]) -> Array:
    """Of scores whose last column is that of none; in their place."""
    scores -= scores.max(1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(1, keepdims=True)
    return scores.astype(np.float32, copy=False)

"""Conditional logit: one linear score per key result, zero for none, softmax over all.

McFadden (1974), "Conditional logit analysis of qualitative choice behavior". No feature is a word, so weights fitted on one
company apply to another with different key results, and a different number of them. A feature's weight may vary linearly with a
feature of the item (Hastie and Tibshirani 1993, "Varying-coefficient models"), which is an interaction of the two. How routine
work, chatter and work on goals read in any company is a direction in the embedding space, fitted jointly under its own penalty
(ridge, Hoerl and Kennard 1970); it may differ between messages and issues.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


_ROWS = 256
"""Items per block of summed scores, so that a block fits in the processor's cache."""
_FARTHEST = 3.0
"""Standard deviations at which a feature that modifies another's weight is clipped."""
_LONG = np.float32(20)
"""About the square root of the embedding dimension: scaled by this, unit vectors have a standard deviation of about one per
dimension."""
_ENOUGH: Any = {"maxiter": 500, "ftol": 1e-6}
_OF_TEXTS = 500.0
"""Ridge penalty on each embedding dimension; values between 240 and 1,000 make no difference on left-out companies."""


@dataclass(frozen=True, slots=True)
class Features:
    """Features by name: `pair` are (items, key results), `item` are (items,), `text` are text vectors, (items, dimension)."""

    pair: Mapping[str, Array]
    item: Mapping[str, Array]
    text: Mapping[str, Array] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the pair features, then of the item features."""
        return (*self.pair, *self.item)

    def of(self, rows: NDArray[np.int64]) -> "Features":
        """Return the features of these rows."""
        return Features(*({name: v[rows] for name, v in part.items()} for part in (self.pair, self.item, self.text)))

    def beside(self, other: "Features") -> "Features":
        """Return these features and the other's together, without copying."""
        return Features(*({**getattr(self, part), **getattr(other, part)} for part in ("pair", "item", "text")))

    def stacked(self, directions: Sequence[tuple[str, str]]) -> tuple[Array, Array, Array]:
        """Return (items, key results, features), (items, features), and (items, text dimensions times directions)."""
        pair, item = np.stack([*self.pair.values()], -1), np.stack([*self.item.values()], -1)
        texts = (self.text[text] * self.item[by][:, None] if by else self.text[text] for text, by in directions)
        return pair, item, np.concatenate([np.empty((len(item), 0), np.float32), *texts], 1)


@dataclass(frozen=True, slots=True)
class Fusion:
    """Fitted weights. `mean` and `scale` are those of the companies that it was fitted on."""

    names: tuple[str, ...]
    mean: Array
    scale: Array
    weights: Array
    bias: float
    products: tuple[tuple[str, str], ...]
    """(feature, item feature that modifies its weight), one for each of `varying`."""
    varying: Array
    directions: Mapping[tuple[str, str], Array] = field(default_factory=dict)
    """By (text, item feature that multiplies it, or ""): weights of the text vector in every key result's score."""

    def contributions(self, features: Features, chosen: NDArray[np.int64]) -> Array:
        """Return (items, pair features): what each pair feature adds to the score of the key result chosen for each item."""
        n, rows = len(features.pair), np.arange(len(chosen))
        pair = np.stack([values[rows, chosen] for values in features.pair.values()], -1)
        slope = np.stack([np.broadcast_to(one, len(chosen)) for one in self._slopes(features)[:n]], -1)
        found: Array = (pair - self.mean[:n]) / self.scale[:n] * slope
        return found

    def predict(self, features: Features) -> Array:
        """Return probabilities (items, key results + 1), the last column none. Raises ValueError if the features do not match."""
        if self.names != features.names or not {text for text, _ in self.directions} <= set(features.text):
            raise ValueError("the weights were fitted for other features; run benchmarks/fit_fusion.py")
        slopes = [slope / scale for slope, scale in zip(self._slopes(features), self.scale, strict=True)]
        n = len(features.pair)
        common = np.full(len(next(iter(features.item.values()))), self.bias, np.float32)
        for slope, mean in zip(slopes[:n], self.mean[:n], strict=True):
            common -= slope * mean
        for slope, mean, values in zip(slopes[n:], self.mean[n:], features.item.values(), strict=True):
            common += slope * (values - mean)
        for (text, by), direction in self.directions.items():
            said = features.text[text] @ direction
            common += said * features.item[by] if by else said
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
        """Return the weight of each standardised feature: one number, or one per item if it varies."""
        slopes: list[Any] = list(self.weights)
        place = {name: i for i, name in enumerate(self.names)}
        modifiers = {
            by: _clipped((features.item[by] - self.mean[place[by]]) / self.scale[place[by]])
            for by in dict.fromkeys(by for _, by in self.products)
        }
        for (name, by), weight in zip(self.products, self.varying, strict=True):
            slopes[place[name]] = slopes[place[name]] + weight * modifiers[by]
        return slopes

    def as_json(self) -> dict[str, Any]:
        """Return the content of a weights file."""
        rows = zip(self.names, self.mean, self.scale, self.weights, strict=True)
        values = {name: [round(float(x), 6) for x in (m, s, w)] for name, m, s, w in rows}
        varying = {" * ".join(pair): round(float(w), 6) for pair, w in zip(self.products, self.varying, strict=True)}
        texts = {
            " * ".join(filter(None, of)): " ".join(f"{x:.3f}" for x in direction.tolist())
            for of, direction in self.directions.items()
        }
        return {
            "bias": round(self.bias, 6),
            "mean_scale_weight": values,
            "products": varying,
            "directions": texts,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Fusion":
        """Parse the result of `as_json`."""
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
            {_of_text(name): np.array(told.split(), dtype=np.float32) for name, told in data["directions"].items()},
        )


def _of_text(name: str) -> tuple[str, str]:
    text, _, by = name.partition(" * ")
    return text, by


def fit(
    companies: Sequence[tuple[Features, NDArray[np.int64]]],
    penalty: float,
    products: Sequence[tuple[str, str]] = (),
    near: Fusion | None = None,
    directions: Sequence[tuple[str, str]] = (),
) -> Fusion:
    """Fit weights by penalised maximum likelihood: L2 on standardised features, their interactions, and text directions.

    Each company is (features, true column of each row; the number of key results stands for none). `near` are starting values:
    the likelihood has a single maximum, which is reached sooner from nearby.
    """
    from scipy.optimize import minimize  # slow to import, and only needed for fitting

    first, n = companies[0][0], len(companies[0][0].pair)
    tables = [(*features.stacked(directions), true) for features, true in companies]
    mean, scale = _mean_and_scale(tables)
    of_pairs, of_items = ([both for both in products if both[0] in part] for part in (first.pair, first.item))
    place = {name: i for part in (first.pair, first.item) for i, name in enumerate(part)}
    data = []
    for raw_pair, raw_item, texts, true in tables:
        pair, item = (raw_pair - mean[:n]) / scale[:n], (raw_item - mean[n:]) / scale[n:]
        items = np.concatenate([_with_products(item, item, of_items, place), texts * _LONG], 1)
        data.append((_with_products(pair, item, of_pairs, place), items, true))
    wide, directed = n + len(of_pairs), tables[0][2].shape[1]
    end = len(mean) + len(products)
    penalties = np.repeat([penalty, _OF_TEXTS, 0.0], [end, directed, 1])
    known = near and (near.names, near.products, tuple(near.directions))
    alike = known == (first.names, (*of_pairs, *of_items), tuple(directions))
    start = _in_the_order_of_tables(near, n, len(of_pairs)) if near and alike else np.zeros(len(penalties))
    found = minimize(_loss, start, (data, wide, penalties), jac=True, method="L-BFGS-B", options=_ENOUGH)
    return _fusion(first, mean, scale, found.x, (of_pairs, of_items), directions)


def _fusion(
    first: Features,
    mean: NDArray[np.floating],
    scale: NDArray[np.floating],
    theta: NDArray[np.float64],
    products: tuple[Sequence[tuple[str, str]], Sequence[tuple[str, str]]],
    directions: Sequence[tuple[str, str]],
) -> Fusion:
    n, of_pairs, of_items = len(first.pair), *products
    weights, end = theta[:-1].astype(np.float32), len(mean) + len(of_pairs) + len(of_items)
    varying = np.r_[n : n + len(of_pairs), len(mean) + len(of_pairs) : end]
    return Fusion(
        first.names,
        mean.astype(np.float32),
        scale.astype(np.float32),
        np.delete(weights[:end], varying),
        float(theta[-1]),
        (*of_pairs, *of_items),
        weights[varying],
        dict(zip(directions, np.split(_LONG * weights[end:], len(directions)), strict=True)) if directions else {},
    )


def _in_the_order_of_tables(fusion: Fusion, pairs: int, of_pairs: int) -> NDArray[np.float64]:
    weights, varying = fusion.weights, fusion.varying
    texts = np.concatenate([np.empty(0, np.float32), *fusion.directions.values()]) / _LONG
    parts = (weights[:pairs], varying[:of_pairs], weights[pairs:], varying[of_pairs:], texts, [fusion.bias])
    return np.concatenate(parts).astype(np.float64)


_Table = tuple[Array, Array, Array, NDArray[np.int64]]


def _mean_and_scale(tables: Sequence[_Table]) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Return mean and standard deviation of each feature over all companies, pair features first."""
    pairs = np.concatenate([pair.reshape(-1, pair.shape[-1]) for pair, _, _, _ in tables])
    items = np.concatenate([item for _, item, _, _ in tables])
    mean = np.concatenate([pairs.mean(0), items.mean(0)])
    scale = np.concatenate([pairs.std(0), items.std(0)]) + 1e-6
    return mean, scale


def _loss(
    theta: NDArray[np.float64],
    data: Sequence[tuple[Array, Array, NDArray[np.int64]]],
    wide: int,
    penalties: NDArray[np.float64],
) -> tuple[float, NDArray[np.float64]]:
    """Return the penalised negative log likelihood and its gradient.

    `data` holds each company's (items, key results, `wide` features), (items, features) and true columns; the last element of
    `theta` is the bias.
    """
    weights, total, gradient = theta[:-1], 0.0, np.zeros_like(theta)
    of_pair, of_item = (part.astype(np.float32) for part in np.split(weights, [wide]))
    for pair, item, true in data:
        # Matrix-vector products in single precision are several times as fast.
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
    ridge = penalties * theta
    return total + float(ridge @ theta) / 2, gradient + ridge


def _with_products(table: Array, item: Array, products: Sequence[tuple[str, str]], place: Mapping[str, int]) -> Array:
    """Append the interactions with item features as further columns; both inputs are standardised."""
    left, right = ([place[both[side]] for both in products] for side in (0, 1))
    by = _clipped(item[:, right])
    return np.concatenate([table, table[..., left] * (by[:, None] if table.ndim == 3 else by)], -1)


def _clipped(standardised: Array) -> Array:
    return np.clip(standardised, -_FARTHEST, _FARTHEST)


def _softmax(scores: NDArray[Any]) -> Array:
    """Softmax over the columns, the last of which is none; in place."""
    scores -= scores.max(1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(1, keepdims=True)
    return scores.astype(np.float32, copy=False)

"""Evaluate the match on a company's own labels: accuracy, calibration, and error of the shares."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers of similar confidence: their number, mean confidence, and the proportion that is right."""

    count: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures between 0 and 1, except the top-priority errors, which are in percentage points (found minus true, labelled items).

    `counted` counts the likeliest answers; `expected` sums the probabilities, as the shares do.
    """

    items: int
    accuracy: float
    macro_f1: float
    on_goal_f1: float
    calibration_error: float
    counted_top_error: float
    expected_top_error: float
    bins: tuple[Bin, ...]


def reliability(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Group answers into ten equal-width bins by confidence; empty bins are omitted."""
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(int((place == b).sum()), float(confidence[place == b].mean()), float(right[place == b].mean()))
        for b in sorted(set(place.tolist()))
    )


def calibration_error(bins: Sequence[Bin]) -> float:
    """Return the expected calibration error (Guo et al. 2017, arXiv:1706.04599)."""
    return float(sum(abs(one.confidence - one.right) * one.count for one in bins) / sum(one.count for one in bins))


def figures(
    found: NDArray[np.float32], true: Sequence[str | None], keys: Sequence[str], in_top: Mapping[str, bool]
) -> Figures:
    """Compute the figures. `found` is (items, key results + 1), the last column none; `true` is each item's key result or None.

    Macro-F1 averages over the key results that occur in the labels or the answers, and none.
    """
    from sklearn.metrics import f1_score  # slow to import, and needed for nothing else

    answers = np.array([keys.index(key) if key is not None else len(keys) for key in true])
    guess = found.argmax(1)
    right = guess == answers
    bins = reliability(found.max(1), right)
    top = np.array([in_top[key] for key in keys] + [False])
    true_top = top[answers].mean()
    return Figures(
        len(true),
        float(right.mean()),
        float(f1_score(answers, guess, average="macro", zero_division=0)),
        float(f1_score(answers != len(keys), guess != len(keys), zero_division=0)),
        calibration_error(bins),
        float(100 * (top[guess].mean() - true_top)),
        float(100 * (found[:, top].sum() / len(found) - true_top)),
        bins,
    )

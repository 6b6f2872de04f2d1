"""Shares of effort per objective, from the probabilities rather than from the likeliest labels, with an interval.

Counting likeliest labels is biased (Forman 2008, "Quantifying counts and costs via classification"); the expected
share is not, where the probabilities are calibrated. The 90 % interval holds two errors: of the single matches, which
fall together for all items of one tree, and of the calibration as a whole, which only an audit can reduce.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Z90 = 1.6449
UNAUDITED = 0.03
"""Standard deviation of the calibration error of a share without an audit; measured in docs/shares.md."""
TOP = "top"


@dataclass(frozen=True, slots=True)
class Worked:
    """Effort of a week and scope on one work item; `tree` names the epic, thread or deal that it belongs to."""

    item: int
    tree: int
    person_days: float


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One share with its 90 % interval."""

    objective: str
    share: float
    low: float
    high: float


def shares(
    worked: Iterable[Worked],
    probabilities: Mapping[int, NDArray[np.float64]],
    objectives: list[str],
    top: frozenset[str],
) -> list[ShareRow]:
    """Share of each objective, of none ('') and of the top priorities together (TOP).

    `probabilities` by item, one column an objective and a last one for none. Empty where nothing was worked.
    """
    rows = list(worked)
    total = sum(row.person_days for row in rows)
    if total <= 0:
        return []
    names = [*objectives, ""]
    in_top = np.array([name in top for name in objectives] + [False], dtype=float)
    nothing = np.zeros(len(names))
    nothing[-1] = 1.0
    sums = np.zeros(len(names) + 1)
    trees: dict[int, NDArray[np.float64]] = defaultdict(lambda: np.zeros(len(names) + 1))
    for row in rows:
        p = probabilities.get(row.item, nothing)
        values = np.append(p, p @ in_top)
        sums += row.person_days * values
        # Errors of one tree fall together: standard deviations add up within it, variances between trees.
        trees[row.tree] += row.person_days * np.sqrt(np.clip(values * (1 - values), 0, None))
    estimate = sums / total
    variance = sum((spread / total) ** 2 for spread in trees.values()) + UNAUDITED**2
    half = Z90 * np.sqrt(variance)
    return [
        ShareRow(name, float(e), float(max(0.0, e - h)), float(min(1.0, e + h)))
        for name, e, h in zip([*names, TOP], estimate, half, strict=True)
    ]

"""Shares of effort per objective, from the probabilities rather than from the likeliest labels, with an interval.

Counting likeliest labels is biased (Forman 2008, "Quantifying counts and costs via classification"); the expected
share is not, where the probabilities are calibrated. The 90 % interval holds the errors of the single matches, perfectly
correlated within a tree; of the match as a whole in a company that it was not fitted on, which an audit corrects (audit.py);
and of the effort, for one person's week and for the company as a whole. The errors as a whole are random effects of the
company (prior.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.share.audit import OF_ONE, Correction, without_audit
from pipeline.share.dilution import Z90 as Z90
from pipeline.share.prior import company_prior

MISPLACED = 0.07
"""Standard deviation of the part of one person's week that is put on the wrong side; set so that the intervals of
benchmarks/shares.py hold what they promise."""
UNSEEN, UNSEEN_MAY_BE = 0.01, 0.03
"""Part of the work that leaves no trace anywhere and serves no objective (questions across the desk, administration), as it is
taken to be, and the standard deviation of that. No tool shows it, so an interval that left it out would promise too much."""
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


def in_top(objectives: Sequence[str], top: frozenset[str]) -> NDArray[np.float64]:
    """One for each objective of the top priorities, zero for the others and for none, which is last."""
    return np.array([key in top for key in objectives] + [False], dtype=float)


def with_unseen(sums: NDArray[np.float64], unseen: float) -> NDArray[np.float64]:
    """Effort by objective, none last along the last axis: of the same total, with the unseen part under none."""
    found: NDArray[np.float64] = sums * (1 - unseen)
    found[..., -1] += unseen * sums.sum(-1)
    return found


def shares(
    worked: Iterable[Worked],
    probabilities: Mapping[int, NDArray[np.float64]],
    objectives: list[str],
    top: frozenset[str],
    corrected: Correction | None = None,
    people: Iterable[float] = (),
    unseen: float = 0.0,
) -> list[ShareRow]:
    """Share of each objective, of none ('') and of the top priorities together (TOP).

    `probabilities` by item, one column an objective and a last one for none. `corrected` is what an audit adds, in the
    order of the rows that are returned; `people` are each person's person-days; `unseen` is as of UNSEEN. Empty where nothing
    was worked.
    """
    rows = list(worked)
    total = sum(row.person_days for row in rows)
    if total <= 0:
        return []
    values = _by_share(rows, probabilities, objectives, top)
    days = np.array([row.person_days for row in rows])[:, None]
    sums = (days * values).sum(0)
    trees = _spread_of_trees(rows, days, values)
    estimate = sums / total
    corrected = corrected or without_audit(len(sums))
    estimate = np.clip(estimate + corrected.value, 0, 1)
    estimate[:-1] /= estimate[:-1].sum()
    # By how much each share moves with the unseen part.
    moved = estimate.copy()
    moved[-2] = 1 - moved[-2]
    estimate[:-1], estimate[-1] = with_unseen(estimate[:-1], unseen), estimate[-1] * (1 - unseen)
    variance = ((trees / total) ** 2).sum(0) + corrected.variance
    variance = variance + MISPLACED**2 * sum((worked / total) ** 2 for worked in people) + _of_effort(len(sums))
    variance = (1 - unseen) ** 2 * variance + (moved * UNSEEN_MAY_BE * (unseen > 0)) ** 2
    half = Z90 * np.sqrt(variance)
    return [
        ShareRow(name, float(e), float(max(0.0, e - h)), float(min(1.0, e + h)))
        for name, e, h in zip([*objectives, "", TOP], estimate, half, strict=True)
    ]


def _by_share(
    rows: Sequence[Worked],
    probabilities: Mapping[int, NDArray[np.float64]],
    objectives: Sequence[str],
    top: frozenset[str],
) -> NDArray[np.float64]:
    """(rows, shares): the probability that a row's item serves each objective, none, and one of the top priorities."""
    nothing = np.zeros(len(objectives) + 1)
    nothing[-1] = 1.0
    found = np.array([probabilities.get(row.item, nothing) for row in rows])
    return np.column_stack([found, found @ in_top(objectives, top)])


def _spread_of_trees(
    rows: Sequence[Worked], days: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(trees, shares): standard deviation, in person-days, that the match leaves to each tree's part of a share.

    Errors of one tree fall together: standard deviations add up within it, variances between trees.
    """
    _, tree = np.unique([row.tree for row in rows], return_inverse=True)
    trees = np.zeros((tree.max() + 1, values.shape[1]))
    np.add.at(trees, tree, days * np.sqrt(np.clip(values * (1 - values), 0, None)))
    return trees


def _of_effort(size: int) -> NDArray[np.float64]:
    """Variance by share that the company's effort brings as a whole, and one week alone: no answer about items corrects it."""
    prior = company_prior()
    found = np.full(size, prior.effort_level**2 + prior.week**2)
    found[:-2] *= OF_ONE**2
    return found

"""Estimate shares of effort per objective, with intervals, from match probabilities rather than the likeliest labels.

Counting the likeliest labels is biased (Forman 2008, "Quantifying counts and costs via classification"); the expected share is
not, if the probabilities are calibrated. The 90 % interval covers the errors of single matches, perfectly correlated within a
tree and independent between trees; the systematic error of the match in a company that it was not fitted on, which an audit
corrects (audit.py); and the error of the effort, for one person's week and for the company. The systematic errors are random
effects of the company (prior.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.share.audit import OF_ONE, Correction, without_audit
from pipeline.share.dilution import Z90 as Z90
from pipeline.share.prior import company_prior

MISPLACED = 0.07
"""Standard deviation of the misallocated proportion of one person's week; set so that the intervals in benchmarks/shares.py have
their nominal coverage."""
UNSEEN, UNSEEN_MAY_BE = 0.01, 0.03
"""Assumed proportion of work that leaves no trace and serves no objective (questions across the desk, administration), and its
standard deviation. No tool shows it, so an interval that left it out would be too narrow."""
TOP = "top"


@dataclass(frozen=True, slots=True)
class Worked:
    """Effort of a week and scope on one work item; `tree` identifies the epic, thread or deal that it belongs to."""

    item: int
    tree: int
    person_days: float


@dataclass(frozen=True, slots=True)
class Columns:
    """Effort on items as parallel arrays: person-days, probabilities of each objective and of none, and the tree."""

    person_days: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    tree: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One share with its 90 % interval."""

    objective: str
    share: float
    low: float
    high: float


def in_top(objectives: Sequence[str], top: frozenset[str]) -> NDArray[np.float64]:
    """Return 1 for each objective of the top priorities, 0 for the others and for none, which is last."""
    return np.array([key in top for key in objectives] + [False], dtype=float)


def with_unseen(sums: NDArray[np.float64], unseen: float) -> NDArray[np.float64]:
    """Move the unseen proportion to none, keeping the total. The last axis is objectives, none last."""
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
    """Estimate the share of each objective, of none ('') and of the top priorities together (TOP).

    `probabilities` are by item, with one column per objective and a last one for none. `corrected` is the audit's correction, in
    the order of the returned rows; `people` are each person's person-days; `unseen` is the unseen proportion. Returns an empty
    list if there was no effort.
    """
    rows = list(worked)
    nothing = np.zeros(len(objectives) + 1)
    nothing[-1] = 1.0
    columns = Columns(
        np.array([row.person_days for row in rows]),
        np.array([probabilities.get(row.item, nothing) for row in rows]).reshape(len(rows), len(nothing)),
        np.array([row.tree for row in rows], dtype=np.int64),
    )
    return shares_of(columns, objectives, top, corrected, people, unseen)


def shares_of(
    worked: Columns,
    objectives: list[str],
    top: frozenset[str],
    corrected: Correction | None = None,
    people: Iterable[float] = (),
    unseen: float = 0.0,
) -> list[ShareRow]:
    """Estimate the same from effort in arrays."""
    total = float(worked.person_days.sum())
    if total <= 0:
        return []
    values = np.column_stack([worked.probabilities, worked.probabilities @ in_top(objectives, top)])
    days = worked.person_days[:, None]
    sums = (days * values).sum(0)
    trees = _spread_of_trees(worked.tree, days, values)
    estimate = sums / total
    corrected = corrected or without_audit(len(sums))
    estimate = np.clip(estimate + corrected.value, 0, 1)
    estimate[:-1] /= estimate[:-1].sum()
    # Derivative of each share with respect to the unseen proportion.
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


def _spread_of_trees(
    tree: NDArray[np.int64], days: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (trees, shares): the standard deviation, in person-days, of each tree's contribution to a share.

    Errors are perfectly correlated within a tree, so standard deviations add up there; they are independent between trees.
    """
    order = np.argsort(tree, kind="stable")
    first = np.unique(tree[order], return_index=True)[1]
    spread: NDArray[np.float64] = days * np.sqrt(np.clip(values * (1 - values), 0, None))
    return np.add.reduceat(spread[order], first, axis=0)


def _of_effort(size: int) -> NDArray[np.float64]:
    """Return the variance by share of the effort's systematic error and of a single week; answers do not reduce it."""
    prior = company_prior()
    found = np.full(size, prior.effort_level**2 + prior.week**2)
    found[:-2] *= OF_ONE**2
    return found

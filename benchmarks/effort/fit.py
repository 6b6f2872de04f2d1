"""Fit the effort model's weights on companies whose days are known.

The response is fractional (Papke and Wooldridge 1996): the true share of each candidate in the part of a person's day without
stated hours; the rest is none. The log-likelihood is concave in the weights, and Newton's method reaches its maximum in about ten
steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.effort.product import evidence
from benchmarks.effort.rows import Company
from pipeline.effort.day import HOURS_A_DAY
from pipeline.effort.evidence import ITEM, NONE
from pipeline.effort.likelihood import Weights

Floats = NDArray[np.float64]
RIDGE = 1e-4
STEPS = 12


@dataclass(frozen=True, slots=True)
class Known:
    """A sample of the person-days of a company: evidence, and true shares `goes` of candidates and `lost` to none."""

    evidence: NDArray[np.float32]
    nothing: NDArray[np.float32]
    at: NDArray[np.int64]
    goes: Floats
    lost: Floats
    weight: float


def known(company: Company, part: float, seed: int, weight: float = 1.0, absences: bool = True) -> Known:
    """A part of a company's person-days. `absences` is False where true days without hours may be work that was not recorded:
    then only how a day was shared out is learned."""
    table = evidence(company)
    keys = zip(table.day.tolist(), table.person.tolist(), table.item.tolist(), strict=True)
    truth = {(day.toordinal(), person, item): days for (day, person, item), days in company.truth.items()}
    true = np.array([truth.get(key, 0.0) for key in keys])
    stated = table.hours / HOURS_A_DAY if absences else np.zeros(len(true))
    goes = np.maximum(true - stated, 0)
    count = len(table.capacity)
    total = np.bincount(table.at, weights=goes, minlength=count)
    room = np.maximum(table.capacity - np.bincount(table.at, weights=stated, minlength=count), 0)
    if absences:
        goes *= np.minimum(1.0, room / np.maximum(total, 1e-9))[table.at]
        lost = np.maximum(room - total, 0)
    else:
        goes *= (np.minimum(2 * total, 1.0) / np.maximum(total, 1e-9))[table.at]
        lost = np.zeros(count)
    keep = np.random.default_rng(seed).random(count) < part
    new, rows = np.cumsum(keep) - 1, keep[table.at]
    return Known(table.evidence[rows], table.nothing[keep], new[table.at[rows]], goes[rows], lost[keep], weight)


def fit(days: Sequence[Known]) -> Weights:
    """The weights of the greatest likelihood, drawn a little towards zero."""
    size = len(ITEM) + len(NONE)
    found, before = np.zeros(size), np.inf
    total = sum(one.weight * float(one.goes.sum() + one.lost.sum()) for one in days)
    for _ in range(STEPS):
        loss, gradient, curve = 0.0, np.zeros(size), np.zeros((size, size))
        for one in days:
            parts = _terms(one, found)
            loss, gradient, curve = loss + parts[0], gradient + parts[1], curve + parts[2]
        loss = loss / total + RIDGE * float(found @ found)
        if before - loss < 1e-6:
            break
        before = loss
        step = np.linalg.solve(curve / total + 2 * RIDGE * np.eye(size), gradient / total + 2 * RIDGE * found)
        found = found - step * min(1.0, 3 / float(np.abs(step).max()))
    return Weights(found[: len(ITEM)], found[len(ITEM) :])


def _terms(one: Known, weights: Floats) -> tuple[float, Floats, Floats]:
    """Negative log-likelihood, its gradient and its second derivatives."""
    at, items = one.at, len(ITEM)
    score, nothing = one.evidence @ weights[:items], one.nothing @ weights[items:]
    top = nothing.copy()
    np.maximum.at(top, at, score)
    chance, none = np.exp(score - top[at]), np.exp(nothing - top)
    total = np.bincount(at, weights=chance, minlength=len(top)) + none
    log_total = np.log(total) + top
    loss = -float(one.goes @ (score - log_total[at]) + one.lost @ (nothing - log_total))
    mass = np.bincount(at, weights=one.goes, minlength=len(top)) + one.lost
    share, rest = (chance / total[at]).astype(np.float32), (none / total).astype(np.float32)
    said, unsaid = share * mass[at].astype(np.float32), rest * mass.astype(np.float32)
    gradient = np.concatenate([one.evidence.T @ (said - one.goes), one.nothing.T @ (unsaid - one.lost)])
    curve = np.zeros((len(weights), len(weights)))
    curve[:items, :items] = one.evidence.T @ (one.evidence * said[:, None])
    curve[items:, items:] = one.nothing.T @ (one.nothing * unsaid[:, None])
    mean = np.zeros((len(top), len(weights)), dtype=np.float32)
    mean[:, items:] = one.nothing * rest[:, None]
    if len(at):
        order = np.argsort(at, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(at[order]) > 0])
        mean[at[order][starts], :items] = np.add.reduceat((one.evidence * share[:, None])[order], starts, axis=0)
    curve -= mean.T @ (mean * mass.astype(np.float32)[:, None])
    return one.weight * loss, one.weight * gradient, one.weight * curve

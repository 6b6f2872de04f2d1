"""The audit: a small random sample of the work, labelled by people, corrects the shares and says how sure they are.

Drawn in proportion to effort, systematically over a team's items in the order of their sources, so that each team and
source has its part (Särndal et al. 1992, sections 3.4 and 3.6). What the drawn items truly serve, less what was believed,
is the error of the believed share; its weighted mean corrects the share: prediction-powered inference (Angelopoulos et al.
2023, arXiv:2301.09633), with nearby weeks pooled and shrunk towards zero as an empirical Bayes estimate, since without any
audit the error is known to be about that of other companies (prior.py). An audited label never teaches the match: it could not
judge it any more.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from pipeline.match.told_by import ToldBy
from pipeline.share.prior import company_prior

Array = NDArray[np.float64]
ITEMS = 5
"""Items a team and week."""
OF_ONE = 0.5
"""Standard deviation of the error of a single objective's share, beside that of the top priorities together."""
FADE = 6.0
"""Weeks after which a draw counts for a third: what the match gets wrong changes slowly."""
_LEAST = 8


@dataclass(frozen=True, slots=True)
class Drawn:
    """An audited draw: `error` is what it truly serves less what was believed, in the order of the shares."""

    week: date
    team: str
    tree: int
    error: Array


@dataclass(frozen=True, slots=True)
class Correction:
    """What to add to each believed share, and the variance that remains."""

    value: Array
    variance: Array

    def of(self, part: float) -> "Correction":
        """Where it holds for this part of the effort, and the rest is known."""
        return Correction(part * self.value, part**2 * self.variance)


def draw(effort: Mapping[int, float], order: Sequence[int], count: int, seed: Sequence[int]) -> list[int]:
    """`count` items, each as often as its part of the effort says; one that carries much may come twice.

    `effort` in person-days by item; `order` lists the items so that like stands beside like.
    """
    known = [item for item in order if effort.get(item, 0.0) > 0]
    if not known or count < 1:
        return []
    ends = np.cumsum([effort[item] for item in known])
    step = ends[-1] / count
    points = (np.random.default_rng(list(seed)).random() + np.arange(count)) * step
    return [known[int(i)] for i in np.minimum(np.searchsorted(ends, points, "right"), len(known) - 1)]


def without_audit(size: int, answers: int = 0, told_by: ToldBy = ToldBy.TEAMS) -> "Correction":
    """Nothing to add, and the variance that companies without an audit show after so many answers to the product's questions;
    `told_by` is what tells what work is for."""
    return Correction(np.zeros(size), _usual(size, answers, told_by) ** 2)


def _usual(size: int, answers: int, told_by: ToldBy) -> Array:
    """Standard deviation of the match's error by share: single objectives, none, the top's."""
    found = np.full(size, company_prior().level(answers, told_by))
    found[:-2] *= OF_ONE
    return found


def correction(
    week: date,
    effort: Mapping[str, float],
    drawn: Sequence[Drawn],
    size: int,
    answers: int = 0,
    told_by: ToldBy = ToldBy.TEAMS,
) -> Correction:
    """For a week's shares, from draws of all weeks. `effort` by team weighs the teams; `size` shares, the last the top's;
    `told_by` as in `without_audit`.

    Too few draws correct nothing, and leave the variance that is known from companies without an audit.
    """
    by_team: dict[str, list[Drawn]] = defaultdict(list)
    for one in drawn:
        if effort.get(one.team, 0.0) > 0:
            by_team[one.team].append(one)
    if sum(map(len, by_team.values())) < _LEAST:
        return without_audit(size, answers, told_by)
    whole = sum(effort[team] for team in by_team)
    value, variance = np.zeros(size), np.zeros(size)
    for team, rows in by_team.items():
        part = effort[team] / whole
        mean, spread = _mean(week, rows)
        value += part * mean
        variance += part**2 * spread
    # One factor for all shares, so that they still add up to one.
    usual = _usual(size, answers, told_by) ** 2
    trust = usual[-1] / (usual[-1] + variance[-1])
    return Correction(trust * value, usual * variance / (usual + variance))


def _mean(week: date, rows: Sequence[Drawn]) -> tuple[Array, Array]:
    """Weighted mean of the errors and its variance; errors of one tree fall together."""
    weight = np.exp([-abs((row.week - week).days) / 7 / FADE for row in rows])
    weight /= weight.sum()
    errors = np.array([row.error for row in rows])
    mean: Array = weight @ errors
    sums: dict[int, Array] = defaultdict(lambda: np.zeros(errors.shape[1]))
    for row, one, error in zip(rows, weight, errors, strict=True):
        sums[row.tree] += one * (error - mean)
    trees = len(sums)
    if trees < 2:
        return mean, np.full(errors.shape[1], 0.25)
    spread: Array = sum((total**2 for total in sums.values()), np.zeros(errors.shape[1])) * trees / (trees - 1)
    # A handful of draws that all agree is no certainty (Agresti & Coull 1998): two more that do not.
    return mean, (spread * trees + 0.25 * 2 / trees) / (trees + 2)

"""The audit: a small random sample of the work, labelled by people, corrects the shares and their intervals.

Items are sampled with probability proportional to effort, systematically over a team's items ordered by source, so that each team
and source is represented (Särndal et al. 1992, sections 3.4 and 3.6). What a sampled item truly serves minus what was believed is
its error; the weighted mean error corrects the share. This is prediction-powered inference (Angelopoulos et al. 2023,
arXiv:2301.09633), with nearby weeks pooled and the estimate shrunk towards zero (empirical Bayes), because the size of the error
is known from other companies (prior.py). The match never learns from audited labels, or they could no longer evaluate it.
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
"""Items per team and week."""
OF_ONE = 0.5
"""Standard deviation of the error of a single objective's share, relative to that of the top priorities together."""
FADE = 6.0
"""Weeks after which a draw's weight falls to 1/e: the match's errors change slowly."""
_LEAST = 8


@dataclass(frozen=True, slots=True)
class Drawn:
    """An audited draw: `error` is what it truly serves minus what was believed, in the order of the shares."""

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
        """Scale to a proportion of the effort; the rest is known without error."""
        return Correction(part * self.value, part**2 * self.variance)


def draw(effort: Mapping[int, float], order: Sequence[int], count: int, seed: Sequence[int]) -> list[int]:
    """Draw `count` items with probability proportional to effort (systematic sampling); a large item may be drawn twice.

    `effort` is in person-days by item; `order` lists the items so that similar ones are adjacent.
    """
    known = [item for item in order if effort.get(item, 0.0) > 0]
    if not known or count < 1:
        return []
    ends = np.cumsum([effort[item] for item in known])
    step = ends[-1] / count
    points = (np.random.default_rng(list(seed)).random() + np.arange(count)) * step
    return [known[int(i)] for i in np.minimum(np.searchsorted(ends, points, "right"), len(known) - 1)]


def without_audit(size: int, answers: int = 0, told_by: ToldBy = ToldBy.TEAMS) -> "Correction":
    """Return no correction, with the variance of companies without an audit after this many answers to the product's questions;
    `told_by` is what shows what work is for."""
    return Correction(np.zeros(size), _usual(size, answers, told_by) ** 2)


def _usual(size: int, answers: int, told_by: ToldBy) -> Array:
    """Return the standard deviation of the match's error by share: single objectives, none, top priorities."""
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
    """Return the correction of a week's shares from the draws of all weeks.

    `effort` by team weights the teams; `size` is the number of shares, the last of which is that of the top priorities; `told_by`
    is as in `without_audit`. With too few draws, returns the result of `without_audit`.
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
    # One shrinkage factor for all shares, so that they still sum to one.
    usual = _usual(size, answers, told_by) ** 2
    trust = usual[-1] / (usual[-1] + variance[-1])
    return Correction(trust * value, usual * variance / (usual + variance))


def _mean(week: date, rows: Sequence[Drawn]) -> tuple[Array, Array]:
    """Return the weighted mean of the errors and its variance, cluster-robust by tree."""
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
    # A handful of unanimous draws is no certainty: add two pseudo-observations (Agresti & Coull 1998).
    return mean, (spread * trees + 0.25 * 2 / trees) / (trees + 2)

"""Correct measured shares for dilution.

A measurement keeps only part of each change (dilution.py), so a company's measured weeks lie closer together than the true ones.
The best estimate of a week's true share is the scope's mean plus the measured deviation from it, stretched (empirical Bayes;
James & Stein 1961; known as regression calibration, Carroll et al. 2006). The company's own weeks determine the factor: their
variance in excess of the differences between successive weeks (von Neumann 1941) is lasting change, part of which was lost.
Without lasting change, nothing is stretched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from models import Share, UsualShare
from models.session import in_batches
from models.vocabulary import COMPANY
from pipeline.queue.rounding import DIGITS, rounded
from pipeline.register.document import Register
from pipeline.share.company import company_dilution
from pipeline.share.dilution import Dilution
from pipeline.share.estimate import TOP

Array = NDArray[np.float64]
LEAST_WEEKS = 8
"""Whole weeks needed to estimate the usual shares."""
MOST = 2.0
_STRETCH_DIGITS, _SHARE_DIGITS = 2, 3
"""The usual shares are rounded to tenths of a point, so that a day's new data does not change the weeks of a whole year."""


@dataclass(frozen=True, slots=True)
class Usual:
    """Usual shares by scope and objective, and the factor by which measurements are stretched around them."""

    stretch: float = 1.0
    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def likeliest(self, scope: str, read: Mapping[str, float], top: frozenset[str]) -> dict[str, float]:
        """Return the corrected shares of a scope's week. `read` is by objective, with '' for none and TOP.

        The objectives of the top priorities still sum to TOP, and all objectives with none to one.
        """
        usual = self.shares.get(scope)
        if usual is None or self.stretch == 1.0:
            return dict(read)
        found = {
            name: usual.get(name, 0.0) + self.stretch * (share - usual.get(name, 0.0)) for name, share in read.items()
        }
        whole = found.pop(TOP)
        return {**in_bounds(found, top, whole), TOP: min(1.0, max(0.0, whole))}

    def spent(self, effort: Array, teams: Sequence[str], names: Sequence[str]) -> Array:
        """Correct effort, (names, people, days), in place, stretching each person's around the usual shares of their team.

        Totals stay the same. Single days may become negative; only sums over many are meaningful.
        """
        company = self.shares.get(COMPANY)
        if company is None or self.stretch == 1.0:
            return effort
        usual = np.array([[self.shares.get(team, company).get(name, 0.0) for team in teams] for name in names])
        usual /= np.maximum(usual.sum(0), 1e-9)
        whole = effort.sum(0)
        effort *= self.stretch
        for plane, shares in zip(effort, usual, strict=True):
            plane -= (self.stretch - 1) * shares[:, None] * whole
        return effort


@dataclass(frozen=True, slots=True)
class GivenBack:
    """Ratios of corrected to measured shares."""

    factors: Mapping[tuple[str, str], float]

    def of(self, scope: str, objective: str) -> float:
        """Return the ratio; for a team without shares of its own, the company's."""
        return self.factors.get((scope, objective), self.factors.get((COMPANY, objective), 1.0))


def in_bounds(shares: Mapping[str, float], top: frozenset[str], whole: float) -> dict[str, float]:
    """Return the shares with none below zero, rescaled so that the top priorities sum to `whole` and all to one."""
    found = {name: max(0.0, share) for name, share in shares.items()}
    whole = min(1.0, max(0.0, whole))
    for some, together in ((found.keys() & top, whole), (found.keys() - top, 1 - whole)):
        before = sum(found[name] for name in some)
        for name in some:
            found[name] *= together / before if before > 0 else 0.0
    return found


def stretch_of(read: Sequence[float], dilution: Dilution) -> float:
    """Estimate the stretch from a company's weekly measurements (fractions, in order).

    It is the slope of the truth on the measurement: the proportion of the measured variance that is lasting change, divided by
    the fraction of a change that is kept (attenuated by the uncertainty of that).
    """
    if len(read) < LEAST_WEEKS:
        return 1.0
    varies, by_the_week = float(np.var(read, ddof=1)), float(np.mean(np.diff(read) ** 2)) / 2
    change = max(0.0, 1 - by_the_week / varies) if varies > 0 else 0.0
    return min(MOST, max(1.0, change * dilution.kept / (dilution.kept**2 + dilution.kept_sd**2)))


def load_usual(session: Session) -> Usual:
    """Load the stored usual shares."""
    rows = list(session.scalars(select(UsualShare)))
    return Usual(rows[0].stretch, {row.scope: row.shares for row in rows}) if rows else Usual()


def given_back(session: Session, first: date, last: date) -> "GivenBack":
    """Return the ratios over the whole weeks between these days, to apply to sums of effort x belief shown next to the shares."""
    told, read = (func.sum(column * Share.person_days) for column in (Share.share, Share.read))
    weeks = Share.week.between(first, last - timedelta(days=6))
    query = select(Share.scope, Share.objective, told, read).where(weeks).group_by(Share.scope, Share.objective)
    return GivenBack({(scope, key): a / b for scope, key, a, b in session.execute(query) if b > 0})


def settle(session: Session, register: Register) -> int:
    """Estimate the usual shares again after a cycle; if they changed, correct all weeks. Returns the number of changed shares.

    Uses only shares that may be shown, so that no figure of fewer people can be derived.
    """
    usual = _find(session, register)
    if usual == load_usual(session):
        return 0
    session.execute(delete(UsualShare))
    session.add_all(
        UsualShare(scope=scope, stretch=usual.stretch, shares=dict(shares)) for scope, shares in usual.shares.items()
    )
    return _correct(session, usual, register.top())


def bounds(share: float, half: float) -> dict[str, float]:
    """Return the columns of a share and its interval, rounded and within 0 and 1."""
    low, high = max(0.0, share - half), min(1.0, share + half)
    return {name: rounded(value, DIGITS) for name, value in (("share", share), ("low", low), ("high", high))}


def _find(session: Session, register: Register) -> Usual:
    over = Share.week < (session.scalar(select(func.max(Share.week))) or date.min)  # the last one may still be running
    company = select(Share.read).where(over, Share.scope == COMPANY, Share.objective == TOP).order_by(Share.week)
    read = list(session.scalars(company))
    if len(read) < LEAST_WEEKS:
        return Usual()
    stretch = round(stretch_of(read, company_dilution(session, register)), _STRETCH_DIGITS)
    if stretch == 1.0:
        return Usual()
    means = select(Share.scope, Share.objective, func.avg(Share.read)).where(over)
    shares: dict[str, dict[str, float]] = {}
    for scope, objective, mean in session.execute(means.group_by(Share.scope, Share.objective)):
        shares.setdefault(scope, {})[objective] = rounded(float(mean), _SHARE_DIGITS)
    return Usual(stretch, shares)


def _correct(session: Session, usual: Usual, top: frozenset[str]) -> int:
    weeks: dict[tuple[date, str], dict[str, tuple[float, float, float]]] = {}
    columns = (Share.week, Share.scope, Share.objective, Share.read, Share.half, Share.share)
    for week, scope, objective, *figures in session.execute(select(*columns)):
        weeks.setdefault((week, scope), {})[objective] = (figures[0], figures[1], figures[2])
    changed = []
    for (week, scope), rows in weeks.items():
        found = usual.likeliest(scope, {name: read for name, (read, _, _) in rows.items()}, top)
        for name, (_, half, before) in rows.items():
            row = bounds(found[name], half)
            if row["share"] != before:
                changed.append({"week": week, "scope": scope, "objective": name, **row})
    for some in in_batches(changed):
        session.execute(update(Share), some)
    return len(changed)

"""The gap: the plan less the share, over whole weeks, with the interval of the mean over them.

What is off in one week alone is independent between weeks and shrinks with their number; everything else that a share's interval
holds (how this company's work is read, the same trees, the same people) is taken as perfectly correlated over the weeks, and
does not. So four weeks are hardly surer than one, and nothing is promised that an audit would have to keep.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Share
from models.vocabulary import COMPANY
from pipeline.register.allocation import holds_from, planned_shares
from pipeline.register.document import Register
from pipeline.register.workdays import monday
from pipeline.share.audit import OF_ONE
from pipeline.share.estimate import Z90
from pipeline.share.prior import company_prior

WEEK = timedelta(weeks=1)
WEEKS = 4
"""Whole weeks of the window that the gap is shown of."""


@dataclass(frozen=True, slots=True)
class WeekShare:
    """A week's share (its Monday; parts of one) with its 90 % interval, and the person-days seen in that week."""

    week: date
    share: float
    low: float
    high: float
    person_days: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Plan less share over `weeks` whole weeks, from the day `first` to `last`; parts of one. `low` and `high` bound the gap with
    90 %. `worked` are the person-days seen in these weeks on anything."""

    scope: str
    objective: str
    plan: float
    share: float
    low: float
    high: float
    first: date
    last: date
    weeks: int
    worked: float

    @property
    def size(self) -> float:
        """Plan less share: more than zero where less was worked than planned."""
        return self.plan - self.share

    @property
    def person_days(self) -> float:
        """What the gap is in person-days, over all its weeks."""
        return self.size * self.worked


def gap(scope: str, objective: str, plan: float, rows: Sequence[WeekShare]) -> Gap | None:
    """The gap over some weeks, each weighted by its work; None where nothing was worked."""
    worked = sum(row.person_days for row in rows)
    if worked <= 0:
        return None
    alone = (company_prior().week * OF_ONE) ** 2
    share = common = variance = 0.0
    for row in rows:
        weight = row.person_days / worked
        # An interval that ends at 0 or 1 was cut there: the longer side tells the error.
        squared = (max(row.high - row.share, row.share - row.low) / Z90) ** 2
        share += weight * row.share
        common += weight * max(0.0, squared - alone) ** 0.5
        variance += weight**2 * min(squared, alone)
    half = Z90 * (common**2 + variance) ** 0.5
    low, high = plan - min(1.0, share + half), plan - max(0.0, share - half)
    last = max(row.week for row in rows) + timedelta(days=6)
    return Gap(scope, objective, plan, share, low, high, min(row.week for row in rows), last, len(rows), worked)


def weeks_of(session: Session, scope: str, since: date, until: date) -> dict[str, list[WeekShare]]:
    """By objective, the whole weeks of a scope from `since` to `until`, in order. Weeks of too few people have no shares."""
    first = since if since.weekday() == 0 else monday(since) + WEEK
    query = select(Share).where(Share.scope == scope, Share.week >= first, Share.week <= until - timedelta(days=6))
    found: dict[str, list[WeekShare]] = {}
    for row in session.scalars(query.order_by(Share.week)):
        found.setdefault(row.objective, []).append(WeekShare(row.week, row.share, row.low, row.high, row.person_days))
    return found


@dataclass(frozen=True, slots=True)
class Followed:
    """A planned objective of a scope: since when its plan holds, and the whole weeks since then."""

    scope: str
    objective: str
    plan: float
    since: date
    rows: tuple[WeekShare, ...]

    def last(self, count: int = WEEKS) -> Gap | None:
        """The gap over the last weeks; None where there are none yet."""
        return gap(self.scope, self.objective, self.plan, self.rows[-count:])


def follow(
    session: Session, register: Register, history: Sequence[tuple[date, Register]], scope: str, through: date
) -> list[Followed]:
    """What is planned of a scope, with the weeks that the plan is held against: whole ones, up to `through`, within the period.

    `history` are the registers so far, as pipeline.register.versions.plans gives them.
    """
    plans = planned_shares(register, scope)
    if not plans:
        return []
    until = min(through, register.period.end)
    weeks = weeks_of(session, scope, register.period.start, until)
    found = []
    for key, plan in plans.items():
        since = holds_from(history, scope, key) or register.period.start
        rows = tuple(row for row in weeks.get(key, ()) if row.week >= since)
        found.append(Followed(scope, key, plan, since, rows))
    return found


def scopes(register: Register) -> list[str]:
    """The company, and the teams that have plans of their own."""
    return [COMPANY, *(team.key for team in register.teams if team.plan)]


def suggested(ranks: Mapping[str, int], past: Mapping[str, float]) -> dict[str, float]:
    """A plan to start from, for a scope that has none: what its objectives had together stays, and goes half by rank (1 / rank),
    half as it went. Multiples of 5 %, that add up to what was rounded to one; the largest remainder gets what is left.

    `past` are shares of some weeks, parts of one. Empty where nothing is known of the past: rank alone says nothing of how much
    else there is to do.
    """
    before = {key: max(0.0, past.get(key, 0.0)) for key in ranks}
    whole = sum(before.values())
    if not ranks or whole <= 0:
        return {}
    weight = sum(1 / rank for rank in ranks.values())
    steps = {key: 20 * (whole * 0.5 / rank / weight + 0.5 * before[key]) for key, rank in ranks.items()}
    found = {key: int(step) for key, step in steps.items()}
    left = int(20 * whole + 0.5) - sum(found.values())
    by_remainder = sorted(steps, key=lambda key: (found[key] - steps[key], ranks[key], key))
    for key in by_remainder[: max(0, left)]:
        found[key] += 1
    return {key: step / 20 for key, step in found.items()}

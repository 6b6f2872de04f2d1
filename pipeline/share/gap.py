"""The gap: plan minus share over whole weeks, with the interval of its mean.

The error of a single week is independent between weeks and averages out. Everything else in a share's interval (systematic errors
in this company, the same trees, the same people) is taken as perfectly correlated over the weeks and does not. So four weeks are
hardly more certain than one, and the interval does not claim precision that only an audit could provide.
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
"""Number of whole weeks over which the gap is shown."""


@dataclass(frozen=True, slots=True)
class WeekShare:
    """A week (its Monday) with its share and 90 % interval, as fractions, and the person-days seen in it."""

    week: date
    share: float
    low: float
    high: float
    person_days: float


@dataclass(frozen=True, slots=True)
class Gap:
    """Plan minus share over `weeks` whole weeks, from the day `first` to `last`, as fractions. `low` and `high` are the gap's 90
    % interval. `worked` is the total of person-days seen in these weeks."""

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
        """Plan minus share: positive if less was worked than planned."""
        return self.plan - self.share

    @property
    def person_days(self) -> float:
        """The gap in person-days, over all its weeks."""
        return self.size * self.worked


def gap(scope: str, objective: str, plan: float, rows: Sequence[WeekShare]) -> Gap | None:
    """Return the gap over some weeks, weighted by effort; None if there was no effort."""
    worked = sum(row.person_days for row in rows)
    if worked <= 0:
        return None
    alone = (company_prior().week * OF_ONE) ** 2
    share = common = variance = 0.0
    for row in rows:
        weight = row.person_days / worked
        # An interval that ends at 0 or 1 was clipped: the longer side gives the error.
        squared = (max(row.high - row.share, row.share - row.low) / Z90) ** 2
        share += weight * row.share
        common += weight * max(0.0, squared - alone) ** 0.5
        variance += weight**2 * min(squared, alone)
    half = Z90 * (common**2 + variance) ** 0.5
    low, high = plan - min(1.0, share + half), plan - max(0.0, share - half)
    last = max(row.week for row in rows) + timedelta(days=6)
    return Gap(scope, objective, plan, share, low, high, min(row.week for row in rows), last, len(rows), worked)


def weeks_of(session: Session, scope: str, since: date, until: date) -> dict[str, list[WeekShare]]:
    """Return, by objective, a scope's whole weeks from `since` to `until`, in order. Weeks with too few people have no shares."""
    first = since if since.weekday() == 0 else monday(since) + WEEK
    query = select(Share).where(Share.scope == scope, Share.week >= first, Share.week <= until - timedelta(days=6))
    found: dict[str, list[WeekShare]] = {}
    for row in session.scalars(query.order_by(Share.week)):
        found.setdefault(row.objective, []).append(WeekShare(row.week, row.share, row.low, row.high, row.person_days))
    return found


@dataclass(frozen=True, slots=True)
class Followed:
    """A scope's planned objective: the plan, since when it holds, and the whole weeks since then."""

    scope: str
    objective: str
    plan: float
    since: date
    rows: tuple[WeekShare, ...]

    def last(self, count: int = WEEKS) -> Gap | None:
        """Return the gap over the last weeks; None if there are none yet."""
        return gap(self.scope, self.objective, self.plan, self.rows[-count:])


def follow(
    session: Session, register: Register, history: Sequence[tuple[date, Register]], scope: str, through: date
) -> list[Followed]:
    """Return a scope's planned objectives with the weeks they are compared with: whole ones within the period, up to `through`.

    `history` is the result of pipeline.register.versions.plans.
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
    """Return the company and the teams that have plans of their own."""
    return [COMPANY, *(team.key for team in register.teams if team.plan)]


def suggested(ranks: Mapping[str, int], past: Mapping[str, float]) -> dict[str, float]:
    """Suggest a first plan for a scope that has none.

    The objectives keep their past total; half of it is divided by rank (1 / rank), half as before. Plans are multiples of 5 % and
    sum to the rounded total (largest remainder method). `past` are shares of some weeks, as fractions. Empty without a past: rank
    alone does not show how much other work there is.
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

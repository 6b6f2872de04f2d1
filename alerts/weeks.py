"""The weeks of a scope, read from the table of shares, and figures over several of them: mean and interval."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.charts import WeekPoint
from alerts.words import percent
from models import Share
from pipeline.looked import looked_through
from pipeline.register.workdays import monday

TOP, NONE = "top", ""
RECENT_WEEKS, USUAL_WEEKS = 4, 8
WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class Weekly:
    """A week of a scope, shares by objective in parts of one."""

    week: date
    complete: bool
    coverage: float
    person_days: float
    shares: Mapping[str, Share]


def complete_through(session: Session) -> date | None:
    """The last day that figures are complete up to: drift was looked for so far. None before the first time."""
    return looked_through(session)


def is_complete(week: date, through: date | None) -> bool:
    """Return True if the week that begins on this Monday is over and known."""
    return through is None or week + timedelta(days=6) <= through


def unfinished(session: Session, weeks: Iterable[date]) -> frozenset[date]:
    """Those of the weeks, by Monday, that are not over."""
    through = complete_through(session)
    return frozenset(week for week in weeks if not is_complete(week, through))


def last_week(session: Session, scope: str) -> date | None:
    """Monday of the scope's last complete week; of its running one where it has no other; None where it has no shares."""
    through = complete_through(session)
    query = select(func.max(Share.week)).where(Share.scope == scope)
    over = session.scalar(query.where(Share.week <= through - timedelta(days=6))) if through else None
    return over or session.scalar(query)


def weekly(session: Session, scope: str, since: date | None = None, until: date | None = None) -> list[Weekly]:
    """The weeks of a scope in order, the running one too, within the days given."""
    through = complete_through(session)
    query = select(Share).where(Share.scope == scope).order_by(Share.week)
    if since:
        query = query.where(Share.week > since - WEEK)
    if until:
        query = query.where(Share.week <= until)
    by_week: dict[date, dict[str, Share]] = {}
    for row in session.scalars(query):
        by_week.setdefault(row.week, {})[row.objective] = row
    return [
        Weekly(week, is_complete(week, through), rows[TOP].coverage, rows[TOP].person_days, rows)
        for week, rows in by_week.items()
        if TOP in rows
    ]


def usual_weeks(began: date, week: date) -> tuple[date, date]:
    """First Monday, and the Monday after the last, of the weeks that `week` is held against: those before it, or before a fall.

    The mean of weeks before and after a fall is usual of neither.
    """
    end = min(week, monday(began))
    return end - USUAL_WEEKS * WEEK, end


def mean_shares(weeks: Sequence[Weekly]) -> dict[str, float]:
    """Mean shares by objective, the top priorities' (TOP) too, weeks weighted by their work."""
    total = sum(one.person_days for one in weeks)
    if not weeks or total <= 0:
        return {}
    sums: dict[str, float] = {}
    for one in weeks:
        for key, row in one.shares.items():
            sums[key] = sums.get(key, 0.0) + row.share * one.person_days
    return {key: value / total for key, value in sums.items()}


def interval(weeks: Sequence[Weekly]) -> dict[str, tuple[float, float]]:
    """By objective, how far the 90% interval reaches below and above the share, the mean over the weeks."""
    found: dict[str, list[tuple[float, float]]] = {}
    for one in weeks:
        for key, row in one.shares.items():
            found.setdefault(key, []).append((row.share - row.low, row.high - row.share))
    return {
        key: (sum(low for low, _ in rows) / len(rows), sum(high for _, high in rows) / len(rows))
        for key, rows in found.items()
    }


def reach(about: Mapping[str, tuple[float, float]], mine: Sequence[str], rest: Sequence[str]) -> tuple[float, float]:
    """How far the interval of a sum of shares reaches below and above. Standard deviations add up at most, and what is
    too much in the sum is missing in the rest; so the smaller of both is wide enough whatever the parts have in common."""
    inside = [sum(about.get(key, (0.0, 0.0))[side] for key in mine) for side in (0, 1)]
    outside = [sum(about.get(key, (0.0, 0.0))[side] for key in rest) for side in (1, 0)]
    return min(inside[0], outside[0]), min(inside[1], outside[1])


def points(weeks: Sequence[Weekly], keys: frozenset[str] | None = None) -> list[WeekPoint]:
    """Weeks of a chart of the top priorities, or of some objectives together."""
    found = []
    for one in weeks:
        if keys is None:
            row = one.shares[TOP]
            share, low, high = row.share, row.low, row.high
        else:
            share = sum(one.shares[key].share for key in sorted(keys) if key in one.shares)
            below, above = reach(interval([one]), sorted(keys), [key for key in one.shares if key not in (*keys, TOP)])
            low, high = max(0.0, share - below), min(1.0, share + above)
        found.append(WeekPoint(one.week, share, low, high, one.coverage, None, one.complete))
    return found


def week_line(point: WeekPoint) -> str:
    """A week in a line of the command line, the same for every command."""
    rest = "" if point.complete else ", not complete yet"
    return (
        f"week of {point.week}: top priorities {percent(point.share)}% ({percent(point.low)} to {percent(point.high)}), "
        f"{percent(point.coverage)}% of days seen{rest}"
    )

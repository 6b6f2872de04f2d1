"""What the pages show, read from the aggregates; nothing here is about one person."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.waiting import open_fall, usual_weeks
from leeway.app import App
from models import Cycle, Decision, Drift, Effort, Match, Person, Share, Theme, ThemeAnswer, WorkItem
from models.vocabulary import COMPANY
from pipeline.register.document import Register

WEEKS = 26
EXAMPLES = 8


@dataclass(frozen=True, slots=True)
class Row:
    """An objective in the last week: percent, with its interval and the mean of the eight weeks before it or an open fall."""

    key: str
    title: str
    priority: int | None
    now: float
    low: float
    high: float
    usual: float


@dataclass(frozen=True, slots=True)
class Scope:
    """The company's or a team's figures."""

    key: str
    name: str
    week: date
    coverage: float
    top: Row
    rows: list[Row]
    weeks: list[dict[str, Any]]
    since: date | None
    """Start of the open fall, where there is one: `usual` is of before it."""


def large_teams(register: Register, least: int) -> list[tuple[str, str]]:
    """Key and name of the teams that figures are given of."""
    return [(team.key, team.name) for team in register.teams if len(team.members) >= least]


def scope_of(session: Session, register: Register, key: str) -> Scope | None:
    """None where there are no figures of it (yet, or because it is too small)."""
    week = session.scalar(select(func.max(Share.week)).where(Share.scope == key))
    if week is None:
        return None
    fall = open_fall(session, key)
    first, end = usual_weeks(fall, week)
    drawn = week - timedelta(weeks=WEEKS - 1)
    query = select(Share).where(Share.scope == key, Share.week >= min(first, drawn)).order_by(Share.week)
    shares = list(session.scalars(query))
    titles: list[tuple[str, str, int | None]] = [(o.key, o.title, o.priority) for o in register.objectives]
    rows = []
    for objective, title, priority in [("top", "Top three objectives", None), *titles, ("", "No objective", None)]:
        mine = [s for s in shares if s.objective == objective]
        now = next((s for s in mine if s.week == week), None)
        before = [s.share for s in mine if first <= s.week < end]
        usual = 100 * sum(before) / len(before) if before else 0.0
        rows.append(Row(objective, title, priority, 100 * (now.share if now else 0.0), 100 * (now.low if now else 0.0),
                        100 * (now.high if now else 0.0), usual))  # fmt: skip
    names = {team.key: team.name for team in register.teams} | {COMPANY: register.company or "Company"}
    weeks = [
        {"week": s.week.isoformat(), "objective": s.objective, "share": round(s.share, 4), "low": round(s.low, 4),
         "high": round(s.high, 4), "coverage": round(s.coverage, 4)}
        for s in shares if s.week >= drawn
    ]  # fmt: skip
    coverage = next((s.coverage for s in shares if s.week == week and s.objective == "top"), 0.0)
    since = fall.start if fall else None
    return Scope(key, names.get(key, key), week, 100 * coverage, rows[0], rows[1:], weeks, since)


def drifts(session: Session, scope: str | None = None) -> list[Drift]:
    """Open ones first, then the newest."""
    query = select(Drift).where(Drift.kind == "drift")
    if scope:
        query = query.where(Drift.scope == scope)
    found = list(session.scalars(query.order_by(Drift.raised_on.desc())))
    return sorted(found, key=lambda drift: drift.ended_on is not None or drift.state == "superseded")


def as_row(drift: Drift) -> dict[str, Any]:
    """A drift as a row of a table."""
    return {
        "scope": drift.scope, "start": drift.start.isoformat(), "raised_on": drift.raised_on.isoformat(),
        "ended_on": drift.ended_on.isoformat() if drift.ended_on else "", "state": drift.state, "severity": drift.severity,
        "before": round(drift.before, 4), "after": round(drift.after, 4), "low": round(drift.low, 4),
        "high": round(drift.high, 4),
    }  # fmt: skip


def decisions(session: Session, drift: int) -> list[Decision]:
    """What was decided about a drift, in order."""
    return list(session.scalars(select(Decision).where(Decision.drift_id == drift).order_by(Decision.at)))


def themes(session: Session, register: Register, least: int, scope: str = COMPANY) -> list[dict[str, Any]]:
    """The largest work off the plan, with the teams that are large enough to be named."""
    large = dict(large_teams(register, least))
    found = []
    for theme in session.scalars(select(Theme).order_by(Theme.recent_person_days.desc())):
        days = {str(team): float(amount) for team, amount in theme.teams}
        if scope != COMPANY and days.get(scope, 0.0) < 1:
            continue
        named = [large[team] for team in days if team in large and days[team] >= 1]
        said = session.execute(select(ThemeAnswer.answer, ThemeAnswer.by).where(ThemeAnswer.theme == theme.name)).all()
        found.append({"name": theme.name, "since": theme.first_day, "teams": named,
                      "said": ", ".join(f"{answer} ({by})" for answer, by in said),
                      "person_days": round(theme.recent_person_days)})  # fmt: skip
    return found[:8]


def examples(session: Session, drift: Drift) -> list[dict[str, Any]]:
    """Items that took the most work since a drift began and serve no top objective, each with the evidence of its match."""
    query = (
        select(WorkItem, func.sum(Effort.person_days).label("days"))
        .join(Effort, Effort.work_item_id == WorkItem.id).join(Person, Person.id == Effort.person_id)
        .where(Effort.day >= drift.start).group_by(WorkItem.id).order_by(func.sum(Effort.person_days).desc())
    )  # fmt: skip
    if drift.scope != COMPANY:
        query = query.where(Person.team == drift.scope)
    found = []
    for item, _ in session.execute(query.limit(60)):
        match = session.get(Match, item.id)
        best, p = max((match.probabilities if match else {}).items(), key=lambda pair: pair[1], default=("", 0.0))
        if p >= 0.5:
            continue
        found.append({"id": item.id, "name": item.title or (item.text or "")[:120], "key": item.key, "place": item.container,
                      "url": item.url, "best": best,
                      "probability": p, "evidence": [str(e) for e in (match.evidence if match else [])]})  # fmt: skip
    return found[:EXAMPLES]


def last_cycle(app: App) -> tuple[int, Any]:
    """Id and end of the last whole cycle; pages are kept as long as it is the newest."""
    with app.sessions() as session:
        row = session.execute(
            select(Cycle.id, Cycle.finished_at).where(Cycle.finished_at.is_not(None)).order_by(Cycle.id.desc()).limit(1)
        ).first()
    return (row[0], row[1]) if row else (0, None)

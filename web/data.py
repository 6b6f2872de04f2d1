"""What the pages show, read from the aggregates; nothing here is about one person."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from alerts.words import fraction
from leeway.app import App
from models import Cycle, Decision, Drift, Effort, Label, Match, RegisterVersion, Share, Team, WorkItem
from models.vocabulary import COMPANY
from pipeline.drift.gaps import GAP
from pipeline.feedback.above import belongs_to
from pipeline.feedback.questions import about
from pipeline.match.who_says import all_shown
from pipeline.register.answered import holds
from pipeline.register.document import Register
from pipeline.register.membership import of_team
from web.auth import Viewer

EXAMPLES = 8


def large_teams(register: Register, least: int, who: Viewer | None = None) -> list[tuple[str, str]]:
    """Key and name of the teams that figures are given of; with a viewer, of those whose figures are theirs to see."""
    large = [(team.key, team.name) for team in register.large_teams(least)]
    return [(key, name) for key, name in large if who is None or who.may_see(key)]


def is_estimated(session: Session, objective: str) -> bool:
    """Return True once a cycle has estimated shares with this objective in the register."""
    return bool(session.scalar(select(exists().where(Share.objective == objective))))


def visible(register: Register, least: int, who: Viewer | None = None) -> set[str]:
    """Scopes that figures are given of, the company and the large teams; with a viewer, those that are theirs to see."""
    teams = {key for key, _ in large_teams(register, least, who)}
    return teams | {COMPANY} if who is None or who.may_see(COMPANY) else teams


STORIES = ("drift", GAP)
"""Kinds of findings that have a page of their own."""


def drifts(session: Session, scope: str | None = None) -> list[Drift]:
    """Falls of the top priorities and gaps to the plan: open ones first, then the newest."""
    query = select(Drift).where(Drift.kind.in_(STORIES))
    if scope:
        query = query.where(Drift.scope == scope)
    found = list(session.scalars(query.order_by(Drift.raised_on.desc())))
    return sorted(found, key=lambda drift: drift.ended_on is not None or drift.state == "superseded")


def as_row(drift: Drift) -> dict[str, Any]:
    """A drift as a row of a table."""
    return {
        "kind": drift.kind,
        "scope": drift.scope,
        "objective": drift.subject,
        "start": drift.start.isoformat(),
        "raised_on": drift.raised_on.isoformat(),
        "ended_on": drift.ended_on.isoformat() if drift.ended_on else "",
        "state": drift.state,
        "severity": drift.severity,
        "before": fraction(drift.before),
        "after": fraction(drift.after),
        "low": fraction(drift.low),
        "high": fraction(drift.high),
    }


def decisions(session: Session, drift: int) -> list[Decision]:
    """What was decided about a drift, in order."""
    return list(session.scalars(select(Decision).where(Decision.drift_id == drift).order_by(Decision.at)))


def labellable(
    session: Session, register: Register, team: str | None, drift: int | None, item: int | None
) -> list[dict[str, Any]]:
    """Items to label that somebody chose: those behind a finding that nobody labelled yet, or one item."""
    if item is not None:
        return about(session, register, [item], team)
    found = session.get(Drift, drift) if drift is not None else None
    if found is None:
        return []
    ids = [one["id"] for one in examples(session, found)]
    answered = (Label.work_item_id.in_(ids), holds(session, register))
    labelled = set(session.scalars(select(Label.work_item_id).where(*answered)))
    return about(session, register, [id_ for id_ in ids if id_ not in labelled], team)


def examples(session: Session, drift: Drift) -> list[dict[str, Any]]:
    """Items that took the most work since a drift began and serve no top objective, each with the evidence of its match."""
    return off_plan(session, heaviest(session, drift.start, drift.scope))


def heaviest(session: Session, start: date, scope: str) -> tuple[int, ...]:
    """Items that a scope put the most work into since a day, of effort alone: items and their texts are wide."""
    query = (
        select(Effort.work_item_id)
        .where(Effort.day >= start)
        .group_by(Effort.work_item_id)
        .order_by(func.sum(Effort.person_days).desc(), Effort.work_item_id)
    )
    if scope != COMPANY:
        query = of_team(query, scope)
    return tuple(session.scalars(query.limit(60)))


def off_plan(session: Session, ids: Sequence[int]) -> list[dict[str, Any]]:
    """The first of these that serve no objective, each with the evidence of its match."""
    items = {one.id: one for one in session.scalars(select(WorkItem).where(WorkItem.id.in_(ids)))}
    matches = {one.work_item_id: one for one in session.scalars(select(Match).where(Match.work_item_id.in_(ids)))}
    names = team_names(session)
    rows = [described(items[one], matches.get(one), names) for one in ids if one in items]
    shown = [row for row in rows if row["probability"] < 0.5][:EXAMPLES]
    above = belongs_to(session, (items[row["id"]] for row in shown))
    return [row | {"of": above.get(row["id"], "")} for row in shown]


def team_names(session: Session) -> dict[str, str]:
    """What the newest register calls its teams, by key."""
    newest = select(func.max(RegisterVersion.id)).scalar_subquery()
    return dict(session.execute(select(Team.key, Team.name).where(Team.version_id == newest)).all())


def described(item: WorkItem, match: Match | None, names: Mapping[str, str]) -> dict[str, Any]:
    """An item with what it most likely serves, and all evidence of its match; teams by their `names`."""
    best, p = max((match.probabilities if match else {}).items(), key=lambda pair: pair[1], default=("", 0.0))
    return {
        "id": item.id,
        "name": item.title or (item.text or "")[:120],
        "key": item.key,
        "place": item.container,
        "url": item.url,
        "best": best,
        "probability": p,
        "evidence": all_shown(match.evidence if match else (), names),
    }


def last_cycle(app: App) -> tuple[int, Any]:
    """Id and end of the last whole cycle; pages are kept as long as it is the newest."""
    with app.sessions() as session:
        row = session.execute(
            select(Cycle.id, Cycle.finished_at).where(Cycle.finished_at.is_not(None)).order_by(Cycle.id.desc()).limit(1)
        ).first()
    return (row[0], row[1]) if row else (0, None)

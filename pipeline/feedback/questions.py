"""Items that people are asked about, on the page, in the digest and in chat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import AuditDraw, Effort, Label, Match, Question, WorkItem
from pipeline.feedback.above import belongs_to
from pipeline.match.who_says import all_shown
from pipeline.register.answered import holds
from pipeline.register.document import Register
from pipeline.register.membership import of_team

RECENT = timedelta(weeks=4)
"""Audit items unanswered for this long are no longer asked about."""


@dataclass(frozen=True, slots=True)
class _Called:
    """Display names of key results and teams, by key."""

    key_results: Mapping[str, str]
    teams: Mapping[str, str]

    @classmethod
    def of(cls, register: Register) -> "_Called":
        """Take the names from the register."""
        titles = {k.key: f"{k.key} {k.title}" for _, k in register.key_results()}
        return cls(titles, {team.key: team.name for team in register.teams})


def questions(session: Session, register: Register, team: str | None, done: set[int]) -> list[dict[str, Any]]:
    """Return items worth labelling; for a team, only items it worked on, the audit's first and then the most informative."""
    query = (
        select(WorkItem, Match)
        .join(Match, Match.work_item_id == WorkItem.id)
        .where(WorkItem.id.not_in(select(Label.work_item_id).where(holds(session, register))))
    )
    asked = query.join(Question, Question.work_item_id == WorkItem.id).order_by(Question.rank)
    rows: list[Any] = []
    if team:
        last = session.scalar(select(func.max(AuditDraw.week)))
        if last is not None:
            drawn = select(AuditDraw.work_item_id).where(AuditDraw.team == team, AuditDraw.week > last - RECENT)
            rows += session.execute(query.where(WorkItem.id.in_(drawn)).order_by(WorkItem.id)).all()
        worked = of_team(select(Effort.work_item_id), team)
        asked = asked.where(WorkItem.id.in_(worked))
    audited = {item.id for item, _ in rows}
    rows += [row for row in session.execute(asked) if row[0].id not in audited]
    called = _Called.of(register)
    rows = [row for row in rows if row[0].id not in done]
    above = belongs_to(session, (item for item, _ in rows))
    return [_asked(item, match, called, above, audit=item.id in audited) for item, match in rows]


def about(session: Session, register: Register, items: Sequence[int], team: str | None) -> list[dict[str, Any]]:
    """Return the same for chosen items, in order, labelled or not; for a team, only items it worked on."""
    query = select(WorkItem, Match).join(Match, Match.work_item_id == WorkItem.id).where(WorkItem.id.in_(items))
    if team:
        worked = of_team(select(Effort.work_item_id), team)
        query = query.where(WorkItem.id.in_(worked))
    called = _Called.of(register)
    rows = session.execute(query).all()
    above = belongs_to(session, (item for item, _ in rows))
    found = {item.id: _asked(item, match, called, above, audit=False) for item, match in rows}
    return [found[item] for item in items if item in found]


def _asked(item: WorkItem, match: Match, called: "_Called", above: Mapping[int, str], *, audit: bool) -> dict[str, Any]:
    titles = called.key_results
    likely = sorted(match.probabilities.items(), key=lambda pair: -pair[1])[:5]
    return {
        "id": item.id,
        "name": item.title or "",
        "text": (item.text or "")[:400],
        "place": item.container,
        "of": above.get(item.id, ""),
        "key": item.key,
        "item": f"{item.source}:{item.external_id}",
        "url": item.url,
        "audit": audit,
        "evidence": all_shown(match.evidence, called.teams),
        "likely": [{"key": key, "title": titles.get(key, key)} for key, _ in likely if key in titles],
    }

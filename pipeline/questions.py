"""Items that people are asked about, for the page, the digest and Slack."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Effort, Label, Match, Person, Question, WorkItem
from pipeline.register import Register


def questions(session: Session, register: Register, team: str | None, done: set[int]) -> list[dict[str, Any]]:
    """Items worth a label, the most telling first; for a team only those that it worked on."""
    query = select(WorkItem, Match).join(Question, Question.work_item_id == WorkItem.id).join(
        Match, Match.work_item_id == WorkItem.id
    ).where(WorkItem.id.not_in(select(Label.work_item_id))).order_by(Question.rank)  # fmt: skip
    if team:
        worked = select(Effort.work_item_id).join(Person, Person.id == Effort.person_id).where(Person.team == team)
        query = query.where(WorkItem.id.in_(worked))
    titles = {k.key: f"{k.key} {k.title}" for _, k in register.key_results()}
    found = []
    for item, match in session.execute(query):
        if item.id in done:
            continue
        likely = sorted(match.probabilities.items(), key=lambda pair: -pair[1])[:5]
        found.append({"id": item.id, "name": item.title or "", "text": (item.text or "")[:400], "place": item.container,
                      "key": item.key, "url": item.url, "evidence": [str(e) for e in match.evidence],
                      "likely": [{"key": key, "title": titles.get(key, key)} for key, _ in likely if key in titles]})  # fmt: skip
    return found

"""Match all items of the database and keep the probabilities with their evidence."""

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from models import Label, Match, Question, Vector, WorkItem, upsert
from pipeline.ask import worth_asking
from pipeline.audit_stage import AUDIT
from pipeline.encode import Encoder
from pipeline.match import Matcher
from pipeline.register import Register
from pipeline.work import Work, item_id, load_work

QUESTIONS = 60
"""Items kept as most worth a label."""
_LEAST = 0.005
"""Probabilities below this are not kept; they belong to none then."""


def needs_match(session: Session, version: int, changed: int) -> bool:
    """Whether anything that the matches rest on is newer than they are."""
    matched = session.scalar(select(func.count()).select_from(Match).where(Match.version_id == version)) or 0
    items = session.scalar(select(func.count()).select_from(WorkItem)) or 0
    return bool(changed) or matched != items


def matcher_of(
    sessions: sessionmaker[Session], register: Register, encoder: Encoder
) -> tuple[list[Work], Matcher, dict[str, str | None]]:
    """All work items, their matcher, and the labels that teach it (by the items' names)."""
    with sessions() as session:
        work = load_work(session)
        vectors = load_vectors(session, work, encoder.name)
        labels = _labels(session, set(register.objective_of()))
    return work, Matcher(register, [one.item for one in work], encoder, vectors), labels


def match_all(sessions: sessionmaker[Session], register: Register, version: int, encoder: Encoder) -> int:
    """Match every work item against the register; returns how many."""
    with sessions() as session:
        if session.scalar(select(WorkItem.id).limit(1)) is None:
            return 0
    work, matcher, labels = matcher_of(sessions, register, encoder)
    found, features = matcher.probabilities(labels)
    predictions = matcher.explain(labels, found, features)
    asked = worth_asking(matcher, found, QUESTIONS, set(labels))
    row_of = {one.item.id: one.row for one in work}
    rows = [
        {"work_item_id": one.row, "version_id": version, "evidence": list(prediction.evidence),
         "probabilities": {key: round(p, 4) for key, p in prediction.probabilities.items() if p >= _LEAST}}
        for one, prediction in zip(work, predictions, strict=True)
    ]  # fmt: skip
    with sessions.begin() as session:
        session.execute(delete(Match))
        upsert(session, Match, rows, ("work_item_id",))
        session.execute(delete(Question))
        upsert(session, Question, [{"work_item_id": row_of[id_], "rank": rank} for rank, id_ in enumerate(asked)],
               ("work_item_id",))  # fmt: skip
    return len(rows)


def load_vectors(session: Session, work: list[Work], model: str) -> NDArray[np.float32]:
    """(items, dimension), zero where an item has no words."""
    hashes = dict(session.execute(select(WorkItem.id, WorkItem.text_hash)).all())
    stored = dict(session.execute(select(Vector.text_hash, Vector.data).where(Vector.model == model)).all())
    size = len(next(iter(stored.values()))) // 2 if stored else 1
    found = np.zeros((len(work), size), np.float32)
    for i, one in enumerate(work):
        data = stored.get(hashes.get(one.row) or "")
        if data is not None:
            found[i] = np.frombuffer(data, np.float16)
    return found


def _labels(session: Session, known: set[str]) -> dict[str, str | None]:
    query = (
        select(WorkItem.source, WorkItem.external_id, Label.key_result)
        .join(Label, Label.work_item_id == WorkItem.id)
        .where(Label.origin != AUDIT)
    )
    return {item_id(source, id_): key for source, id_, key in session.execute(query) if key is None or key in known}

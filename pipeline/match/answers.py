"""People's answers about work items as the match uses them: only as far as they were about the present key results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Label, WorkItem
from models.vocabulary import AUDIT, WITH_STREAM
from pipeline.items import LoadedItem, item_id
from pipeline.match.judged import column_of
from pipeline.match.matcher import FOLLOWS, Belief, Matcher
from pipeline.register.answered import holds, known_since, later
from pipeline.register.document import Register


@dataclass(frozen=True, slots=True)
class Answers:
    """`labels`: by item id, the key result that the item serves, None for none. `older`: items that were answered with none, with
    the key results added since, about which nobody was asked. The match does not learn from these, or similar items would become
    none too."""

    labels: dict[str, str | None]
    older: Mapping[str, frozenset[str]]


def load_answers(session: Session, register: Register) -> Answers:
    """Load the answers to learn from: not those of the audit, nor those given for a whole stream."""
    since = known_since(session, register)
    query = (
        select(WorkItem.source, WorkItem.external_id, Label.key_result, Label.at)
        .join(Label, Label.work_item_id == WorkItem.id)
        .where(Label.origin.not_in((AUDIT, WITH_STREAM)))
        .order_by(WorkItem.source, WorkItem.external_id)
    )
    labels: dict[str, str | None] = {}
    older: dict[str, frozenset[str]] = {}
    for source, id_, key, at in session.execute(query):
        name = item_id(source, id_)
        if key is None and (unasked := later(since, at)):
            older[name] = unasked
        elif key is None or key in since:
            labels[name] = key
    return Answers(labels, older)


def loosened(matcher: Matcher, belief: Belief, answers: Answers) -> Belief:
    """Apply `older` answers: the item serves none of the key results that existed then; the later ones and none keep their
    probabilities, renormalised."""
    found, stands = belief.found.copy(), belief.stands.copy()
    speaker = matcher.following.speaker
    for id_, unasked in answers.older.items():
        at = matcher.position.get(id_)
        if at is None:
            continue
        row = belief.found[at]
        open_ = np.array([key in unasked for key in matcher.keys] + [True])
        left = np.where(open_, row, 0)
        mine = speaker == speaker[at]
        found[mine] = left / left.sum() if left.sum() > 0 else matcher.row(len(matcher.keys), 1.0)
        stands[mine] = False
    return replace(belief, found=found, stands=stands)


def with_stream(session: Session, here: Sequence[LoadedItem], matcher: Matcher) -> dict[int, NDArray[np.float32]]:
    """Return rows, by position, of items answered together with their stream. They are fixed like items that follow an answered
    one, but the match must not learn from them as if each had been asked about."""
    said_now = (Label.origin == WITH_STREAM, holds(session, matcher.register))
    query = select(Label.work_item_id, Label.key_result).where(*said_now)
    columns = column_of(matcher.register)
    said = {row: columns[key] for row, key in session.execute(query)}
    return {i: matcher.row(said[one.row], FOLLOWS) for i, one in enumerate(here) if one.row in said}

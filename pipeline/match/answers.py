"""What people answered about work items, as the match takes it: as far as it was said of the key results that there are."""

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
    """`labels` by item id: what it serves, None no key result. `older` has the items that serve none of the key results that
    there were then, with those that came later, of which nobody was asked. They teach nothing: what is alike would be none
    too."""

    labels: dict[str, str | None]
    older: Mapping[str, frozenset[str]]


def load_answers(session: Session, register: Register) -> Answers:
    """What teaches: the audit's answers do not, and those that went with a stream are the stream's."""
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
    """The belief in which what was said to serve none serves none of the key results that there were then; of the later ones,
    and of none, it is believed what is believed without that answer."""
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
    """Rows, by position, of the items that were answered with their stream: they stand as what follows an answer does, but are
    no answers of their own, of which the match would learn as if each had been asked about."""
    said_now = (Label.origin == WITH_STREAM, holds(session, matcher.register))
    query = select(Label.work_item_id, Label.key_result).where(*said_now)
    columns = column_of(matcher.register)
    said = {row: columns[key] for row, key in session.execute(query)}
    return {i: matcher.row(said[one.row], FOLLOWS) for i, one in enumerate(here) if one.row in said}

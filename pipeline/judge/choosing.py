"""Choose the streams that the judge is asked about, and the items that it reads."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Effort, Label, Stream, StreamItem
from models.session import in_batches
from models.stream import CONFIRMED
from models.vocabulary import AUDIT
from pipeline.feedback.asking import SPAN
from pipeline.feedback.stream_questions import worth_an_answer
from pipeline.items import Item, load_items
from pipeline.judge.question import TEXTS, TITLES
from pipeline.register.answered import holds
from pipeline.register.document import Register

KNOWN = 80
"""Number of streams with a known answer to ask about, newest first: they calibrate the judge."""
WORTH = 0.0002
"""Least expected effect of an answer on a share or its change, as a fraction."""
MOST = 500


def worth_asking(session: Session, register: Register, last: date) -> list[int]:
    """Return streams in the order to ask: those with a known answer, then those whose answer would move a share most."""
    confirmed = (
        select(Stream.id)
        .where(Stream.answer == CONFIRMED, holds(session, register, Stream))
        .order_by(Stream.last_day.desc(), Stream.id)
    )
    audited = (
        select(StreamItem.stream_id, func.max(Label.at))
        .join(Label, Label.work_item_id == StreamItem.work_item_id)
        .where(Label.origin == AUDIT)
        .group_by(StreamItem.stream_id)
        .order_by(func.max(Label.at).desc(), StreamItem.stream_id)
    )
    known = [*session.scalars(confirmed.limit(KNOWN)), *session.scalars(audited.limit(KNOWN))]
    moving = [id_ for id_, stake in worth_an_answer(session, register, last) if stake >= WORTH]
    return list(dict.fromkeys([*known, *moving]))[:MOST]


def items_to_read(
    session: Session, streams: Sequence[int], last: date, kept_back: frozenset[str]
) -> Mapping[int, Sequence[Item]]:
    """Return, by stream, its items with the most effort, own roots first, except in the containers `kept_back` (lower case)."""
    spent = func.coalesce(func.sum(Effort.person_days), 0.0)
    chosen: dict[int, list[int]] = {}
    for stream in streams:
        query = (
            select(StreamItem.work_item_id)
            .outerjoin(Effort, (Effort.work_item_id == StreamItem.work_item_id) & (Effort.day > last - SPAN))
            .where(StreamItem.stream_id == stream)
            .group_by(StreamItem.work_item_id, StreamItem.own)
            .order_by(StreamItem.own.desc(), func.round(spent * 1_000_000).desc(), StreamItem.work_item_id)
        )
        chosen[stream] = list(session.scalars(query.limit(4 * max(TITLES, TEXTS))))
    rows = sorted({row for some in chosen.values() for row in some})
    items = {one.row: one.item for some in in_batches(rows) for one in load_items(session, some)}
    found: dict[int, Sequence[Item]] = defaultdict(list)
    for stream, mine in chosen.items():
        found[stream] = [items[row] for row in mine if items[row].container.strip().lower() not in kept_back]
    return found

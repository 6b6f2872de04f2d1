"""Retention: delete words older than allowed."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, sessionmaker

from models import JudgeAnswer, Signal, StreamItem, StreamJudged, WorkItem
from models.session import in_batches
from pipeline.people.quotes import drop_quotes


def drop_texts(sessions: sessionmaker[Session], before: datetime) -> int:
    """Delete the words of messages, comments and descriptions older than `before`; return how many texts.

    Only for encoded items: their vectors, titles and links stay. New replies to them are stored without words.
    """
    with sessions.begin() as session:
        encoded = select(WorkItem.source, WorkItem.external_id).where(WorkItem.stale.is_(False)).subquery()
        signals = (
            select(Signal.id)
            .join(encoded, (Signal.source == encoded.c.source) & (Signal.item == encoded.c.external_id))
            .where(Signal.text.is_not(None), Signal.at < before)
        )
        ids = list(session.scalars(signals))
        touched: dict[str, set[str]] = defaultdict(set)
        for some in in_batches(ids):
            for source, item in session.execute(select(Signal.source, Signal.item).where(Signal.id.in_(some))):
                touched[source].add(item)
            session.execute(update(Signal).where(Signal.id.in_(some)).values(text=None))
        for source, items in touched.items():
            for names in in_batches(sorted(items)):
                session.execute(
                    update(WorkItem)
                    .where(WorkItem.source == source, WorkItem.external_id.in_(names))
                    .values(text_dropped=True)
                )
        at = func.coalesce(WorkItem.updated_at, WorkItem.created_at)
        old = (WorkItem.stale.is_(False), WorkItem.text.is_not(None), at < before)
        count = session.scalar(select(func.count()).select_from(WorkItem).where(*old)) or 0
        session.execute(update(WorkItem).where(*old).values(text=None, text_dropped=True))
        _drop_quotes(session)
    return len(ids) + count


def drop_quotes_of_wordless(sessions: sessionmaker[Session]) -> None:
    """Delete the judge's quotes of words that were deleted because their items are out of scope."""
    with sessions.begin() as session:
        _drop_quotes(session)


def _drop_quotes(session: Session) -> None:
    """Delete the quotes of a stream once any of its words are deleted, and quotes that no stream uses."""
    dropped = (
        select(StreamJudged.content)
        .join(StreamItem, StreamItem.stream_id == StreamJudged.stream_id)
        .join(WorkItem, WorkItem.id == StreamItem.work_item_id)
        .where(WorkItem.text_dropped)
    )
    used = select(StreamJudged.content)
    old = JudgeAnswer.content.in_(dropped) | JudgeAnswer.content.not_in(used)
    drop_quotes(session, old)

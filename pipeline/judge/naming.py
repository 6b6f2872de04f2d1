"""Give a stream the judge's name, but only if it has no title of its own."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Stream, StreamItem, WorkItem


def give_name(session: Session, stream: Stream, name: str) -> None:
    """Rename a thread without a title, or a cluster, as the judge suggests; a root's title stays, because people know it.

    `named_after` stays the same, so the stream is named again when that item's words are changed or deleted.
    """
    if not name or name == stream.name or not stream.named_after:
        return
    own = session.scalar(
        select(func.count()).where(StreamItem.stream_id == stream.id, StreamItem.own).select_from(StreamItem)
    )
    source, _, external = stream.anchor.partition(":")
    title = session.scalar(select(WorkItem.title).where(WorkItem.source == source, WorkItem.external_id == external))
    if title and (own or 0) <= 1:
        return
    stream.name = name

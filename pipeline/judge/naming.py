"""Whether a stream takes the name that the judge gave it: only where no title of its own names it."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Stream, StreamItem, WorkItem


def give_name(session: Session, stream: Stream, name: str) -> None:
    """A thread without a title, or a cluster, is called as the judge calls it; a root's title stays, since people know it.

    The item that it was named after stays: where its words are changed or deleted the stream is named again.
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

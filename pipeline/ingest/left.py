"""Items that are now out of scope: their project, pipeline or repository was removed from the list, or they moved to one that was
never listed. Work done while they were read is kept; their words are deleted."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from connectors.base import Page, SignalKind, State
from models import Signal, WorkItem, upsert
from models.session import in_batches
from pipeline.queue.marks import mark_effort, mark_stale, utc_day

_LEFT = "left:"
"""Prefix of the id of the signal that marks an item as out of scope; it also ends its time in progress, as nothing else will."""


def leave(session: Session, source: str, names: Iterable[str], now: datetime) -> None:
    """Delete the words of these items, and of signals named individually. Items not encoded yet keep their words until they are:
    the next sweep reports them again."""
    every = {*names}
    for some in in_batches(sorted(every)):
        known = (WorkItem.source == source, WorkItem.external_id.in_(some))
        items = list(session.scalars(select(WorkItem.external_id).where(*known, WorkItem.stale.is_(False))))
        session.execute(
            update(WorkItem)
            .where(WorkItem.source == source, WorkItem.external_id.in_(items))
            .values(text=None, text_dropped=True)
        )
        session.execute(update(Signal).where(Signal.source == source, Signal.item.in_(items)).values(text=None))
        row = {"source": source, "kind": SignalKind.TRANSITION.value, "at": now, "detail": {"to": State.LEFT.value}}
        nothing: dict[str, Any] = {"account": None, "hours": None, "text": None, "mentions": []}
        ends = [{**row, **nothing, "external_id": f"{_LEFT}{item}", "item": item} for item in items]
        if upsert(session, Signal, ends, ("source", "external_id"), keep=True):
            mark_effort(session, source, dict.fromkeys(items, utc_day(now)))
        alone = (Signal.source == source, Signal.external_id.in_(some), Signal.text.is_not(None))
        others = {*session.scalars(select(Signal.item).where(*alone))} - every
        listed = sorted(others - _left(session, source, others))
        session.execute(update(Signal).where(*alone, Signal.item.in_(listed)).values(text=None))
        mark_stale(session, source, listed)


def have_left(session: Session, source: str) -> set[str]:
    """Return all items of the source that are out of scope."""
    return {*session.scalars(select(Signal.item).where(Signal.source == source, Signal.external_id.startswith(_LEFT)))}


def come_back(session: Session, source: str, page: Page) -> set[str]:
    """Restore items that were out of scope and that the page, or a signal on it, is about, as if they had never left. Their words
    are read again, an item's own when the item itself arrives."""
    own = {one.external_id for one in page.items}
    back = _left(session, source, own | {one.item for one in page.signals})
    for some in in_batches(sorted(back)):
        ends = (Signal.source == source, Signal.external_id.in_([f"{_LEFT}{item}" for item in some]))
        first = {item: utc_day(at) for item, at in session.execute(select(Signal.item, Signal.at).where(*ends))}
        session.execute(delete(Signal).where(*ends))
        mark_effort(session, source, first)
        here = (WorkItem.source == source, WorkItem.external_id.in_([one for one in some if one in own]))
        session.execute(update(WorkItem).where(*here).values(text_dropped=False, stale=True))
    return back


def _left(session: Session, source: str, items: Iterable[str]) -> set[str]:
    """Return those of the items that are out of scope."""
    found: set[str] = set()
    for some in in_batches(sorted({*items})):
        names = [f"{_LEFT}{item}" for item in some]
        found |= {*session.scalars(select(Signal.item).where(Signal.source == source, Signal.external_id.in_(names)))}
    return found

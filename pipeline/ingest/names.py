"""Resolve items by the keys that people use. An item that was moved has a new key, and its source keeps the former one
working, so both mean the same item. Stored data always uses present keys, so that no other stage has to know."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, or_, select, update
from sqlalchemy.orm import Session, aliased, sessionmaker

from connectors.base import WorkItem as Seen
from models import FormerKey, Signal, WorkItem, upsert
from models.session import in_batches
from pipeline.queue.marks import mark_effort, mark_stale, utc_day

_READ = 5_000
_LONGEST = 64
_FEW = 50
"""Up to this many keys, the database searches for each."""


def keep_former(session: Session, source: str, items: Iterable[Seen], had: Mapping[str, str]) -> None:
    """Store the former keys that the source reports for these items, and the keys they `had` when last read."""
    found = {}
    for one in items:
        for key in (*one.former, had.get(one.external_id, "")):
            if key and one.key and key != one.key and len(key) <= _LONGEST:
                row = {"source": source, "key": key, "external_id": one.external_id, "settled": False}
                found[key] = row
    upsert(session, FormerKey, found.values(), ("source", "key"), ("external_id",))


def present_keys(session: Session, names: Iterable[str]) -> dict[str, str]:
    """Map former keys to the items' present keys; a name that is now an item's own key belongs to that item."""
    other = aliased(WorkItem)
    own = select(other.id).where(other.key == FormerKey.key).exists()
    query = (
        select(FormerKey.key, WorkItem.key)
        .join(WorkItem, (WorkItem.source == FormerKey.source) & (WorkItem.external_id == FormerKey.external_id))
        .where(WorkItem.key.is_not(None), ~own)
    )
    found: dict[str, str] = {}
    for some in in_batches(sorted({*names})):
        found |= {key: now for key, now in session.execute(query.where(FormerKey.key.in_(some))) if now}
    return found


def by_present_keys(session: Session, items: Sequence[dict[str, Any]], signals: Sequence[dict[str, Any]]) -> None:
    """Replace former keys in the mentions of these rows."""
    naming = [row for row in (*items, *signals) if row["mentions"]]
    present = present_keys(session, {name for row in naming for name in row["mentions"]}) if naming else {}
    if present:
        for row in naming:
            row["mentions"] = _renamed(row["mentions"], present, row.get("key"))


def settle_names(sessions: sessionmaker[Session], source: str) -> None:
    """Replace former keys in earlier data once they are known: in one go at the end of a pull, since it scans everything that
    mentions other items."""
    with sessions() as session:
        new = list(
            session.scalars(select(FormerKey.key).where(FormerKey.source == source, FormerKey.settled.is_(False)))
        )
        if not new:
            return
        present = present_keys(session, new)
    if present:
        with sessions.begin() as session:
            _rewrite(session, present)
    with sessions.begin() as session:
        for some in in_batches(sorted(new)):
            here = (FormerKey.source == source, FormerKey.key.in_(some))
            session.execute(update(FormerKey).where(*here).values(settled=True))


def _rewrite(session: Session, present: Mapping[str, str]) -> None:
    touched: dict[str, set[str]] = defaultdict(set)
    items = select(WorkItem.id, WorkItem.source, WorkItem.external_id, WorkItem.mentions, WorkItem.key)
    signals = select(Signal.id, Signal.source, Signal.item, Signal.mentions)
    for table, query in ((WorkItem, items), (Signal, signals)):
        named = query.where(_may_name(table.mentions, present)).execution_options(yield_per=_READ)
        hits = [row for row in session.execute(named) if not present.keys().isdisjoint(row[3])]
        for id_, source, item, mentions, *own in hits:
            renamed = _renamed(mentions, present, *own)
            session.execute(update(table).where(table.id == id_).values(mentions=renamed))
            touched[source].add(item)
    for source, names in touched.items():
        mark_stale(session, source, sorted(names))
        mark_effort(session, source, _first_days(session, source, sorted(names)))


def _may_name(mentions: Any, keys: Collection[str]) -> ColumnElement[bool]:
    """Condition that covers all rows naming one of these keys, and a few others: usually one issue was moved, and millions of
    signals name others."""
    text = cast(mentions, Text)
    if len(keys) > _FEW or not all(key.isascii() for key in keys):  # other letters are escaped in JSON
        return text != "[]"
    return or_(*(text.contains(f'"{key}"', autoescape=True) for key in keys))


def _first_days(session: Session, source: str, names: Sequence[str]) -> dict[str, date]:
    """Return the first day whose effort must be estimated again: a thread that names an issue is work on that issue."""
    query = select(Signal.item, func.min(Signal.at)).where(Signal.source == source).group_by(Signal.item)
    return {
        item: utc_day(at)
        for some in in_batches(names)
        for item, at in session.execute(query.where(Signal.item.in_(some)))
    }


def _renamed(mentions: Iterable[str], present: Mapping[str, str], own: str | None = None) -> list[str]:
    return [name for name in dict.fromkeys(present.get(one, one) for one in mentions) if name != own]

"""Store one page with its cursor in one transaction: no duplicates, and deletions applied."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from connectors.base import Page, Span, Suspect
from models import Account, Failure, Signal, StreamCursor, WorkItem, upsert
from models.session import in_batches
from pipeline.ingest.accounts import account_row, keep_known
from pipeline.ingest.gate import Gate, warn_of_unknown_kinds
from pipeline.ingest.left import come_back, leave
from pipeline.ingest.names import by_present_keys, keep_former
from pipeline.queue import chunks
from pipeline.queue.marks import FROM, mark_effort, mark_stale, utc_day

_ITEM_NEWS = (
    "updated_at",
    "title",
    "text",
    "status",
    "assignee",
    "parent",
    "key",
    "container",
    "kind",
    "automated",
    "mentions",
)
_EFFORT_NEWS = ("at", "hours", "account", "item", "kind", "detail")
_SIGNAL_NEWS = (*_EFFORT_NEWS, "text", "mentions")
# Built once: they run for every page, and building one costs more than running it.
_OF: Any = bindparam("of")
_IDS: Any = bindparam("ids", expanding=True)
_ITEMS = (WorkItem.source == _OF, WorkItem.external_id.in_(_IDS))
_KNOWN = select(WorkItem.external_id, WorkItem.kind, WorkItem.key).where(*_ITEMS)
_WORDLESS = select(WorkItem.external_id, WorkItem.updated_at).where(*_ITEMS, WorkItem.text_dropped)
_KEPT = select(
    Signal.external_id, Signal.at, Signal.hours, Signal.account, Signal.item, Signal.kind, Signal.detail
).where(Signal.source == _OF, Signal.external_id.in_(_IDS))
_HELD = select(Signal.id, Signal.external_id, Signal.item, Signal.at).where(Signal.source == _OF, Signal.item.in_(_IDS))
_ASIDE = select(Failure.external_id).where(Failure.source == _OF, Failure.stream == bindparam("stream"))


@dataclass(slots=True)
class LeftOver:
    """Row ids missing from a complete span: `sure` signals, and signals and items whose deletion must be confirmed."""

    sure: list[int] = field(default_factory=list)
    signals: dict[Suspect, int] = field(default_factory=dict)
    items: dict[Suspect, int] = field(default_factory=dict)

    def suspects(self) -> list[Suspect]:
        """Return the records whose deletion must be confirmed, one by one."""
        return [*self.items, *self.signals]

    def only(self, gone: Collection[str]) -> "LeftOver":
        """Return the part in which only these external ids are confirmed to be gone."""
        signals = {one: id_ for one, id_ in self.signals.items() if one.external_id in gone}
        return LeftOver(self.sure, signals, {one: id_ for one, id_ in self.items.items() if one.external_id in gone})


def store(
    session: Session, source: str, page: Page, *, retention: bool = True, missing: LeftOver | None = None
) -> tuple[int, int]:
    """Store one page with its cursor; return (signals new or changed, items and signals removed).

    `retention` is False if the caller knows that no words were ever deleted. `missing` is what the page's spans lack, as far
    as confirmed; without it everything they lack counts as deleted.
    """
    warn_of_unknown_kinds(page)
    gate = Gate(session, source)
    missing = left_over(session, source, page) if missing is None else missing
    accounts = gate.fit(Account, page.stream, map(account_row, page.accounts))
    keep_known(session, source, accounts)
    upsert(session, Account, accounts, ("source", "external_id"), ("name", "email", "bot", "time_zone", "groups"))
    authors = {one.external_id: one.account for one in page.signals} if gate.forgotten else {}
    dropped = _dropped(session, source, page) - come_back(session, source, page) if retention else set()
    items = gate.fit(
        WorkItem, page.stream, (_item_row(one, authors.get(one.external_id), gate, dropped) for one in page.items)
    )
    known, had = _known_items(session, source, page)
    keep_former(session, source, page.items, had)
    rows = gate.fit(Signal, page.stream, (_signal_row(one, dropped) for one in page.signals))
    by_present_keys(session, items, rows)
    new_items = upsert(session, WorkItem, items, ("source", "external_id"), _ITEM_NEWS)
    if gate.forgotten:
        rows = [row for row in rows if row["account"] not in gate.forgotten]
    news = _news(session, source, [row for row in rows if row["item"] in known]) if known else {}
    news |= _of_another_kind(page, known)
    changed = upsert(session, Signal, rows, ("source", "external_id"), _SIGNAL_NEWS)
    # New and changed items were stored as stale; other items of the page may only have a new signal.
    fresh = {row["external_id"] for row in items} if new_items == len(items) else set()
    removed = _remove(session, source, page.gone, missing)
    if changed or news:
        mark_stale(session, source, sorted({signal.item for signal in page.signals} - fresh))
        mark_effort(session, source, news)
    now = datetime.now(UTC)
    leave(session, source, page.left, now)
    _note_failures(session, source, page, gate, now)
    _keep_cursor(session, source, page, now)
    return changed, removed


def _keep_cursor(session: Session, source: str, page: Page, now: datetime) -> None:
    if page.cursor is None:
        return
    cursor = {"source": source, "stream": page.stream, "state": dict(page.cursor), "pulled_at": now}
    # The day reached may be incomplete. Until the past has been read to its end it is not used for judgements, including when it
    # is read again: a project added to the list later has its last weeks first.
    back = {"reached": page.reached.date() + timedelta(days=1), "finished_at": None} if page.reached else {}
    upsert(session, StreamCursor, [cursor | back], ("source", "stream"))


def _of_another_kind(page: Page, known: Mapping[str, str]) -> dict[str, date]:
    """Return from which day effort must be estimated again for items that changed kind: nobody works on an epic itself."""
    return {
        one.external_id: utc_day(one.created_at)
        for one in page.items
        if known.get(one.external_id, one.kind) != one.kind and one.created_at
    }


def _known_items(session: Session, source: str, page: Page) -> tuple[dict[str, str], dict[str, str]]:
    """Return kinds and keys of the existing items of the page and its signals; all days of new items count anyway."""
    names = sorted({*(one.external_id for one in page.items), *(one.item for one in page.signals)})
    kinds: dict[str, str] = {}
    keys: dict[str, str] = {}
    for some in in_batches(names):
        for id_, kind, key in session.connection().execute(_KNOWN, {"of": source, "ids": some}):
            kinds[id_] = kind
            if key:
                keys[id_] = key
    return kinds, keys


def _news(session: Session, source: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, date]:
    """Return by item the first day of a new or changed signal."""
    kept: dict[str, Any] = {}
    for some in in_batches([row["external_id"] for row in rows]):
        found = session.connection().execute(_KEPT, {"of": source, "ids": some})
        kept |= {row.external_id: row for row in found}
    first: dict[str, date] = {}
    for row in rows:
        was = kept.get(row["external_id"])
        if was is not None and all(getattr(was, name) == row[name] for name in _EFFORT_NEWS):
            continue
        day = utc_day(min(row["at"], was.at) if was is not None else row["at"])
        for item in {row["item"], was.item if was is not None else row["item"]}:
            first[item] = min(day, first.get(item, day))
    return first


def _note_failures(session: Session, source: str, page: Page, gate: Gate, now: datetime) -> None:
    """Store records set aside; delete those that were parsed this time."""
    aside = set(session.connection().scalars(_ASIDE, {"of": source, "stream": page.stream}))
    for some in in_batches(sorted(aside.intersection(page.read))):
        session.execute(
            delete(Failure).where(
                Failure.source == source, Failure.stream == page.stream, Failure.external_id.in_(some)
            )
        )
    failures = gate.fit(Failure, page.stream, ({**_columns(one), "at": now} for one in (*page.failures, *gate.refused)))
    upsert(session, Failure, failures, ("source", "stream", "external_id"))


def _columns(one: Any) -> dict[str, Any]:
    """Convert a dataclass to a row; `asdict` would deep-copy every value."""
    return {name: getattr(one, name) for name in one.__slots__}


def _dropped(session: Session, source: str, page: Page) -> set[str]:
    """Return items of the page whose words were deleted after encoding and that have not changed since."""
    versions = {one.external_id: one.updated_at for one in page.items}
    found: set[str] = set()
    for some in in_batches(sorted({*versions, *(signal.item for signal in page.signals)})):
        rows = session.connection().execute(_WORDLESS, {"of": source, "ids": some})
        found |= {id_ for id_, updated in rows if versions.get(id_, updated) == updated}
    return found


def _item_row(one: Any, author: str | None, gate: Gate, dropped: set[str]) -> dict[str, Any]:
    """Convert to a row; field by field for speed, since this runs for every item."""
    hidden = author is not None and author in gate.forgotten  # a message is its author's own words
    gone = one.external_id in dropped
    return {
        "source": one.source,
        "external_id": one.external_id,
        "kind": one.kind,
        "container": one.container,
        "title": None if hidden else one.title,
        "text": None if hidden or gone else one.text,
        "key": one.key,
        "parent": one.parent,
        "labels": list(one.labels),
        "status": one.status,
        "assignee": None if one.assignee is not None and one.assignee in gate.forgotten else one.assignee,
        "mentions": list(one.mentions),
        "url": one.url,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "automated": one.automated,
        "stale": True,
        "text_dropped": gone,
    }


def _signal_row(one: Any, dropped: set[str]) -> dict[str, Any]:
    return {
        "source": one.source,
        "external_id": one.external_id,
        "item": one.item,
        "kind": one.kind,
        "at": one.at,
        "account": one.account,
        "hours": one.hours,
        "text": None if one.item in dropped else one.text,
        "mentions": list(one.mentions),
        "detail": one.detail if one.detail.__class__ is dict else dict(one.detail),
    }


def _remove(session: Session, source: str, gone: Sequence[str], missing: LeftOver) -> int:
    """Delete what a complete span no longer holds, and what is reported as gone; return the number of rows."""
    signals, items = [*missing.sure, *missing.signals.values()], list(missing.items.values())
    if not (gone or signals or items):
        return 0
    for some in in_batches(sorted({*gone})):
        items += session.scalars(select(WorkItem.id).where(WorkItem.source == source, WorkItem.external_id.in_(some)))
        signals += session.scalars(
            select(Signal.id).where(Signal.source == source, or_(Signal.external_id.in_(some), Signal.item.in_(some)))
        )
    touched: set[str] = set()
    for some in in_batches(items):
        rows = session.execute(select(WorkItem.external_id, WorkItem.parent).where(WorkItem.id.in_(some))).all()
        touched |= {parent for _, parent in rows if parent}
        signals += session.scalars(
            select(Signal.id).where(Signal.source == source, Signal.item.in_([id_ for id_, _ in rows]))
        )
    signals = list(dict.fromkeys(signals))
    first: dict[str, date] = {}
    for some in in_batches(signals):
        for item, at in session.execute(
            select(Signal.item, func.min(Signal.at)).where(Signal.id.in_(some)).group_by(Signal.item)
        ):
            touched.add(item)
            first[item] = min(utc_day(at), first.get(item, date.max))
        session.execute(delete(Signal).where(Signal.id.in_(some)))
    if first and items:  # the rest of those days must be redistributed, even if the item itself is gone
        chunks.add(session, FROM, {(min(first.values()) - timedelta(days=1)).isoformat(): {}})
    mark_effort(session, source, first)
    for some in in_batches(items):
        session.execute(delete(WorkItem).where(WorkItem.id.in_(some)))
    mark_stale(session, source, sorted(touched))
    return len(signals) + len(set(items))


def left_over(session: Session, source: str, page: Page) -> LeftOver:
    """Return what lies within the page's spans but is not on the page."""
    found = LeftOver()
    here = {signal.external_id for signal in page.signals}
    by_item: dict[str, list[Span]] = defaultdict(list)
    for span in page.spans:
        if span.item is not None:
            by_item[span.item].append(span)
            continue
        bounds = [WorkItem.created_at >= span.after] if span.after else []
        bounds += [WorkItem.created_at < span.before] if span.before else []
        there = {item.external_id for item in page.items}
        kept = session.execute(
            select(WorkItem.id, WorkItem.external_id).where(
                WorkItem.source == source, WorkItem.container == span.container, *bounds
            )
        )
        found.items |= {Suspect(name, name): id_ for id_, name in kept if name not in there}
    for some in in_batches(sorted(by_item)):
        kept_signals = session.connection().execute(_HELD, {"of": source, "ids": some})
        for id_, name, item, at in kept_signals:
            spans = () if name in here else [span for span in by_item[item] if _covers(span, name, at)]
            if any(span.sure for span in spans):
                found.sure.append(id_)
            elif spans:
                found.signals[Suspect(name, item)] = id_
    return found


def _covers(span: Span, name: str, at: datetime) -> bool:
    return (
        name.startswith(span.prefix)
        and (span.after is None or at >= span.after)
        and (span.before is None or at < span.before)
    )

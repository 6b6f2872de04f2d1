"""Load work items as streams need them: links, age, and previous stream; no words."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any

import numpy as np
from sqlalchemy import Text, cast, select
from sqlalchemy.orm import Session

from connectors.registry import all_traits
from models import Signal, Stream, StreamItem, Vector, WorkItem
from models.columns import plain, unless_empty
from models.session import in_batches
from pipeline.items import Item, item_id
from pipeline.sources import said_by_signals
from pipeline.streams.partition import Known, Matrix, Rows

_COLUMNS = select(
    WorkItem.source,
    WorkItem.external_id,
    WorkItem.id,
    WorkItem.key,
    WorkItem.kind,
    WorkItem.container,
    WorkItem.parent,
    WorkItem.title,
    unless_empty(WorkItem.mentions),
    WorkItem.text_hash,
    WorkItem.text_dropped,
    WorkItem.created_at,
    WorkItem.updated_at,
    StreamItem.stream_id,
    StreamItem.own,
).outerjoin(StreamItem, StreamItem.work_item_id == WorkItem.id)
_READ = 20_000


@dataclass(frozen=True, slots=True)
class Work:
    """All items in order of their ids, with parallel lists of row ids, days and hashes of their words, and the known streams."""

    items: Sequence[Item]
    rows: Sequence[int]
    first: Sequence[date | None]
    last: Sequence[date | None]
    hashes: Sequence[str | None]
    dropped: Sequence[bool]
    known: Known


def load_work(session: Session) -> Work:
    """Load the whole company; takes a few seconds for hundreds of thousands of items."""
    rows = sorted(_rows(session), key=itemgetter(0, 1))
    said = _named_by_signals(session)
    by_key: dict[str, str] = {}
    for source, external_id, _, key, *_ in rows:
        if key:
            by_key.setdefault(key, item_id(source, external_id))
    items = []
    stream: dict[int, tuple[int, bool]] = {}
    for i, (source, external_id, _, key, kind, container, parent, title, mentions, words, *_, in_, own) in enumerate(
        rows
    ):
        id_ = item_id(source, external_id)
        spoken = said.get((source, external_id), ())
        named = dict.fromkeys([*mentions, *spoken]) if mentions or spoken else ()  # most mention nothing
        others = tuple(by_key[name] for name in named if by_key.get(name, id_) != id_)
        above = item_id(source, parent) if parent else None
        # The hash stands in for the words: equal hashes mean equal words.
        items.append(Item(id_, source, kind, container, None, above, title, words, others, key=key))
        if in_ is not None:
            stream[i] = (in_, own)
    anchors: dict[int, str] = dict(session.execute(select(Stream.id, Stream.anchor)).all())
    _, _, ids, *_, hashes, dropped, created, updated, _, _ = zip(*rows, strict=True) if rows else [()] * 15
    first, last = (
        [one or other for one, other in zip(*pair, strict=True)] for pair in ((created, updated), (updated, created))
    )
    return Work(items, ids, first, last, hashes, dropped, Known(stream, anchors))


def _rows(session: Session) -> Iterator[tuple[Any, ...]]:
    """Yield the columns, read in steps, with repeated values shared: a million rows are large otherwise."""
    once: dict[Any, Any] = {}
    kept = once.setdefault
    for row in plain(session, _COLUMNS.execution_options(yield_per=_READ)):
        source, name, id_, key, kind, container, parent, title, mentions, words, dropped, first, last, stream, own = row
        first, last = first and first.date(), last and last.date()
        yield (
            *(kept(source, source), name, id_, key, kept(kind, kind), kept(container, container), parent, title),
            *(mentions or (), words, dropped, kept(first, first), kept(last, last), kept(stream, stream), own),
        )


def vectors_of(session: Session, work: Work, model: str, at: Rows) -> Matrix:
    """Return unit vectors of the items at these positions, zero for items without one."""
    places = defaultdict(list)
    for n, i in enumerate(at.tolist()):
        if work.hashes[i]:
            places[work.hashes[i]].append(n)
    stored: dict[str, bytes] = {}
    for some in in_batches(sorted(str(name) for name in places)):
        query = select(Vector.text_hash, Vector.data).where(Vector.model == model, Vector.text_hash.in_(some))
        stored |= dict(plain(session, query).all())
    size = _dimension(session, model)
    found = np.zeros((len(at), size), np.float32)
    for name, data in stored.items():
        found[places[name]] = np.frombuffer(data, np.float16)
    found /= np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)
    return found


def _dimension(session: Session, model: str) -> int:
    one = session.scalar(select(Vector.data).where(Vector.model == model).limit(1))
    return len(one) // 2 if one else 1


def _named_by_signals(session: Session) -> dict[tuple[str, str], list[str]]:
    """Return the keys mentioned in an item's signals, for sources whose signals say what an item is about."""
    spoken = sorted(source for source in all_traits() if said_by_signals(source))
    query = (
        select(Signal.source, Signal.item, Signal.mentions)
        .where(Signal.source.in_(spoken), cast(Signal.mentions, Text) != "[]")
        .order_by(Signal.at, Signal.source, Signal.external_id)
    )
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source, item, mentions in session.execute(query):
        found[source, item] += mentions
    return found

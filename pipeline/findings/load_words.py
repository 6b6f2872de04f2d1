"""What findings read of words: what the streams of the last weeks are about, as vectors; which of them name each other."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Effort, StreamItem, Vector, WorkItem
from models.session import in_batches
from pipeline.findings.found import Meaning
from pipeline.findings.work import Floats
from pipeline.items import LoadedItem, load_items

EACH = 60
"""Items of a stream that its centre is taken of, the newest; more change it no more."""
KNOWN_TO_ALL = 12
"""Streams that name one thing, such as a release, from which it says nothing about any two of them."""


def load_meaning(session: Session, model: str, last: date, weeks: int) -> Meaning | None:
    """Of the streams that were worked on in the last weeks; None where no vector of the model is kept."""
    by_stream = _worked(session, last - timedelta(weeks=weeks), last)
    rows = [item for items in by_stream.values() for item in items]
    found = meaning_of(by_stream, vectors_of(session, rows, model))
    if found is None:
        return None
    linked = _linked(load_items(session, rows), {row: s for s, its in by_stream.items() for row in its})
    return replace(found, linked=linked)


def meaning_of(by_stream: Mapping[int, Sequence[int]], vectors: Mapping[int, Floats]) -> Meaning | None:
    """What streams mean by the vectors of their items, the newest first; None where there is none. Nothing of what is linked."""
    streams, centres, items, parts = [], [], [], []
    for stream, worked in sorted(by_stream.items()):
        its = [vectors[one] for one in worked if one in vectors]
        if not its:
            continue
        some = np.stack(its)
        streams.append(stream)
        centres.append(some.mean(0))
        items.append(len(some))
        parts.append((some[::2].mean(0), some[1::2].mean(0) if len(some) > 1 else some.mean(0)))
    if not streams:
        return None
    found = np.stack(centres)
    halves = np.array([_cosine(one - found.mean(0), other - found.mean(0)) for one, other in parts])
    return Meaning(tuple(streams), found, np.array(items, dtype=np.int64), halves)


def _worked(session: Session, first: date, last: date) -> Mapping[int, list[int]]:
    """Items with effort by stream, the newest first."""
    days = Effort.day > first, Effort.day <= last
    # A join of days and streams would be sorted on disk in a large company.
    items = sorted(session.scalars(select(Effort.work_item_id).where(*days).distinct()), reverse=True)
    found: dict[int, list[int]] = defaultdict(list)
    for some in in_batches(items):
        query = select(StreamItem.stream_id, StreamItem.work_item_id).where(StreamItem.work_item_id.in_(some))
        for stream, item in session.execute(query.order_by(StreamItem.work_item_id.desc())):
            if len(found[stream]) < EACH:
                found[stream].append(item)
    return found


def vectors_of(session: Session, items: list[int], model: str) -> dict[int, Floats]:
    """By item, of length one."""
    found: dict[int, Floats] = {}
    for some in in_batches(items):
        query = select(WorkItem.id, Vector.data).join(Vector, Vector.text_hash == WorkItem.text_hash)
        for item, data in session.execute(query.where(Vector.model == model, WorkItem.id.in_(some))):
            vector = np.frombuffer(data, np.float16).astype(float)
            found[item] = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return found


def _cosine(one: Floats, other: Floats) -> float:
    return float(one @ other) / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-9)


def _linked(work: list[LoadedItem], stream_of: Mapping[int, int]) -> frozenset[tuple[int, int]]:
    """Pairs of streams of which one names the other, or which name the same third thing."""
    place = {one.item.id: stream_of[one.row] for one in work}
    names: dict[str, set[int]] = defaultdict(set)
    pairs = set()
    for one in work:
        for named in (*one.item.mentions, *((one.item.parent,) if one.item.parent else ())):
            names[named].add(stream_of[one.row])
            if named in place:
                pairs.add((stream_of[one.row], place[named]))
    for some in names.values():
        if len(some) > KNOWN_TO_ALL:
            continue
        pairs |= {(a, b) for a in some for b in some}
    return frozenset((min(a, b), max(a, b)) for a, b in pairs if a != b)

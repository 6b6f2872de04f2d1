"""Load what findings use of words: the meaning of the recent streams as vectors, and which of them refer to each other."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Effort, Vector, WorkItem
from models.columns import plain
from models.session import in_batches
from pipeline.findings.found import Meaning
from pipeline.findings.load_effort import streams_of
from pipeline.findings.work import Floats
from pipeline.items import Links, load_links

EACH = 60
"""Newest items of a stream used for its centre; more no longer change it."""
_STREAMS, _READ = 500, 20_000
"""Streams whose item vectors are in memory at once; items read at once, since the database may scan all vectors for each
batch."""
KNOWN_TO_ALL = 12
"""If more streams than this refer to the same thing, such as a release, it says nothing about any two of them."""


def load_meaning(session: Session, model: str, last: date, weeks: int) -> Meaning | None:
    """Return the meaning of streams with work in the last weeks; None if no vector of the model is stored. Links are loaded on
    demand, while the session is open."""
    by_stream = _worked(session, last - timedelta(weeks=weeks), last)
    parts = [
        part
        for some in in_batches(sorted(by_stream), _STREAMS)
        for part in _parts(
            {s: by_stream[s] for s in some}, vectors_of(session, [i for s in some for i in by_stream[s]], model)
        )
    ]
    found = _meaning(parts)
    if found is None:
        return None
    stream_of = {row: stream for stream, items in by_stream.items() for row in items}
    return replace(found, linked=cache(lambda: _linked(load_links(session, sorted(stream_of)), stream_of)))


def meaning_of(by_stream: Mapping[int, Sequence[int]], vectors: Mapping[int, Floats]) -> Meaning | None:
    """Return the meaning of streams from the vectors of their items, newest first; None if there are none. Without links."""
    return _meaning(list(_parts(by_stream, vectors)))


_Part = tuple[int, int, Floats, Floats, Floats]
"""A stream, its number of items, their mean vector, and the mean vectors of two halves."""


def _parts(by_stream: Mapping[int, Sequence[int]], vectors: Mapping[int, Floats]) -> Iterator[_Part]:
    for stream, worked in sorted(by_stream.items()):
        its = [vectors[one] for one in worked if one in vectors]
        if its:
            some = np.stack(its)
            other = some[1::2] if len(some) > 1 else some
            yield stream, len(some), some.mean(0), some[::2].mean(0), other.mean(0)


def _meaning(parts: Sequence[_Part]) -> Meaning | None:
    if not parts:
        return None
    streams, items, centres, *_ = zip(*parts, strict=True)
    found = np.stack(centres)
    all_have = found.mean(0)
    halves = np.array([_cosine(one - all_have, other - all_have) for *_, one, other in parts])
    return Meaning(streams, found, np.array(items, dtype=np.int64), halves)


def _worked(session: Session, first: date, last: date) -> Mapping[int, list[int]]:
    """Return items with effort by stream, the newest first."""
    worked = select(Effort.work_item_id).where(Effort.day > first, Effort.day <= last)
    return {stream: np.sort(items)[::-1][:EACH].tolist() for stream, items in streams_of(session, worked)}


def vectors_of(session: Session, items: list[int], model: str) -> dict[int, Floats]:
    """Return unit vectors by item."""
    found: dict[int, Floats] = {}
    for some in in_batches(items, _READ):
        query = select(WorkItem.id, Vector.data).join(Vector, Vector.text_hash == WorkItem.text_hash)
        rows = plain(session, query.where(Vector.model == model, WorkItem.id.in_(some))).all()
        if rows:
            vectors = np.frombuffer(b"".join(data for _, data in rows), np.float16).reshape(len(rows), -1).astype(float)
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
            found |= zip((id_ for id_, _ in rows), vectors, strict=True)
    return found


def _cosine(one: Floats, other: Floats) -> float:
    return float(one @ other) / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-9)


def _linked(links: Sequence[Links], stream_of: Mapping[int, int]) -> frozenset[tuple[int, int]]:
    """Return pairs of streams where one refers to the other, or both refer to the same third thing."""
    place = {one.id: stream_of[one.row] for one in links}
    names: dict[str, set[int]] = defaultdict(set)
    pairs = set()
    for one in links:
        for named in (*one.mentions, *((one.parent,) if one.parent else ())):
            names[named].add(stream_of[one.row])
            if named in place:
                pairs.add((stream_of[one.row], place[named]))
    for some in names.values():
        if len(some) > KNOWN_TO_ALL:
            continue
        pairs |= {(a, b) for a in some for b in some}
    return frozenset((min(a, b), max(a, b)) for a, b in pairs if a != b)

"""Divide items into chunks to match, keeping connected items together, and sample the company."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, case, select, true
from sqlalchemy.orm import Session

from models import Label, WorkItem
from models.columns import plain
from models.session import in_batches
from models.vocabulary import AUDIT, WITH_STREAM
from pipeline.sources import evidence_rows

CHUNK = 6_000
SAMPLE = 1_200
_TURNS = 16
_READ = 20_000


def _links() -> Select[Any]:
    """Select each item with its place, its parent, and what it is evidence for."""
    named = case((evidence_rows(), WorkItem.mentions[0].as_string()))
    place = (WorkItem.id, WorkItem.source, WorkItem.external_id, WorkItem.parent, WorkItem.container)
    return select(*place, named, WorkItem.key)


def chunks_of(session: Session, ids: Sequence[int], everything: bool) -> list[list[int]]:
    """Return row ids in chunks of about CHUNK items; connected items (trees, threads and what they name) share a chunk.

    Chunks are ordered by place, so that similar items share one. Unless `everything`, the whole trees of the ids are included.
    """
    # Read in steps: the rows of over a million items would take a gigabyte.
    every = _links().execution_options(yield_per=_READ)
    place, root = _connected(plain(session, every) if everything else _linked(session, ids))
    members: dict[int, list[int]] = defaultdict(list)
    for id_ in sorted(place):
        members[root(id_)].append(id_)
    touched = sorted({root(id_) for id_ in ids if id_ in place}, key=lambda one: (place[one], one))
    batches: list[list[int]] = [[]]
    wanted = set(ids)
    for one in touched:
        together = members[one]
        # An epic that half the company names is no neighbourhood: match only what is new in it.
        if not everything and len(together) > CHUNK // 4:
            together = [id_ for id_ in together if id_ in wanted]
        for some in in_batches(together, CHUNK):
            if batches[-1] and len(batches[-1]) + len(some) > CHUNK:
                batches.append([])
            batches[-1] += some
    return [batch for batch in batches if batch]


def every_root(session: Session) -> Callable[[int], int]:
    """Return a function from a row id to the representative of its connected component."""
    return _connected(plain(session, _links().execution_options(yield_per=_READ)))[1]


def _connected(rows: Iterable[Any]) -> tuple[dict[int, tuple[str, str]], Callable[[int], int]]:
    """From rows of _links, return each id's source and place, and a function from an id to its component's representative."""
    position: dict[tuple[str, str], int] = {}
    by_key: dict[str, int] = {}
    above: dict[int, tuple[str, str]] = {}
    names: dict[int, str] = {}
    place: dict[int, tuple[str, str]] = {}
    places: dict[tuple[str, str], tuple[str, str]] = {}
    for id_, source, name, parent, container, named, key in rows:
        position[source, name] = id_
        place[id_] = places.setdefault((source, container), (source, container))
        if key:
            by_key[key] = id_
        if parent:
            above[id_] = (source, parent)
        if named:
            names[id_] = named
    tree = {id_: id_ for id_ in place}

    def root(id_: int) -> int:
        while tree[id_] != id_:
            tree[id_] = tree[tree[id_]]
            id_ = tree[id_]
        return id_

    links = [(id_, position.get(parent)) for id_, parent in above.items()]
    links += [(id_, by_key.get(key)) for id_, key in names.items()]
    for id_, other in links:
        if other is not None:
            tree[root(id_)] = root(other)
    return place, root


def _linked(session: Session, ids: Sequence[int]) -> list[Any]:
    """Return rows of these items and of everything connected to them, found link by link."""
    found: dict[int, Any] = {}
    fresh: Sequence[int] = ids
    while fresh:
        rows = [row for some in in_batches(fresh) for row in session.execute(_links().where(WorkItem.id.in_(some)))]
        found |= {row[0]: row for row in rows}
        steps: list[tuple[ColumnElement[bool], Any, list[str]]] = []
        for source in sorted({row[1] for row in rows}):
            mine = [row for row in rows if row[1] == source]
            here = WorkItem.source == source
            steps.append((here, WorkItem.external_id, [parent for _, _, _, parent, *_ in mine if parent]))
            steps.append((here, WorkItem.parent, [name for _, _, name, *_ in mine]))
        steps.append((true(), WorkItem.key, [named for *_, named, _ in rows if named]))
        steps.append((evidence_rows(), WorkItem.mentions[0].as_string(), [key for *_, key in rows if key]))
        reached: set[int] = set()
        for condition, column, names in steps:
            for some in in_batches(sorted(set(names))):
                reached.update(session.scalars(select(WorkItem.id).where(condition, column.in_(some))))
        fresh = sorted(reached - found.keys())
    return [found[id_] for id_ in sorted(found)]


def sample_of(session: Session, count: int) -> list[int]:
    """Return a sample of a company of `count` items, chosen by row id so that it is stable, plus all labelled items.

    Connected items are sampled together: a story without its epic, or a thread without the issue that it names, is not
    representative, and a chunk compared with such a sample would seem more on plan than it is.
    """
    step = max(1, count // SAMPLE)
    tops = session.scalars(select(WorkItem.id).where(WorkItem.id % step == 0, WorkItem.parent.is_(None))).all()
    found: dict[int, None] = {}
    for turn in range(_TURNS):
        found |= dict.fromkeys(
            row[0] for row in _linked(session, [id_ for id_ in tops if id_ // step % _TURNS == turn])
        )
        if len(found) >= SAMPLE:
            break
    labelled = session.scalars(select(Label.work_item_id).where(Label.origin.not_in((AUDIT, WITH_STREAM))))
    return [*list(found)[: 3 * SAMPLE // 2], *labelled]

"""The context of an item shown with a question about it: "rollout" alone says nothing about what it serves."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import WorkItem
from models.session import in_batches
from pipeline.streams.naming import tells

_DEEPEST = 4

Place = tuple[str, str]
"""Source and external id."""


def belongs_to(session: Session, items: Iterable[WorkItem]) -> dict[int, str]:
    """Return by id the title of the nearest informative ancestor of each item, else of the highest one; items without a known
    ancestor are omitted."""
    items = list(items)
    above = _above(session, {(one.source, one.parent) for one in items if one.parent})
    found: dict[int, str] = {}
    for one in items:
        place = (one.source, one.parent or "")
        for _ in range(_DEEPEST):
            if place not in above:
                break
            title, parent = above[place]
            found[one.id] = title or found.get(one.id, "")
            if tells(title):
                break
            place = (one.source, parent)
    return {id_: title for id_, title in found.items() if title}


def _above(session: Session, places: Iterable[Place]) -> dict[Place, tuple[str, str]]:
    """Return title and parent of these items and their ancestors."""
    found: dict[Place, tuple[str, str]] = {}
    fresh = set(places)
    for _ in range(_DEEPEST):
        by_source: dict[str, list[str]] = defaultdict(list)
        for source, id_ in sorted(fresh):
            by_source[source].append(id_)
        query = select(WorkItem.source, WorkItem.external_id, WorkItem.title, WorkItem.parent)
        for source, ids in by_source.items():
            for some in in_batches(ids):
                rows = session.execute(query.where(WorkItem.source == source, WorkItem.external_id.in_(some)))
                found |= {(row[0], row[1]): (row[2] or "", row[3] or "") for row in rows}
        fresh = {(source, parent) for (source, _), (_, parent) in found.items() if parent} - set(found)
        if not fresh:
            break
    return found

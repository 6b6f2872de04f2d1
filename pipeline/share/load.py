"""Load matches for the shares: by objective, with each item's tree."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select, union
from sqlalchemy.orm import Session

from models import Match, WorkItem
from models.columns import plain
from models.session import in_batches
from pipeline.match.beliefs import in_columns
from pipeline.register.document import Register


@dataclass(frozen=True, slots=True)
class Matched:
    """Work items as parallel arrays ordered by row id: probabilities over objectives, the last column none; each item's tree; and
    the index of its source in `sources`."""

    objectives: list[str]
    items: NDArray[np.int64]
    rows: NDArray[np.float64]
    tree: NDArray[np.int64]
    source: NDArray[np.int64]
    sources: list[str]

    def place(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the index of each of these items, -1 if it is missing."""
        if not len(self.items):
            return np.full(len(items), -1)
        found = np.minimum(np.searchsorted(self.items, items), len(self.items) - 1)
        return np.where(self.items[found] == items, found, -1)


def load_matched(session: Session, register: Register, *those: Select[int]) -> Matched:
    """Sum probabilities by objective, for the items whose row ids any of `those` queries selects.

    Items still waiting for their first match are left out, since it is not known that they serve nothing.
    """
    objectives = [objective.key for objective in register.objectives]
    column = {key: objectives.index(objective) for key, objective in register.objective_of().items()}
    waiting = (WorkItem.stale | WorkItem.unmatched) & Match.work_item_id.is_(None)
    query = select(WorkItem.id, WorkItem.source, WorkItem.parent)
    query = query.outerjoin(Match, Match.work_item_id == WorkItem.id)
    # A union: PostgreSQL may evaluate two subqueries joined by OR for every item, which took minutes.
    wanted = union(*those).subquery()
    known = sorted(plain(session, query.where(WorkItem.id.in_(select(wanted)), ~waiting)), key=itemgetter(0))
    above = {item: (origin, parent) for item, origin, parent in known if parent}
    trees, sources = _trees(session, above), sorted({origin for _, origin, _ in known})
    number = {name: n for n, name in enumerate(sources)}
    found = Matched(
        objectives,
        np.array([item for item, _, _ in known], dtype=np.int64),
        np.zeros((len(known), len(objectives) + 1)),
        np.array([trees.get(item, item) for item, _, _ in known], dtype=np.int64),
        np.array([number[origin] for _, origin, _ in known], dtype=np.int64),
        sources,
    )
    believed = in_columns(session, select(wanted))
    of, line = believed.columns(column), found.place(believed.item)
    there = (of >= 0) & (line >= 0)
    np.add.at(found.rows, (line[there], of[there]), believed.likely[there])
    found.rows[:, -1] = np.maximum(0.0, 1 - found.rows.sum(1))
    return found


def _trees(session: Session, above: Mapping[int, tuple[str, str]]) -> dict[int, int]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for source, name in above.values():
        wanted[source].add(name)
    ids: dict[tuple[str, str], int] = {}
    for source, names in wanted.items():
        for some in in_batches(sorted(names)):
            query = select(WorkItem.id, WorkItem.external_id).where(WorkItem.source == source)
            found = session.execute(query.where(WorkItem.external_id.in_(some)))
            ids |= {(source, name): id_ for id_, name in found}
    return {item: ids[key] for item, key in above.items() if key in ids}

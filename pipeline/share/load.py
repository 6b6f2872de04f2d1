"""Load matches for the shares: by objective, with each item's tree."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

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
    """Probabilities of work items over objectives, the last column none; each item's tree and source, by row id."""

    objectives: list[str]
    rows: Mapping[int, NDArray[np.float64]]
    tree: Mapping[int, int]
    source: Mapping[int, str]


def load_matched(session: Session, register: Register, *those: Select[int]) -> Matched:
    """Sum probabilities by objective, for the items whose row ids any of `those` queries selects.

    Items still waiting for their first match are left out, since it is not known that they serve nothing.
    """
    objectives = [objective.key for objective in register.objectives]
    column = {key: objectives.index(objective) for key, objective in register.objective_of().items()}
    place: dict[int, int] = {}
    source: dict[int, str] = {}
    above: dict[int, tuple[str, str]] = {}
    waiting = (WorkItem.stale | WorkItem.unmatched) & Match.work_item_id.is_(None)
    query = select(WorkItem.id, WorkItem.source, WorkItem.parent)
    query = query.outerjoin(Match, Match.work_item_id == WorkItem.id)
    # A union: PostgreSQL may evaluate two subqueries joined by OR for every item, which took minutes.
    wanted = union(*those).subquery()
    for item, origin, parent in plain(session, query.where(WorkItem.id.in_(select(wanted)), ~waiting)):
        place[item], source[item] = len(place), origin
        if parent:
            above[item] = (origin, parent)
    table = np.zeros((len(place), len(objectives) + 1))
    believed = in_columns(session, select(wanted))
    of = believed.columns(column)
    line = np.array([place.get(item, -1) for item in believed.item.tolist()], dtype=np.int64)
    known = (of >= 0) & (line >= 0)
    np.add.at(table, (line[known], of[known]), believed.likely[known])
    table[:, -1] = np.maximum(0.0, 1 - table.sum(1))
    return Matched(objectives, dict(zip(place, table, strict=True)), _trees(session, above), source)


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

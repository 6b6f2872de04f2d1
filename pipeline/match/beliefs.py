"""Read the matches of work items by row id."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models import Match
from models.columns import integers, joined, plain
from models.session import in_batches

_AT_ONCE = 16_384
"""Row ids per batch of parsed objects: those of a million items would take a gigabyte."""


def beliefs(session: Session, items: Iterable[int]) -> Iterator[tuple[int, Mapping[str, float]]]:
    """Yield (row id, probability by key result) for each matched item; the remainder up to one belongs to none."""
    for some in in_batches(sorted(items)):
        query = select(Match.work_item_id, Match.probabilities).where(Match.work_item_id.in_(some))
        for item, probabilities in plain(session, query):
            yield item, probabilities or {}


@dataclass(frozen=True, slots=True)
class Believed:
    """Parallel arrays: item row id, index into `keys` of a key result that it may serve, and the probability."""

    keys: tuple[str, ...]
    item: NDArray[np.int64]
    key: NDArray[np.int64]
    likely: NDArray[np.float64]

    def columns(self, places: Mapping[str, int]) -> NDArray[np.int64]:
        """Return the column that `places` gives for the key result of each row, -1 where there is none."""
        return np.array([places.get(key, -1) for key in self.keys], dtype=np.int64)[self.key]


def in_columns(session: Session, items: Select[int]) -> Believed:
    """Return the matches of the items that a query selects.

    The database only concatenates the JSON objects: parsing and grouping them there takes four times as long.
    """
    places: dict[str, int] = {}
    parts = [(np.zeros(0, dtype=np.int64),) * 2]
    likely = [np.zeros(0)]
    columns = select(joined(Match.work_item_id), joined(Match.probabilities)).where(Match.work_item_id.in_(items))
    for rows, objects in session.execute(columns.group_by(Match.work_item_id // _AT_ONCE)):
        held: list[dict[str, float]] = json.loads(f"[{objects}]")
        of = np.repeat(integers(rows), [len(one) for one in held])
        keys = [places.setdefault(name, len(places)) for one in held for name in one]
        parts.append((of, np.array(keys, dtype=np.int64)))
        likely.append(np.array([p for one in held for p in one.values()], dtype=float))
    item, key = (np.concatenate(some) for some in zip(*parts, strict=True))
    return Believed(tuple(places), item, key, np.concatenate(likely))

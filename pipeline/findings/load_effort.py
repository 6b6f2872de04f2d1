"""Load the beliefs about items with effort, and their streams, for the findings, as arrays."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models import Effort, StreamItem
from models.columns import integers, joined
from pipeline.findings.work import Ints
from pipeline.match.beliefs import in_columns

if TYPE_CHECKING:
    from scipy.sparse import csr_array  # slow to import, and quoting does not need it


def streams_of(session: Session, items: Select[int]) -> Iterator[tuple[int, Ints]]:
    """Yield by stream the row ids of its items among those of a query, in no particular order."""
    query = select(StreamItem.stream_id, joined(StreamItem.work_item_id)).group_by(StreamItem.stream_id)
    # Not a join with days, which would be sorted on disk in a large company.
    for stream, of in session.execute(query.where(StreamItem.work_item_id.in_(items))):
        yield stream, integers(of)


def load_beliefs(session: Session, items: Ints, key_results: Sequence[str], first: date, end: date) -> "csr_array":
    """Return the beliefs about these items, which had work in these days: a row per item, a column per key result, and the
    remainder to one in the last column (none)."""
    from scipy.sparse import csr_array

    worked = select(Effort.work_item_id).where(Effort.day >= first, Effort.day < end)
    believed = in_columns(session, worked)
    columns = believed.columns({key: n for n, key in enumerate(key_results)})
    there = columns >= 0
    rows, columns, values = np.searchsorted(items, believed.item[there]), columns[there], believed.likely[there]
    none = np.ones(len(items))
    np.subtract.at(none, rows, values)
    rows, columns = np.append(rows, np.arange(len(none))), np.append(columns, np.full(len(none), len(key_results)))
    return csr_array(
        (np.append(values, np.maximum(0.0, none)), (rows, columns)), shape=(len(none), len(key_results) + 1)
    )

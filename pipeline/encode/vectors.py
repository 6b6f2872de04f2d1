"""Load and delete the stored vectors of work items."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from models import Vector, WorkItem
from models.changed import rows_changed
from models.columns import plain
from models.session import in_batches
from pipeline.items import LoadedItem


def load_vectors(session: Session, work: Sequence[LoadedItem], model: str, size: int = 1) -> NDArray[np.float32]:
    """Return an array of shape (items, dimension), zero for items without words; `size` is the dimension if none is stored."""
    stored: dict[int, bytes] = {}
    for some in in_batches([one.row for one in work]):
        query = select(WorkItem.id, Vector.data).join(Vector, Vector.text_hash == WorkItem.text_hash)
        query = query.where(Vector.model == model, WorkItem.id.in_(some))
        stored |= dict(plain(session, query).all())
    size = len(next(iter(stored.values()))) // 2 if stored else size
    found = np.zeros((len(work), size), np.float32)
    for i, one in enumerate(work):
        if one.row in stored:
            found[i] = np.frombuffer(stored[one.row], np.float16)
    return found


def delete_unused(session: Session, *by: ColumnElement[bool]) -> int:
    """Delete vectors whose text belongs to no item, or to none selected by `by`; return how many. Reads every item."""
    # Not `NOT IN`: for a million texts PostgreSQL would scan the whole list for each.
    used = exists().where(WorkItem.text_hash == Vector.text_hash, *by)
    gone = delete(Vector).where(~used).execution_options(synchronize_session=False)
    return rows_changed(session, gone)

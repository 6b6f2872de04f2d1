"""What is believed of work items, read by their rows' ids."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, select, true
from sqlalchemy.orm import Session

from models import Match
from models.columns import floats, integers, joined, members
from models.session import in_batches


def beliefs(session: Session, items: Iterable[int]) -> Iterator[tuple[int, Mapping[str, float]]]:
    """(row id, probability by key result) of those of the items that were matched; what is missing to one is none's."""
    for some in in_batches(sorted(items)):
        query = select(Match.work_item_id, Match.probabilities).where(Match.work_item_id.in_(some))
        for item, probabilities in session.execute(query):
            yield item, probabilities or {}


def by_key_result(session: Session, items: Select[int]) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.float64]]]:
    """Of the items that a query gives: by key result, row ids of those that are believed to serve it and the probabilities."""
    part = members(Match.probabilities)
    query = select(part.c.key, joined(Match.work_item_id), joined(part.c.value)).join(part, true())
    for key, of, likely in session.execute(query.where(Match.work_item_id.in_(items)).group_by(part.c.key)):
        yield key, integers(of), floats(likely)

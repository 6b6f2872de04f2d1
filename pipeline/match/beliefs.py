"""What is believed of work items, read by their rows' ids."""

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Match
from models.session import in_batches


def beliefs(session: Session, items: Iterable[int]) -> Iterator[tuple[int, Mapping[str, float]]]:
    """(row id, probability by key result) of those of the items that were matched; what is missing to one is none's."""
    for some in in_batches(sorted(items)):
        query = select(Match.work_item_id, Match.probabilities).where(Match.work_item_id.in_(some))
        for item, probabilities in session.execute(query):
            yield item, probabilities or {}

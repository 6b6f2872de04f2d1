"""The privacy floor of what packs show of a stream."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Effort, Person
from models.session import in_batches
from pipeline.share.floor import enough


def worked_by_enough(session: Session, items: Sequence[int], span: tuple[date, date], least_people: int) -> bool:
    """Return True if at least so many people worked on these items in the span; those who are forgotten are nobody."""
    found: set[int] = set()
    for some in in_batches(list(items)):
        query = select(Effort.person_id).join(Person, Person.id == Effort.person_id).where(Person.forgotten.is_(False))
        query = query.where(Effort.work_item_id.in_(some), Effort.day.between(*span), Effort.person_days > 0)
        found |= set(session.scalars(query.distinct()))
        if enough(len(found), least_people):
            return True
    return False


def held_back(count: int, least_people: int) -> str:
    """What is said of streams that too few people worked on, after a sentence; nothing where there are none."""
    if not count:
        return ""
    was = "was" if count == 1 else "were"
    return f" {count} more {was} the work of fewer than {least_people} people in these four weeks and not shown here."

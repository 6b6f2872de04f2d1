"""The privacy floor of what the interview's pack shows of a stream. Streams on no objective passed it where they were found."""

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

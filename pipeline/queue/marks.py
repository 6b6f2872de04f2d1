"""Marks on work items: what must be encoded or estimated again, and from which day."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Date, bindparam, case, or_, update
from sqlalchemy.orm import Session

from models import WorkItem
from models.session import in_batches

FROM = "from"
"""The queue of days from which effort is to be estimated again."""
# Run for every page, so they are built once.
_NAMED = (WorkItem.source == bindparam("of"), WorkItem.external_id.in_(bindparam("ids", expanding=True)))
_DAY = bindparam("day", type_=Date)
# Written also where an earlier day stands: whoever takes the mark off meanwhile must not do so unseen.
_EFFORT = (
    update(WorkItem)
    .where(*_NAMED)
    .values(
        effort_from=case(
            (or_(WorkItem.effort_from.is_(None), WorkItem.effort_from > _DAY), _DAY), else_=WorkItem.effort_from
        )
    )
)
_STALE = update(WorkItem).where(*_NAMED).values(stale=True)


def day_before(at: datetime) -> date:
    """The earliest day it can have been anywhere."""
    return (at - timedelta(hours=14)).date()


def mark_effort(session: Session, source: str, first: Mapping[str, date]) -> None:
    """Effort is to be estimated again from these days on, by item."""
    by_day: dict[date, list[str]] = defaultdict(list)
    for item, day in first.items():
        by_day[day].append(item)
    for day, items in sorted(by_day.items()):
        for some in in_batches(sorted(items)):
            session.connection().execute(_EFFORT, {"of": source, "ids": some, "day": day})


def mark_unmatched(session: Session, items: Sequence[int]) -> None:
    """These rows are to be matched again; what is known of their words stays."""
    for some in in_batches(items):
        session.execute(update(WorkItem).where(WorkItem.id.in_(some)).values(unmatched=True))


def mark_stale(session: Session, source: str, external_ids: Sequence[str]) -> None:
    for some in in_batches(external_ids):
        # Also those that are stale: a worker may be encoding them without what is news now, and this waits for it.
        session.connection().execute(_STALE, {"of": source, "ids": some})

"""Marks on work items: what must be encoded or estimated again, and from which day."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import bindparam, text, update
from sqlalchemy.orm import Session

from models import WorkItem
from models.session import in_batches

FROM = "from"
"""The queue of days from which effort is to be estimated again."""
# Run for every page, so they are built once.
_NAMED = (WorkItem.source == bindparam("of"), WorkItem.external_id.in_(bindparam("ids", expanding=True)))
# Written also where an earlier day stands: whoever takes the mark off meanwhile must not do so unseen. `days` is an object of
# days by item, as JSON: one statement for a page whose items begin on many days. Materialized with a CROSS JOIN,
# or SQLite would go through all items of the source.
_EFFORT = {
    "sqlite": text("""
        WITH given AS MATERIALIZED (
            SELECT item.id AS id, one.value AS day FROM json_each(:days) AS one CROSS JOIN work_item AS item
            WHERE item.source = :of AND item.external_id = one.key)
        UPDATE work_item SET effort_from = CASE WHEN effort_from <= given.day THEN effort_from ELSE given.day END
        FROM given WHERE work_item.id = given.id"""),
    "postgresql": text("""
        UPDATE work_item SET effort_from = least(effort_from, CAST(one.value AS date))
        FROM json_each_text(CAST(:days AS json)) AS one
        WHERE work_item.source = :of AND work_item.external_id = one.key"""),
}
_STALE = update(WorkItem).where(*_NAMED).values(stale=True)


def utc_day(at: datetime) -> date:
    """Its day in UTC: marks hold that, and who reads them knows how far west of it people are."""
    return at.astimezone(UTC).date()


def mark_effort(session: Session, source: str, first: Mapping[str, date]) -> None:
    """Effort is to be estimated again from these days (of UTC) on, by item."""
    connection = session.connection()
    for some in in_batches(sorted(first)):
        days = json.dumps({item: first[item].isoformat() for item in some})
        connection.execute(_EFFORT[connection.dialect.name], {"of": source, "days": days})


def mark_unmatched(session: Session, items: Sequence[int]) -> None:
    """These rows are to be matched again; what is known of their words stays."""
    for some in in_batches(items):
        session.execute(update(WorkItem).where(WorkItem.id.in_(some)).values(unmatched=True))


def mark_stale(session: Session, source: str, external_ids: Sequence[str]) -> None:
    for some in in_batches(external_ids):
        # Also those that are stale: a worker may be encoding them without what is news now, and this waits for it.
        session.connection().execute(_STALE, {"of": source, "ids": some})

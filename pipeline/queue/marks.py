"""Marks on work items: which must be encoded, matched or estimated again, and from which day."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import bindparam, text, update
from sqlalchemy.orm import Session

from models import WorkItem
from models.session import in_batches

FROM = "from"
"""The queue of days from which effort must be estimated again."""
# Executed for every page, so they are built once.
_NAMED = (WorkItem.source == bindparam("of"), WorkItem.external_id.in_(bindparam("ids", expanding=True)))
# Writes the row even if an earlier day is set, so that it conflicts with a concurrent removal of the mark. `days` is a JSON
# object of days by item: one statement for a page whose items begin on many days. MATERIALIZED and CROSS JOIN keep SQLite from
# scanning all items of the source.
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
    """Return the UTC day, which marks store; readers of marks account for people west of it."""
    return at.astimezone(UTC).date()


def mark_effort(session: Session, source: str, first: Mapping[str, date]) -> None:
    """Mark items for effort to be estimated again from these days (UTC) on."""
    connection = session.connection()
    for some in in_batches(sorted(first)):
        days = json.dumps({item: first[item].isoformat() for item in some})
        connection.execute(_EFFORT[connection.dialect.name], {"of": source, "days": days})


def mark_unmatched(session: Session, items: Sequence[int]) -> None:
    """Mark rows to be matched again, keeping their vectors."""
    for some in in_batches(items):
        session.execute(update(WorkItem).where(WorkItem.id.in_(some)).values(unmatched=True))


def mark_stale(session: Session, source: str, external_ids: Sequence[str]) -> None:
    for some in in_batches(external_ids):
        # Includes stale rows: a worker may be encoding their old text, and this write waits for it.
        session.connection().execute(_STALE, {"of": source, "ids": some})

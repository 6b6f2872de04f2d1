"""Store and load owners' confidence in their key results: one figure per key result and week."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import Confidence, upsert
from pipeline.ingest.gate import digest_of
from pipeline.register.document import Register
from pipeline.register.workdays import monday

LOWEST, HIGHEST = 1, 10
SURE, UNSURE = 8, 4
"""An owner is confident from the first on, and not confident up to the second."""
LONGEST_NOTE = 300
FRESH = timedelta(weeks=2)
"""Older answers do not apply to today."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer; `week` is its Monday."""

    week: date
    value: int
    note: str = ""


def keep(session: Session, key: str, week: date, value: int, by: str, at: datetime, note: str | None = None) -> Said:
    """Store an answer; a later one in the same week replaces the earlier. Without a note, an earlier note stays.

    `by` is the owner's address, of which a hash is stored. Raises ValueError for a number outside 1 to 10.
    """
    if not LOWEST <= value <= HIGHEST:
        raise ValueError(f"{value} is no number from {LOWEST} to {HIGHEST}")
    row = {"key_result": key, "week": week, "value": value, "by": digest_of("pulse", by.lower()), "at": at}
    upsert(session, Confidence, [row | {"note": ""}], ("key_result", "week"), keep=True)
    mine = update(Confidence).where(Confidence.key_result == key, Confidence.week == week)
    changed = {"value": value, "by": row["by"], "at": at}
    if note is not None:
        changed["note"] = " ".join(note.split())[:LONGEST_NOTE]
    session.execute(mine.values(**changed))
    return Said(week, value, str(changed.get("note", "")))


def by_week(session: Session, register: Register) -> dict[str, list[Said]]:
    """Return the answers within the register's period by key result, oldest first."""
    keys = {one.key for _, one in register.key_results()}
    query = select(Confidence).where(
        Confidence.week >= monday(register.period.start), Confidence.week <= register.period.end
    )
    found: dict[str, list[Said]] = {}
    for row in session.scalars(query.order_by(Confidence.week)):
        if row.key_result in keys:
            found.setdefault(row.key_result, []).append(Said(row.week, row.value, row.note))
    return found


def in_week(session: Session, keys: list[str], week: date) -> Mapping[str, Said]:
    """Return the answers about these key results in one week."""
    query = select(Confidence).where(Confidence.week == week, Confidence.key_result.in_(keys))
    return {row.key_result: Said(row.week, row.value, row.note) for row in session.scalars(query)}

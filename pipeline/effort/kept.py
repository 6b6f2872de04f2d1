"""Effort that was estimated before: for whom it still holds, and which rows to replace."""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from models import Capacity, Effort, Person, Signal, upsert
from models.columns import plain
from pipeline.effort.clock import Clock
from pipeline.effort.load import Owners

_FURTHEST_EAST = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Quiet:
    """People who left no trace after the day `until` (None: not known for anybody). A person's days depend on their own traces
    alone, so without news up to that day, their days up to it stay as they are."""

    people: Set[int] = frozenset()
    until: date | None = None

    def first(self, first: date) -> date:
        """Return the first day from `first` on to estimate for them."""
        return first if self.until is None else max(first, self.until + timedelta(days=1))


def quiet_since(session: Session, owner: Owners, clock: Clock, people: Set[int], day: date) -> Quiet:
    """Return the people who left no trace after a day, each in their own time zone. All signals count, since even an excluded one
    (a mass change, a duplicate meeting) may exclude others."""
    begin = datetime.combine(day + timedelta(days=1), time(), UTC) - _FURTHEST_EAST
    query = select(Signal.source, Signal.account, Signal.at).where(Signal.at >= begin)
    known = ((owner.get((source, account or "")), at) for source, account, at in plain(session, query))
    return Quiet(people - {one[0] for one, at in known if one and clock.day(at, one[1]) > day}, day)


def replace(
    session: Session,
    table: type[Effort] | type[Capacity],
    rows: Sequence[Mapping[str, Any]],
    stretch: tuple[date, date, int, int],
    also: tuple[str, ...],
    value: str,
    quiet: Quiet | None = None,
) -> set[date]:
    """Replace the stored rows of people's days that differ from `rows`; return the days. Sums of forgotten people stay, and so do
    days of quiet people."""
    keys = ("day", "person_id", *also)
    first, last, group, groups = stretch
    forgotten = select(Person.id).where(Person.forgotten)  # sums whose signals are gone
    here = (
        table.day.between(first, last),
        table.person_id.not_in(forgotten),
        *((table.person_id % groups == group,) if groups > 1 else ()),
        *((or_(table.day > quiet.until, table.person_id.not_in(quiet.people)),) if quiet and quiet.until else ()),
    )
    kept = {
        tuple(row) for row in plain(session, select(*(getattr(table, name) for name in (*keys, value))).where(*here))
    }
    found = {tuple(row[name] for name in (*keys, value)) for row in rows}
    changed = {row[:2] for row in kept ^ found}
    gone: dict[date, set[int]] = defaultdict(set)
    for day, person, *_ in kept - found:
        gone[day].add(person)
    for day, people in sorted(gone.items()):
        session.execute(delete(table).where(table.day == day, table.person_id.in_(sorted(people))))
    upsert(session, table, [row for row in rows if (row["day"], row["person_id"]) in changed], keys)
    return {day for day, _ in changed}

"""Decide when there is enough data to analyse, and enough to search for drift."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import ColumnExpressionArgument, exists, func, select
from sqlalchemy.orm import Session

from models import Cycle, Share, StreamCursor, WorkItem
from pipeline.ingest.cursors import SWEEP
from pipeline.ingest.reach import is_read_from
from pipeline.looked import looked_through
from pipeline.register.workdays import monday

LATE = 0.01
"""Proportion of work items that may still be pending when drift is searched for."""
BEHIND, PATIENCE = 0.05, timedelta(minutes=30)
"""While more than this proportion waits to be encoded, no cycle starts for this long after the last one."""
FIRST = timedelta(weeks=4)
"""Whole weeks, in addition to the current one, that are pulled and encoded before the first analysis. The rest follows."""
WORTH = 20_000
"""If more work items than this are waiting, the past takes so long that the last weeks get an analysis of their own."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What can be done now with the configured sources."""

    now: datetime
    sources: Collection[str]

    def is_behind(self, session: Session) -> bool:
        """Return True if so much waits to be encoded that matches would soon be redone; only for a limited time, though."""
        stale = _items(session, WorkItem.stale)
        if stale <= BEHIND * _items(session):
            return False
        last = session.scalar(select(func.max(Cycle.finished_at)))
        return not self.may_begin(session) if last is None else abs(datetime.now(UTC) - last) < PATIENCE

    def may_begin(self, session: Session) -> bool:
        """Return True before the first analysis if the last weeks have been pulled and encoded, long before the past."""
        if session.scalar(select(Cycle.id).limit(1)) is not None:
            return False
        if _items(session, WorkItem.stale) <= WORTH:
            return False
        begin = monday(self.now.date()) - FIRST
        since = datetime.combine(begin - timedelta(days=1), datetime.min.time(), UTC)  # Monday in any time zone
        recent = WorkItem.stale & (WorkItem.updated_at.is_(None) | (WorkItem.updated_at >= since))
        return is_read_from(session, begin, self.sources) and not session.scalar(select(exists().where(recent)))

    def can_judge(self, session: Session) -> bool:
        """Return True if enough is known to search for drift: everything the first time, later nearly everything."""
        waiting = pending(session)
        if waiting and (seen_until(session) == date.min or waiting > LATE * _items(session)):
            return False
        return self._history_is_read(session)

    def _history_is_read(self, session: Session) -> bool:
        """Return True if each source was once read to its end; a failing stream is reported elsewhere and blocks nothing."""
        rows = session.execute(
            select(StreamCursor.source, StreamCursor.finished_at, StreamCursor.error).where(
                StreamCursor.stream != SWEEP
            )
        ).all()
        finished = {source for source, at, _ in rows if at is not None}
        reading = {source for source, at, error in rows if at is None and not error}
        return all(source in finished and source not in reading for source in self.sources)


def pending(session: Session) -> int:
    """Count the work items that wait to be encoded or matched."""
    return _items(session, WorkItem.stale | WorkItem.unmatched)


def _items(session: Session, *those: ColumnExpressionArgument[bool]) -> int:
    return session.scalar(select(func.count()).select_from(WorkItem).where(*those)) or 0


def seen_until(session: Session) -> date:
    """Return the last day for which drift was searched; date.min before the first time."""
    return looked_through(session) or date.min


@dataclass(frozen=True, slots=True)
class FirstWeeks:
    """What is available while the past is still being read: the first week, and how many of all work items wait."""

    since: date
    waiting: int
    items: int


def first_weeks(session: Session) -> FirstWeeks | None:
    """Return it; None before the first analysis, and once drift was searched for in the whole history."""
    if seen_until(session) != date.min or not session.scalar(select(exists().where(Cycle.finished_at.is_not(None)))):
        return None
    since = session.scalar(select(func.min(Share.week)))
    return FirstWeeks(since, pending(session), _items(session)) if since else None

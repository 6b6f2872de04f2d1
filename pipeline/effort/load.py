"""Load the effort model's input from the database: people, traces, time in progress, absences."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, or_, select
from sqlalchemy.orm import Session

from connectors.base import SignalKind, State
from models import Account, Membership, Person, Signal, StreamCursor, WorkItem
from models.columns import plain, unless_empty
from models.session import in_batches
from pipeline.effort.clock import Clock
from pipeline.effort.day import HOURS_A_DAY, Activity, Begin, InProgress, StatusChange, in_progress
from pipeline.effort.masses import WORKED, Act, in_masses, masses_among
from pipeline.effort.meetings import TOGETHER, Together, duplicates
from pipeline.effort.trace import Trace
from pipeline.ingest.cursors import SWEEP
from pipeline.register.document import Register
from pipeline.register.workdays import monday
from pipeline.sources import evidence_rows, is_container, is_evidence

_TRACES: Mapping[str, Trace] = {
    SignalKind.CREATED: Trace.CREATED,
    SignalKind.ASSIGNMENT: Trace.ASSIGNED,
    SignalKind.EDIT: Trace.EDITED,
    SignalKind.FIELD: Trace.EDITED,
    SignalKind.COMMENT: Trace.COMMENT,
    SignalKind.WORKLOG: Trace.WORKLOG,
    SignalKind.MESSAGE: Trace.MESSAGE,
    SignalKind.STAGE: Trace.STAGE,
    SignalKind.CALL: Trace.CALL,
    SignalKind.MEETING: Trace.MEETING,
    SignalKind.EMAIL: Trace.EMAIL,
    SignalKind.NOTE: Trace.NOTE,
    SignalKind.TASK: Trace.TASK,
    SignalKind.COMMIT: Trace.COMMIT,
    SignalKind.REVIEW: Trace.REVIEW,
}
_TRANSITIONS: Mapping[str, Trace] = {State.DOING: Trace.STARTED, State.DONE: Trace.FINISHED}
Owners = Mapping[tuple[str, str], tuple[int, str | None]]
_NOON = datetime.fromisoformat("2026-01-01T12:00:00+00:00")


def named_issue(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """Return the row id of the item that each thread or mail names, by row id: it is evidence for that item, not extra work."""
    first: dict[int, str] = {}
    for some in in_batches(ids):
        query = select(WorkItem.id, unless_empty(WorkItem.mentions)).where(evidence_rows(), WorkItem.id.in_(some))
        first |= {row: names[0] for row, names in session.execute(query) if names}
    by_key: dict[str, int] = {}
    for some in in_batches(sorted(set(first.values()))):
        query = select(WorkItem.key, WorkItem.id).where(WorkItem.key.in_(some)).order_by(WorkItem.source)
        by_key |= {key: id_ for key, id_ in session.execute(query) if key}
    return {row: by_key[name] for row, name in first.items() if name in by_key}


def load_people(session: Session) -> dict[int, Person]:
    return {p.id: p for p in session.scalars(select(Person).where(in_a_team(), Person.forgotten.is_(False)))}


def in_a_team() -> ColumnElement[bool]:
    """Condition that a person is or was in any team."""
    return or_(Person.team.is_not(None), Person.id.in_(select(Membership.person_id)))


def load_owners(session: Session, people: Mapping[int, Person]) -> Owners:
    rows = session.execute(select(Account.source, Account.external_id, Account.person_id, Account.time_zone))
    return {
        (source, id_): (person, zone) for source, id_, person, zone in rows if person is not None and person in people
    }


def load_activities(session: Session, owner: Owners, clock: Clock, first: date, last: date) -> list[Activity]:
    """Load activities from `first` to `last`, in each person's time zone, without what programs did in people's names."""
    begin = datetime.combine(first - timedelta(days=1), datetime.min.time(), clock.local(_NOON, None).tzinfo)
    end = begin + (last - first) + timedelta(days=4)
    to = case((Signal.kind == SignalKind.TRANSITION, Signal.detail["to"].as_string()))
    query = (
        select(
            Signal.source,
            Signal.kind,
            Signal.at,
            Signal.account,
            Signal.hours,
            WorkItem.id,
            WorkItem.kind.label("of_kind"),
            to,
        )
        .join(WorkItem, (WorkItem.source == Signal.source) & (WorkItem.external_id == Signal.item))
        .where(Signal.at >= begin, Signal.at < end, Signal.kind != SignalKind.ABSENCE)
        .where(Signal.account.in_(sorted({account for _, account in owner})))
    )
    rows = [row for row in plain(session, query) if (row[0], row[3] or "") in owner]
    left_out = _left_out(rows, owner)
    evidence = {pair for pair in {(row[0], row[6]) for row in rows} if is_evidence(*pair)}
    found, threads = [], set()
    for place, (source, kind, at, account, hours, item, of_kind, state) in enumerate(rows):
        person, zone = owner[source, account]
        day = clock.day(at, zone)
        if first <= day <= last and place not in left_out:
            found.append((day, person, item, _trace(kind, state), hours or 0.0))
            if (source, of_kind) in evidence:
                threads.add(item)
    stands_for = named_issue(session, sorted(threads))
    # Sorted, since sums of hours must not depend on the database's row order.
    found.sort()
    return [
        Activity(person, day, stands_for[item], Trace.MENTION if trace == Trace.MESSAGE else trace, hours)
        if item in stands_for
        else Activity(person, day, item, trace, hours)
        for day, person, item, trace, hours in found
    ]


def _left_out(rows: Sequence[Any], owner: Owners) -> set[int]:
    """Return the indices of what programs did in people's names, and of duplicate meetings."""
    acts = [
        ((source, account), at, item, place)
        for place, (source, kind, at, account, hours, item, *_) in enumerate(rows)
        if hours is None and kind not in WORKED
    ]
    together = [
        Together(place, owner[row.source, row.account][0], row.at, row.hours, row.id, row.of_kind)
        for place, row in enumerate(rows)
        if row[4] and row[1] in TOGETHER
    ]
    return {acts[place][3] for place in in_masses(acts)} | duplicates(together)


def _trace(kind: str, state: str | None) -> Trace:
    """Return the trace of a signal. Raises ValueError for a kind that connectors do not yield."""
    if kind == SignalKind.TRANSITION:
        return _TRANSITIONS.get(state or State.UNKNOWN, Trace.MOVED)
    known = _TRACES.get(kind)
    return _TRACES[SignalKind(kind)] if known is None else known


_Name = tuple[str, str]
_Held = tuple[int, str, str | None, datetime | None]


def load_spans(session: Session, ids: Sequence[int], owner: Owners, clock: Clock) -> Iterator[InProgress]:
    items = _items_named(session, ids)
    for (source, name), life in _lives(session, items, owner, clock).items():
        item, kind, assignee, created = items[source, name]
        if is_container(source, kind) or created is None:  # an epic is open all quarter; the work is below it
            continue
        now = owner.get((source, assignee or ""), (None,))[0]
        begin = clock.local(created, None).date()
        for person, first, last in in_progress(life.changes, now, begin, life.seen, life.begin, life.touched):
            if isinstance(person, int):
                yield InProgress(person, item, first, last)


def _items_named(session: Session, ids: Sequence[int]) -> dict[_Name, _Held]:
    """Return row id, kind, assignee and creation of the items, by source and name."""
    items: dict[_Name, _Held] = {}
    columns = (
        WorkItem.id,
        WorkItem.source,
        WorkItem.external_id,
        WorkItem.kind,
        WorkItem.assignee,
        WorkItem.created_at,
    )
    for some in in_batches(ids):
        for id_, source, name, kind, assignee, created in session.execute(
            select(*columns).where(WorkItem.id.in_(some))
        ):
            items[source, name] = (id_, kind, assignee, created)
    return items


@dataclass(slots=True)
class _Life:
    """An item's changes of status and assignee, in order; the local days with a signal, and with one outside mass changes; how it
    began, if known."""

    changes: list[StatusChange] = field(default_factory=list)
    seen: set[date] = field(default_factory=set)
    touched: set[date] = field(default_factory=set)
    begin: Begin | None = None


def _lives(session: Session, items: Collection[_Name], owner: Owners, clock: Clock) -> dict[_Name, _Life]:
    """Return the life of each item that may ever have been in progress."""
    lives: dict[_Name, _Life] = {}
    query = select(Signal.source, Signal.item, Signal.kind, Signal.at, Signal.account, Signal.detail)
    for source in sorted({source for source, _ in items}):
        for some in in_batches([name for origin, name in items if origin == source]):
            here = query.where(Signal.source == source, Signal.item.in_(some))
            rows = plain(session, here.order_by(Signal.at, Signal.external_id)).all()
            masses = masses_among(session, source, rows)
            for row in rows:
                life = lives.setdefault((source, row.item), _Life())
                _live(life, row, owner, clock, Act(row.account or "", row.at, row.item) in masses)
    return {name: life for name, life in lives.items() if life.changes or life.begin}


def _live(life: _Life, row: Row[Any], owner: Owners, clock: Clock, of_many: bool) -> None:
    """Add a signal to the life of its item."""
    source, kind, detail = row.source, row.kind, row.detail
    person, zone = owner.get((source, row.account or ""), (None, None))
    at = clock.local(row.at, zone)
    life.seen.add(at.date())
    if not of_many and kind != SignalKind.CREATED:
        life.touched.add(at.date())
    if kind == SignalKind.CREATED and "state" in detail:
        holder = owner.get((source, str(detail.get("assignee"))), (None,))[0]
        life.begin = Begin(detail["state"], holder, of_many or person != holder)
    if kind in (SignalKind.TRANSITION, SignalKind.ASSIGNMENT):
        to = detail.get("to")
        target = owner.get((source, str(to)), (None,))[0] if kind == SignalKind.ASSIGNMENT else to
        life.changes.append(StatusChange(at, kind, target, of_many))


def load_absences(
    session: Session, owner: Owners, clock: Clock, first: date, last: date
) -> dict[tuple[int, date], float]:
    """Load hours of absence by (person, day)."""
    begin = datetime.combine(first - timedelta(days=1), datetime.min.time(), clock.local(_NOON, None).tzinfo)
    query = select(Signal.source, Signal.account, Signal.at, Signal.hours).where(
        Signal.kind == SignalKind.ABSENCE, Signal.at >= begin, Signal.at < begin + (last - first) + timedelta(days=4)
    )
    query = query.where(Signal.account.in_(sorted({account for _, account in owner})))
    found: dict[tuple[int, date], float] = defaultdict(float)
    for source, account, at, hours in session.execute(query.order_by(Signal.source, Signal.external_id)):
        person, zone = owner.get((source, account or ""), (None, None))
        if person is not None:
            found[person, clock.local(at, zone).date()] += hours or 0.0
    return found


def without_absences(
    capacity: Mapping[tuple[int, date], float], absent: Mapping[tuple[int, date], float]
) -> dict[tuple[int, date], float]:
    """Reduce capacity by each day's absence; days with nothing left are dropped."""
    left = {key: amount * (1.0 - absent.get(key, 0.0) / HOURS_A_DAY) for key, amount in capacity.items()}
    return {key: amount for key, amount in left.items() if amount > 0}


def first_day(session: Session, register: Register) -> date | None:
    """Return the day of the first signal by anybody in a team, but not before the horizon of the first pull: earlier history is
    fragmentary (old comments on issues that are still open) and no baseline."""
    query = (
        select(Signal.at, Account.time_zone)
        .join(Account, (Account.source == Signal.source) & (Account.external_id == Signal.account))
        .join(Person, Person.id == Account.person_id)
        .where(in_a_team(), Person.forgotten.is_(False), Signal.kind != SignalKind.ABSENCE)
        .order_by(Signal.at, Signal.source, Signal.external_id)
        .limit(1)
    )
    found = session.execute(query).first()
    if found is None:
        return None
    day = Clock(register.calendar.time_zone).local(found.at, found.time_zone).date()
    return max(day, horizon(session) or day)


def horizon(session: Session) -> date | None:
    """Return how far back the first pull went, for the stream that goes back furthest; None if any stream has no record of it."""
    rows = session.execute(
        select(func.min(StreamCursor.horizon), func.count() - func.count(StreamCursor.horizon)).where(
            StreamCursor.stream != SWEEP
        )
    ).one()
    return rows[0] if not rows[1] else None


def whole_since(session: Session) -> date | None:
    """Return the Monday of the first complete week; None if it is not known how far the first pull went.

    The first pull may start mid-week; like the current week, that week is incomplete and gets no weekly figure.
    """
    day = horizon(session)
    return None if day is None else monday(day + timedelta(days=6))

"""Turn signals in the database into person-days by person, day and work item.

There are two stages: first, for items with new signals, when they were in progress and with whom; then the days that may have
changed. So a cycle's cost depends on what is new, not on the length of the history, and the result equals an estimate of all
days.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, sessionmaker

from models import ALL_OF_IT, Account, Capacity, Chunk, Effort, Person, Signal, WorkItem, upsert
from models import InProgress as InProgressRow
from models.columns import plain
from models.session import in_batches
from pipeline.effort.capacity import load_capacity, made_up_days
from pipeline.effort.clock import Clock
from pipeline.effort.day import Activity, InProgress, efforts
from pipeline.effort.kept import Quiet, quiet_since, replace
from pipeline.effort.likelihood import Weights
from pipeline.effort.load import (
    first_day,
    horizon,
    load_absences,
    load_activities,
    load_owners,
    load_people,
    load_spans,
    without_absences,
)
from pipeline.effort.seen import AHEAD, BEFORE
from pipeline.queue import chunks, fingerprint
from pipeline.queue.marks import FROM, utc_day
from pipeline.queue.rounding import rounded
from pipeline.register.document import Register
from pipeline.register.membership import load_teams
from pipeline.register.versions import held
from pipeline.register.weekdays import WorkingDay
from pipeline.register.workdays import monday

SPAN, EFFORT, SHARE = "span", "effort", "share"
READING = 2
"""Version of how signals are interpreted; effort from an older one is estimated again. 2: mass changes."""
ITEMS_PER_CHUNK = 5_000
WEEKS_PER_CHUNK = 6
PEOPLE_PER_CHUNK = 100
"""Approximate number of people per chunk. A person's effort depends on that person's traces alone."""


def estimate_effort(sessions: sessionmaker[Session], register: Register, last: date) -> None:
    """Estimate all effort and capacity up to `last` again, in this process."""
    with sessions.begin() as session:
        fingerprint.forget(session, EFFORT)
        plan_spans(session, register)
    chunks.take(sessions, SPAN, lambda session, part: run_item_chunk(session, part, register))
    with sessions.begin() as session:
        plan_days(session, register, last)
    chunks.take(sessions, EFFORT, lambda session, part: run_week_chunk(session, part, register, last))


def is_pending(session: Session, register: Register, last: date) -> bool:
    """Return True if new signals, changed people or a new day may change any effort."""
    news = session.scalar(select(WorkItem.id).where(WorkItem.effort_from.is_not(None)).limit(1)) is not None
    return (
        news
        or chunks.left(session, FROM)
        or fingerprint.differs(session, EFFORT, _fingerprint(session, register))
        or (_known_until(session) or last) != last
    )


def plan_spans(session: Session, register: Register) -> None:
    """Queue chunks of items whose times in progress may have changed, and clear their marks."""
    current = _fingerprint(session, register)
    # Lock before reading anything: marks set later are left for the next cycle.
    news = select(WorkItem.id, WorkItem.effort_from).where(WorkItem.effort_from.is_not(None)).order_by(WorkItem.id)
    marked = dict(session.execute(news.with_for_update()).all())
    if fingerprint.differs(session, EFFORT, current):
        fingerprint.keep(session, EFFORT, current)
        begin = first_day(session, register)
        ids = list(session.scalars(select(WorkItem.id).order_by(WorkItem.id)))
    else:
        begin = _first_news(session, register, marked)
        ids = list(marked)
    if begin is not None:
        chunks.add(session, FROM, {begin.isoformat(): {}})
    batches = list(in_batches(ids, ITEMS_PER_CHUNK))
    chunks.add(session, SPAN, {f"{n:06}": {"ids": list(batch)} for n, batch in enumerate(batches)})
    for batch in in_batches(list(marked)):
        session.execute(update(WorkItem).where(WorkItem.id.in_(batch)).values(effort_from=None))


def _first_news(session: Session, register: Register, marked: Mapping[int, date | None]) -> date | None:
    """Return the first day, in anybody's time zone, whose effort the news may change."""
    days = [day for day in marked.values() if day is not None and day != ALL_OF_IT]
    new = [id_ for id_, day in marked.items() if day == ALL_OF_IT]
    query = select(func.min(Signal.at)).join(
        WorkItem, (WorkItem.source == Signal.source) & (WorkItem.external_id == Signal.item)
    )
    for batch in in_batches(new):
        first = session.scalar(query.where(WorkItem.id.in_(batch)))
        if first is not None:
            days.append(utc_day(first))
    zones = session.scalars(select(Account.time_zone).where(Account.time_zone.is_not(None)).distinct())
    west = Clock(register.calendar.time_zone).west_of_utc(zones)
    return min(days) - timedelta(days=west) if days else None


def run_item_chunk(session: Session, chunk: Chunk, register: Register) -> None:
    """Find when the items were in progress and with whom; queue the first day on which that changed."""
    ids: list[int] = chunk.detail["ids"]
    people, clock = load_people(session), Clock(register.calendar.time_zone)
    found = set(load_spans(session, ids, load_owners(session, people), clock))
    kept = {
        InProgress(row.person_id, row.work_item_id, row.first, row.last)
        for some in in_batches(ids)
        for row in session.scalars(select(InProgressRow).where(InProgressRow.work_item_id.in_(some)))
    }
    before, now = _days_from(kept), _days_from(found)
    changed = [_first_difference(before.get(key, ()), now.get(key, ())) for key in {*before, *now}]
    begin = min((day for day in changed if day is not None), default=None)
    if begin is None:
        return
    for some in in_batches(ids):
        session.execute(delete(InProgressRow).where(InProgressRow.work_item_id.in_(some)))
    rows = [{"work_item_id": s.item, "person_id": s.person, "first": s.first, "last": s.last} for s in found]
    upsert(session, InProgressRow, rows, ("work_item_id", "person_id", "first", "last"))
    chunks.add(session, FROM, {begin.isoformat(): {}})


def _days_from(spans: Iterable[InProgress]) -> dict[tuple[int, int], list[tuple[date, date]]]:
    found: dict[tuple[int, int], list[tuple[date, date]]] = defaultdict(list)
    for span in spans:
        found[span.person, span.item].append((span.first, span.last))
    return {key: sorted(ends) for key, ends in found.items()}


def _first_difference(before: Sequence[tuple[date, date]], now: Sequence[tuple[date, date]]) -> date | None:
    """Return the first day that only one of two lists of spans covers."""
    if before == now:
        return None
    for one, other in zip(before, now, strict=False):
        if one != other:
            return min(one[0], other[0]) if one[0] != other[0] else min(one[1], other[1])
    longer = before if len(before) > len(now) else now
    return longer[min(len(before), len(now))][0]


def plan_days(session: Session, register: Register, last: date) -> None:
    """Queue chunks of the days to estimate again."""
    # A change after `last` affects no day that is over: it is read when its own day is estimated.
    days = [day for name in chunks.take_all(session, FROM) if (day := date.fromisoformat(name)) <= last]
    first = first_day(session, register)
    if _remove_outside(session, first or date.min, last):
        days.append(last)
    known = _known_until(session)
    begin = min([*days, *([known + timedelta(days=1)] if known else [])], default=None)
    if begin is None or first is None or begin > last:
        return
    news = begin.isoformat()
    # Without news about estimated days, those of people who did nothing since stay as they are.
    stands = known.isoformat() if known and begin > known else None
    # Traces up to AHEAD days after a day are evidence for it.
    begin = max(begin - timedelta(days=AHEAD), first)
    groups = max(1, len(load_people(session)) // PEOPLE_PER_CHUNK)
    ranges = {}
    while begin <= last:
        end = min(last, monday(begin) + timedelta(weeks=WEEKS_PER_CHUNK, days=-1))
        for group in range(groups):
            ranges[f"{begin.isoformat()} {group:04}"] = {
                "first": begin.isoformat(),
                "last": end.isoformat(),
                "since": first.isoformat(),
                "news": news,
                "stands": stands,
                "group": group,
                "groups": groups,
            }
        begin = end + timedelta(days=1)
    chunks.add(session, EFFORT, ranges)


def _remove_outside(session: Session, first: date, last: date) -> bool:
    """Remove estimates of days before the start of the history (from when it was unknown) and of future days (from a clock that
    was ahead); return True if there were any of the latter. Sums of forgotten people stay."""
    late = False
    forgotten = select(Person.id).where(Person.forgotten)
    for table in (Effort, Capacity):
        here = (~table.day.between(first, last), table.person_id.not_in(forgotten))
        days = list(session.scalars(select(table.day).where(*here).distinct()))
        if days:
            session.execute(delete(table).where(*here).execution_options(synchronize_session=False))
            chunks.add(session, SHARE, {monday(day).isoformat(): {} for day in days})
            late = late or max(days) > last
    return late


def run_week_chunk(session: Session, chunk: Chunk, register: Register, last: date) -> None:
    """Estimate a stretch of days for a group of people, replace the stored effort, and queue the weeks for the shares."""
    first, end = date.fromisoformat(chunk.detail["first"]), date.fromisoformat(chunk.detail["last"])
    begin = max(first - timedelta(days=BEFORE + AHEAD), date.fromisoformat(chunk.detail["since"]))
    seen_until = min(last, end + timedelta(days=AHEAD))
    group, groups = chunk.detail.get("group", 0), chunk.detail.get("groups", 1)
    clock = Clock(register.calendar.time_zone)
    people = {id_: person for id_, person in load_people(session).items() if id_ % groups == group}
    owners = load_owners(session, people)
    activities = load_activities(session, owners, clock, begin, seen_until)
    query = select(InProgressRow.person_id, InProgressRow.work_item_id, InProgressRow.first, InProgressRow.last)
    during = query.where(InProgressRow.last >= first, InProgressRow.first <= end)
    theirs = during.where(InProgressRow.person_id % groups == group) if groups > 1 else during
    spans = [InProgress(*row) for row in plain(session, theirs) if row[0] in people]
    capacity = without_absences(
        load_capacity(held(session, register), people, load_teams(session), begin, seen_until),
        load_absences(session, owners, clock, begin, seen_until),
    )
    stands = date.fromisoformat(chunk.detail.get("stands") or first.isoformat())
    # Read after the traces: a person who left one in the meantime is not quiet.
    quiet = quiet_since(session, owners, clock, people.keys(), stands) if stands > first else Quiet()
    found = _estimated(activities, spans, capacity, (first, end), quiet)
    rows = [
        {"day": day, "person_id": person, "work_item_id": item, "person_days": rounded(days, 6)}
        for (day, person, item), days in sorted(found.items())
    ]
    expected = [
        {"day": day, "person_id": person, "expected": amount}
        for (person, day), amount in capacity.items()
        if first <= day <= end
    ]
    stretch = (first, end, group, groups)
    changed = replace(session, Effort, rows, stretch, ("work_item_id",), "person_days", quiet)
    changed |= replace(session, Capacity, expected, stretch, (), "expected")
    # Every week since the news: effort that vanished with a deleted item does not show as a change here.
    since = max(first, date.fromisoformat(chunk.detail.get("news", chunk.detail["first"])))
    changed |= {since + timedelta(days=n) for n in range((end - since).days + 1)}
    chunks.add(session, SHARE, {monday(day).isoformat(): {} for day in changed})


def _estimated(
    activities: Sequence[Activity],
    spans: Sequence[InProgress],
    capacity: Mapping[tuple[int, date], float],
    days: tuple[date, date],
    quiet: Quiet,
) -> dict[tuple[date, int, int], float]:
    """Return person-days by (day, person, item); for quiet people, only on days not yet estimated."""
    found: dict[tuple[date, int, int], float] = {}
    for of_quiet, first in ((False, days[0]), (True, quiet.first(days[0]))):
        acts = [one for one in activities if (one.person in quiet.people) == of_quiet]
        expected = {key: amount for key, amount in capacity.items() if (key[0] in quiet.people) == of_quiet}
        found |= efforts(acts, spans, expected, first, days[1], Weights.shipped())
    return found


def _fingerprint(session: Session, register: Register) -> str:
    """Return a hash of everything that effort depends on apart from signals and items: the model, the owners of accounts,
    expected working days, and how far back the first pull went."""
    people = load_people(session)
    accounts = sorted(
        (source, id_, people[person].email or "", people[person].team or "", zone or "")
        for (source, id_), (person, zone) in load_owners(session, people).items()
    )
    history, begins = held(session, register), horizon(session)
    terms = [
        [str(since), repr(one.calendar), sorted(_entries(one)), *map(str, one.calendar.half_closed)]
        for since, one in history
    ]
    model = [
        Weights.shipped().fingerprint,
        str(begins),
        READING,
        *made_up_days(history, begins or register.period.start),
    ]
    text = json.dumps([model, accounts, terms, load_teams(session).fingerprint()])
    return hashlib.sha256(text.encode()).hexdigest()


def _entries(register: Register) -> Iterator[tuple[Any, ...]]:
    """Yield a register's terms of when people work, with the dates of each entry for people listed twice."""
    times = Counter(member.email.lower() for team in register.teams for member in team.members)
    for team in register.teams:
        for one in team.members:
            days = (str(one.first), str(one.last)) if times[one.email.lower()] > 1 else ()
            # Rare fields are omitted if unset, so that adding them to the format did not change existing fingerprints.
            part = [one.subdivision] if one.subdivision else []
            part += [str(at) for at in one.days if at != WorkingDay(at.weekday)]
            works = tuple(at.weekday for at in one.days)
            yield (one.email.lower(), one.part, one.country or "", works, team.key, team.weekend, *days, *part)


def _known_until(session: Session) -> date | None:
    return session.scalar(select(func.max(Capacity.day)))

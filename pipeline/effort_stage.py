"""Signals of the database to person-days by person, day and work item."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker

from models import Account, Capacity, Effort, Person, Signal, WorkItem, upsert
from pipeline.effort import Activity, Change, Span, efforts, in_progress
from pipeline.register import Register
from pipeline.work import named_issue
from pipeline.workdays import Workdays

_NO_SPAN = {"epic"}
"""An epic is in progress all quarter; the work is on what hangs below it."""


class _Clock:
    """Local days: of the account's own time zone, else the organisation's."""

    def __init__(self, zone: str) -> None:
        self._default = ZoneInfo(zone)
        self._zones: dict[str, ZoneInfo] = {}

    def local(self, at: datetime, zone: str | None) -> datetime:
        """The time it was for that person."""
        if zone and zone not in self._zones:
            try:
                self._zones[zone] = ZoneInfo(zone)
            except (ZoneInfoNotFoundError, ValueError):
                self._zones[zone] = self._default
        return at.astimezone(self._zones[zone] if zone else self._default)


def estimate_effort(sessions: sessionmaker[Session], register: Register, last: date) -> int:
    """Replace all effort and capacity up to `last`; returns the number of effort rows."""
    with sessions() as session:
        people = {
            p.id: p
            for p in session.scalars(select(Person).where(Person.team.is_not(None), Person.forgotten.is_(False)))
        }
        owner = _owners(session, people)
        clock = _Clock(register.calendar.time_zone)
        activities, changes, seen = _read(session, owner, clock)
        spans = list(_spans(session, owner, changes, seen, clock))
    first = min((a.day for a in activities), default=last)
    capacity = _capacity(register, people, first, last)
    found = efforts([a for a in activities if a.day <= last], spans, capacity, last)
    rows = [
        {"day": day, "person_id": person, "work_item_id": item, "person_days": round(days, 6)}
        for (day, person, item), days in sorted(found.items())
    ]
    expected = [{"day": day, "person_id": person, "expected": part} for (person, day), part in capacity.items()]
    with sessions.begin() as session:
        forgotten = select(Person.id).where(Person.forgotten)  # a sum that no signal is left of
        session.execute(delete(Effort).where(Effort.person_id.not_in(forgotten)))
        session.execute(delete(Capacity).where(Capacity.person_id.not_in(forgotten)))
        upsert(session, Effort, rows, ("day", "person_id", "work_item_id"))
        upsert(session, Capacity, expected, ("day", "person_id"))
    return len(rows)


def _owners(session: Session, people: Mapping[int, Person]) -> dict[tuple[str, str], tuple[int, str | None]]:
    rows = session.execute(select(Account.source, Account.external_id, Account.person_id, Account.time_zone))
    return {
        (source, id_): (person, zone) for source, id_, person, zone in rows if person is not None and person in people
    }


def _read(
    session: Session, owner: Mapping[tuple[str, str], tuple[int, str | None]], clock: _Clock
) -> tuple[list[Activity], dict[int, list[Change]], dict[int, date]]:
    """Activities, the changes of state of each issue, and the last day anything happened on each item."""
    items = {(s, e): id_ for id_, s, e in session.execute(select(WorkItem.id, WorkItem.source, WorkItem.external_id))}
    stands_for = named_issue(session)
    activities: list[Activity] = []
    changes: dict[int, list[Change]] = defaultdict(list)
    seen: dict[int, date] = {}
    query = select(Signal.source, Signal.item, Signal.kind, Signal.at, Signal.account, Signal.hours, Signal.detail)
    for source, external, kind, at, account, hours, detail in session.execute(query):
        item = items.get((source, external))
        if item is None:
            continue
        item = stands_for.get(item, item)
        person, zone = owner.get((source, account or ""), (None, None))
        at = clock.local(at, zone)
        day = at.date()
        seen[item] = max(seen.get(item, day), day)
        if kind in ("transition", "assignment"):
            to = detail.get("to")
            target = owner.get((source, str(to)), (None,))[0] if kind == "assignment" else to
            changes[item].append(Change(at, kind, target))
        if person is not None:
            activities.append(Activity(person, day, item, kind, hours))
    return activities, changes, seen


def _spans(
    session: Session, owner: Mapping[tuple[str, str], tuple[int, str | None]], changes: Mapping[int, list[Change]],
    seen: Mapping[int, date], clock: _Clock,
) -> Iterator[Span]:  # fmt: skip
    query = select(WorkItem.id, WorkItem.source, WorkItem.kind, WorkItem.assignee, WorkItem.created_at)
    for item, source, kind, assignee, created in session.execute(query.where(WorkItem.id.in_(list(changes)))):
        if kind in _NO_SPAN or created is None:
            continue
        now = owner.get((source, assignee or ""), (None,))[0]
        for person, first, last in in_progress(changes[item], now, clock.local(created, None).date(), seen[item]):
            if isinstance(person, int):
                yield Span(person, item, first, last)


def _capacity(
    register: Register, people: Mapping[int, Person], first: date, last: date
) -> dict[tuple[int, date], float]:
    """By (person, day); part time is spread over the week, since which days are free is not known."""
    workdays = Workdays(register.calendar)
    country = {m.email.lower(): m.country for team in register.teams for m in team.members}
    found: dict[tuple[int, date], float] = {}
    span = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]
    by_country = {
        c: [day for day in span if workdays.is_workday(day, c)]
        for c in {country.get(p.email or "") for p in people.values()}
    }
    for id_, person in people.items():
        for day in by_country[country.get(person.email or "")]:
            found[id_, day] = person.capacity
    return found

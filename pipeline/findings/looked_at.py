"""Select the items that a finding about events can concern at all, so that the others need not be loaded.

Most are excluded by aggregates in the database: only one account speaks on them, they refer to no item of another team, and
nobody opened, renamed or closed many along with them. The selection is a superset of what the findings need.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, Text, and_, cast, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from connectors.base import SignalKind, State
from models import Signal, WorkItem
from models.columns import plain
from models.session import in_batches
from pipeline.findings.lives import SAID
from pipeline.findings.placeholder import SETTLED, TOGETHER
from pipeline.findings.thresholds import Thresholds
from pipeline.findings.who import Who

Name = tuple[str, str]
"""An item's source and external id."""
CHANGES = (SignalKind.CREATED, SignalKind.TRANSITION)
"""Kinds that report an item's state."""
_ITS_ITEM = (WorkItem.source == Signal.source) & (WorkItem.external_id == Signal.item)


def during(since: datetime, until: datetime, table: type[Signal] = Signal) -> ColumnElement[bool]:
    """Condition for events in the relevant time; for signals, or an alias of them."""
    return and_(table.at >= since, table.at < until, table.kind != SignalKind.ABSENCE)


def looked_at(
    session: Session, who: Who, since: datetime, until: datetime, last: date, thresholds: Thresholds
) -> set[Name]:
    """Return items that may be part of a decision, a request to another team, or a burst; plus one whose state is known, if
    any."""
    found = set(_across(session, who, since, until, last))
    found |= set(_spoken_by_many(session, since, until))
    found |= set(_in_bulk(session, who, last, thresholds))
    return found | set(_stated(session, since, until))


def keys_of(session: Session, names: Iterable[str]) -> dict[str, int]:
    """Map the keys in use to row ids, for the keys given; if two sources share a key, the first source's."""
    found: dict[str, int] = {}
    query = select(WorkItem.key, WorkItem.id).order_by(WorkItem.source, WorkItem.id)
    for some in in_batches(sorted(names)):
        for key, row in session.execute(query.where(WorkItem.key.in_(some))):
            found.setdefault(str(key), row)
    return found


def usual_teams(
    session: Session, who: Who, places: Collection[Name], since: datetime, until: datetime
) -> dict[Name, str]:
    """Return by source and container the team behind more than half of the events there; containers without one are omitted."""
    counted: dict[Name, Counter[str]] = defaultdict(Counter)
    containers: dict[str, set[str]] = defaultdict(set)
    for source, container in places:
        containers[source].add(container)
    for source, names in containers.items():
        for some in in_batches(sorted(names)):
            here = (during(since, until), WorkItem.source == source, WorkItem.container.in_(some))
            accounts = select(WorkItem.container, Signal.account, func.count()).join(WorkItem, _ITS_ITEM).where(*here)
            moved = set()
            for container, account, count in session.execute(accounts.group_by(WorkItem.container, Signal.account)):
                teams = who.during(source, account, since.date(), until.date())
                if len(teams) > 1:
                    moved.add(account)
                else:
                    counted[source, container].update({team: count for team in teams if team})
            days = select(WorkItem.container, Signal.account, Signal.at).join(WorkItem, _ITS_ITEM).where(*here)
            for others in in_batches(sorted(moved)):
                for container, account, at in session.execute(days.where(Signal.account.in_(others))):
                    team = who.of(source, account, at.date())[1]
                    counted[source, container].update([team] if team else [])
    return {
        place: team
        for place, teams in counted.items()
        for team, count in teams.most_common(1)
        if 2 * count > teams.total()
    }


def _across(session: Session, who: Who, since: datetime, until: datetime, last: date) -> Iterator[Name]:
    """Yield items that refer to an item of another team than some people involved, and the item referred to."""
    naming = list(_naming(session, since, until))
    rows = keys_of(session, {key for _, _, keys in naming for key in keys})
    awaited = _named(session, who, set(rows.values()), since, until, last)
    for waiting, account, keys in naming:
        teams = who.teams(waiting[0], account)
        for row in {rows[key] for key in keys if key in rows}:
            named, team = awaited[row]
            if team and named != waiting and any(one != team for one in teams):
                yield waiting
                yield named


def _naming(session: Session, since: datetime, until: datetime) -> Iterator[tuple[Name, str | None, list[str]]]:
    """Yield items, the account involved, and the keys referred to in the item's words or by the account."""
    # As text: JSON lists cannot be compared for DISTINCT.
    in_words, on_it = cast(WorkItem.mentions, Text), cast(Signal.mentions, Text)
    query = select(Signal.source, Signal.item, Signal.account).where(during(since, until)).distinct()
    for one in (
        query.add_columns(in_words).join(WorkItem, _ITS_ITEM).where(in_words != "[]"),
        query.add_columns(on_it).where(on_it != "[]"),
    ):
        for source, item, account, keys in plain(session, one):
            yield (source, item), account, json.loads(keys) or []


def _named(
    session: Session, who: Who, rows: Collection[int], since: datetime, until: datetime, last: date
) -> Mapping[int, tuple[Name, str]]:
    """Return name and team of each of these rows."""
    query = select(WorkItem.id, WorkItem.source, WorkItem.external_id, WorkItem.container, WorkItem.assignee)
    found = [row for some in in_batches(sorted(rows)) for row in plain(session, query.where(WorkItem.id.in_(some)))]
    owners = {row.id: team_of(who, row.source, row.assignee, last) for row in found}
    places = {(row.source, row.container) for row in found if not owners[row.id]}
    usual = usual_teams(session, who, places, since, until)
    return {
        row.id: ((row.source, row.external_id), owners[row.id] or usual.get((row.source, row.container), ""))
        for row in found
    }


def team_of(who: Who, source: str, assignee: str | None, last: date) -> str:
    """Return the team of the item's assignee; empty if there is none."""
    return who.of(source, assignee, last)[1] if assignee else ""


def _spoken_by_many(session: Session, since: datetime, until: datetime) -> Iterator[Name]:
    """Yield items on which more than one account spoke; unknown accounts count as another."""
    known, everything = func.count(Signal.account), func.count()
    several = or_(func.min(Signal.account) != func.max(Signal.account), and_(known > 0, known < everything))
    query = select(Signal.source, Signal.item).where(during(since, until), Signal.kind.in_(sorted(SAID)))
    rows = plain(session, query.group_by(Signal.source, Signal.item).having(several))
    yield from ((source, item) for source, item in rows)


def _in_bulk(session: Session, who: Who, last: date, thresholds: Thresholds) -> Iterator[Name]:
    """Yield items that somebody opened, renamed or closed together with at least as many others as make a burst."""
    done: dict[tuple[int, str], list[tuple[datetime, Name]]] = defaultdict(list)
    for source, item, account, kind, at in plain(session, _by_hand(last, thresholds)):
        person = who.of(source, account, at.date())[0]
        if person >= 0:
            done[person, kind].append((at, (source, item)))
    for rows in done.values():
        run: list[tuple[datetime, Name]] = []
        for row in [*sorted(rows), None]:
            if run and (row is None or row[0] - run[-1][0] > TOGETHER):
                items = {name for _, name in run}
                if len(items) >= thresholds.bulk:
                    yield from items
                run = []
            if row is not None:
                run.append(row)


def _by_hand(last: date, thresholds: Thresholds) -> Select[str, str, str | None, str, datetime]:
    """Select events that open, rename or close items on days on which a burst may lie."""
    end = last - timedelta(days=SETTLED)
    until = datetime.combine(end + timedelta(days=1), time(), UTC)
    since = until - timedelta(weeks=thresholds.weeks)
    closed = and_(Signal.kind == SignalKind.TRANSITION, Signal.detail["to"].as_string() == State.DONE.value)
    return select(Signal.source, Signal.item, Signal.account, Signal.kind, Signal.at).where(
        during(since, until), or_(Signal.kind.in_([SignalKind.CREATED, SignalKind.EDIT]), closed)
    )


def _stated(session: Session, since: datetime, until: datetime) -> Iterator[Name]:
    """Yield one item with events and a known state: without any, bursts cannot be judged at all."""
    query = select(Signal.source, Signal.item).join(WorkItem, _ITS_ITEM).where(Signal.kind.in_(CHANGES)).limit(1)
    found = session.execute(query.where(during(since, until))).first()
    if found is None:  # no recent state change: use one of an active item from before or after
        other = aliased(Signal)
        lately = exists().where(other.source == Signal.source, other.item == Signal.item, during(since, until, other))
        found = session.execute(query.where(lately)).first()
    if found is not None:
        yield found[0], found[1]

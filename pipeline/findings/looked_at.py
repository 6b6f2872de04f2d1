"""Which items a finding of what happened can tell of at all: so that of the others nothing has to be read.

Sums that the database makes say so of most: one account alone speaks on them, they name nothing of another team, and nobody
opened, renamed or closed many beside them. What is left is more than a finding looks at, and never less.
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
"""An item's source and its name there."""
CHANGES = (SignalKind.CREATED, SignalKind.TRANSITION)
"""Kinds that say an item's state."""
_ITS_ITEM = (WorkItem.source == Signal.source) & (WorkItem.external_id == Signal.item)


def during(since: datetime, until: datetime, table: type[Signal] = Signal) -> ColumnElement[bool]:
    """What happened in the time that findings look at; of signals, or of an alias of them."""
    return and_(table.at >= since, table.at < until, table.kind != SignalKind.ABSENCE)


def looked_at(
    session: Session, who: Who, since: datetime, until: datetime, last: date, thresholds: Thresholds
) -> set[Name]:
    """Items of which a decision, something asked of another team, or a burst may be told; and one whose state is known, if
    there is any."""
    found = set(_across(session, who, since, until, last))
    found |= set(_spoken_by_many(session, since, until))
    found |= set(_in_bulk(session, who, last, thresholds))
    return found | set(_stated(session, since, until))


def keys_of(session: Session, names: Iterable[str]) -> dict[str, int]:
    """Rows by the key that people use, of those that are named; where two sources use one, the first source's."""
    found: dict[str, int] = {}
    query = select(WorkItem.key, WorkItem.id).order_by(WorkItem.source, WorkItem.id)
    for some in in_batches(sorted(names)):
        for key, row in session.execute(query.where(WorkItem.key.in_(some))):
            found.setdefault(str(key), row)
    return found


def usual_teams(
    session: Session, who: Who, places: Collection[Name], since: datetime, until: datetime
) -> dict[Name, str]:
    """By source and container, the team of more than half of what happened there; none where there is no such team."""
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
    """What names an item of another team than some of those who were at it, and that item."""
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
    """An item, who was at it, and what it names in its words or they named on it."""
    # As texts: of lists no two could be said to be the same.
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
    """Name and team of each of these rows."""
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
    """The team of who has an item; empty where nobody of a team has it."""
    return who.of(source, assignee, last)[1] if assignee else ""


def _spoken_by_many(session: Session, since: datetime, until: datetime) -> Iterator[Name]:
    """Items on which more than one account said something, an account that is not known among them."""
    known, everything = func.count(Signal.account), func.count()
    several = or_(func.min(Signal.account) != func.max(Signal.account), and_(known > 0, known < everything))
    query = select(Signal.source, Signal.item).where(during(since, until), Signal.kind.in_(sorted(SAID)))
    rows = plain(session, query.group_by(Signal.source, Signal.item).having(several))
    yield from ((source, item) for source, item in rows)


def _in_bulk(session: Session, who: Who, last: date, thresholds: Thresholds) -> Iterator[Name]:
    """Items that somebody opened, renamed or closed in one go with as many others as a burst has at least."""
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
    """What opens, renames or closes, on the days on which a burst may lie."""
    end = last - timedelta(days=SETTLED)
    until = datetime.combine(end + timedelta(days=1), time(), UTC)
    since = until - timedelta(weeks=thresholds.weeks)
    closed = and_(Signal.kind == SignalKind.TRANSITION, Signal.detail["to"].as_string() == State.DONE.value)
    return select(Signal.source, Signal.item, Signal.account, Signal.kind, Signal.at).where(
        during(since, until), or_(Signal.kind.in_([SignalKind.CREATED, SignalKind.EDIT]), closed)
    )


def _stated(session: Session, since: datetime, until: datetime) -> Iterator[Name]:
    """One item on which anything happened and whose state is known: without any, bursts cannot be judged at all."""
    query = select(Signal.source, Signal.item).join(WorkItem, _ITS_ITEM).where(Signal.kind.in_(CHANGES)).limit(1)
    found = session.execute(query.where(during(since, until))).first()
    if found is None:  # nobody said a state lately: of what was touched, one that was said before or after
        other = aliased(Signal)
        lately = exists().where(other.source == Signal.source, other.item == Signal.item, during(since, until, other))
        found = session.execute(query.where(lately)).first()
    if found is not None:
        yield found[0], found[1]

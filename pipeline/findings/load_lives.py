"""Load the events on items of the last weeks, once for all findings that use them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from sys import intern
from typing import Any, NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from connectors.base import SignalKind, State
from models import Effort, Signal, WorkItem
from models.columns import plain, unless_empty
from models.session import in_batches
from pipeline.findings.lives import Event, Life
from pipeline.findings.looked_at import CHANGES, Name, during, keys_of, looked_at, team_of, usual_teams
from pipeline.findings.thresholds import Thresholds
from pipeline.findings.who import Who
from pipeline.match.beliefs import beliefs
from pipeline.sources import said_by_signals

WEEKS = 18
"""Whole weeks loaded: two windows of eight, plus what is needed to recognise an end."""
_READ = 20_000
_ASKS = re.compile(
    r"\?|\b(approv\w*|sign[ -]?off|decide|decision|lgtm|ok to|genehmig\w*|freigabe|entscheid\w*|approuv\w*|décision|"
    r"aprob\w*|decisi[oó]n)\b",
    re.IGNORECASE,
)
_COLUMNS = select(
    WorkItem.id,
    WorkItem.source,
    WorkItem.external_id,
    WorkItem.container,
    WorkItem.title,
    WorkItem.text,
    WorkItem.assignee,
    unless_empty(WorkItem.mentions),
    WorkItem.created_at,
    WorkItem.automated,
)


def load_lives(session: Session, last: date, thresholds: Thresholds | None = None) -> list[Life]:
    """Return the items with events in the last weeks, and these events. With thresholds, only items that a finding with these
    thresholds can be about."""
    since = datetime.combine(last - timedelta(weeks=WEEKS), time(), UTC)
    until = datetime.combine(last + timedelta(days=1), time(), UTC)
    who = Who(session)
    wanted = None if thresholds is None else looked_at(session, who, since, until, last, thresholds)
    happened = _happened(session, who, since, until, wanted)
    items = _items(session, happened.events)
    keys = keys_of(session, {*happened.named(), *(name for one in items for name in one.mentions)})
    states = _states(session, happened, items, since, until)
    events = {one.row: happened.of(one, keys) for one in items}
    places = {(one.source, one.container) for one in items if not team_of(who, one.source, one.assignee, last)}
    usual = usual_teams(session, who, places, since, until)
    served, days = _served(session, items), _days(session, items, since.date(), last)
    return [
        Life(
            one.row,
            team_of(who, one.source, one.assignee, last) or usual.get((one.source, one.container), ""),
            one.created or events[one.row][0].at,
            events[one.row],
            tuple(keys[name] for name in one.mentions if keys.get(name, one.row) != one.row),
            one.assignee is not None,
            one.row in states,
            states.get(one.row, State.UNKNOWN),
            one.asks,
            one.automated,
            served.get(one.row, 0.0),
            days.get(one.row, 0.0),
        )
        for one in items
    ]


class _Item(NamedTuple):
    """The fields of an item that a life needs, without its words."""

    row: int
    source: str
    name: str
    container: str
    assignee: str | None
    mentions: Sequence[str]
    created: datetime | None
    automated: bool
    asks: bool


@dataclass(slots=True)
class _Happened:
    """Events by item, in order; by event position, the keys it refers to; and the state after the last change."""

    events: dict[Name, list[Event]]
    names: dict[Name, list[tuple[int, Sequence[str]]]]
    states: dict[Name, str]

    def named(self) -> Iterator[str]:
        """Yield all keys referred to."""
        return (name for some in self.names.values() for _, names in some for name in names)

    def of(self, item: _Item, keys: Mapping[str, int]) -> tuple[Event, ...]:
        """Remove and return the events of an item: with millions of events there is memory for one list at a time."""
        found = self.events.pop((item.source, item.name))
        for place, names in self.names.get((item.source, item.name), ()):
            others = tuple(keys[name] for name in names if keys.get(name, item.row) != item.row)
            found[place] = found[place]._replace(names=others)
        return tuple(found)


# Only the necessary fields of millions of signals: parsing each one's JSON objects and lists would be too slow.
_NAMES = unless_empty(Signal.mentions)
_STATE = case(
    (Signal.kind == SignalKind.TRANSITION, Signal.detail["to"].as_string()),
    (Signal.kind == SignalKind.CREATED, Signal.detail["state"].as_string()),
)


def _happened(session: Session, who: Who, since: datetime, until: datetime, wanted: Iterable[Name] | None) -> _Happened:
    found = _Happened(defaultdict(list), defaultdict(list), {})
    for source, item, kind, at, account, names, state in _signals(session, since, until, wanted):
        name = (source, item)
        person, team = who.of(source, account, at.date())
        to = intern(state or "") if kind == SignalKind.TRANSITION else ""
        if names:
            found.names[name].append((len(found.events[name]), names))
        if kind in CHANGES and to != State.LEFT:
            found.states[name] = intern(state or State.TODO.value)
        found.events[name].append(Event(at, intern(kind), person, team, (), to))
    return found


def _signals(session: Session, since: datetime, until: datetime, wanted: Iterable[Name] | None) -> Iterator[Any]:
    """Yield signals in order; with `wanted`, only those on these items."""
    columns = select(Signal.source, Signal.item, Signal.kind, Signal.at, Signal.account, _NAMES, _STATE)
    query = columns.where(during(since, until)).order_by(Signal.at, Signal.source, Signal.external_id)
    if wanted is None:
        yield from plain(session, query.execution_options(yield_per=_READ))
        return
    for source, names in _by_source(wanted).items():
        for some in in_batches(names):
            yield from plain(session, query.where(Signal.source == source, Signal.item.in_(some)))


def _by_source(names: Iterable[Name]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for source, item in names:
        found[source].append(item)
    return {source: sorted(some) for source, some in found.items()}


def _items(session: Session, names: Iterable[Name]) -> list[_Item]:
    """Load the items; threads and mails that are evidence for an item are separate items here, since they contain questions."""
    found: list[_Item] = []
    for source, some_names in _by_source(names).items():
        for some in in_batches(some_names):
            rows = session.execute(_COLUMNS.where(WorkItem.source == source, WorkItem.external_id.in_(some)))
            found += (_item(*row) for row in rows)
    return sorted(found)


def _item(
    row: int,
    source: str,
    name: str,
    container: str,
    title: str | None,
    text: str | None,
    assignee: str | None,
    mentions: Sequence[str],
    created: datetime | None,
    automated: bool,
) -> _Item:
    asks = bool(said_by_signals(source) and _ASKS.search(f"{title or ''} {text or ''}"))
    return _Item(
        row,
        intern(source),
        name,
        intern(container),
        assignee and intern(assignee),
        mentions or (),
        created,
        automated,
        asks,
    )


def _states(
    session: Session, happened: _Happened, items: Sequence[_Item], since: datetime, until: datetime
) -> dict[int, str]:
    """Return the state after the last change; items without any recorded change have none."""
    place = {(one.source, one.name): one.row for one in items}
    found = {place[name]: state for name, state in happened.states.items() if name in place}
    query = select(Signal.source, Signal.item, _STATE).where(Signal.kind.in_(CHANGES))
    for source, names in _by_source(place).items():
        for some in in_batches(names):
            here = query.where(Signal.source == source, Signal.item.in_(some)).order_by(Signal.at, Signal.external_id)
            for outside, late in ((Signal.at < since, False), (Signal.at >= until, True)):
                for source_, item, state in session.execute(here.where(outside)):
                    if state != State.LEFT and (late or (source_, item) not in happened.states):
                        found[place[source_, item]] = state or State.TODO
    return found


def _served(session: Session, items: Sequence[_Item]) -> dict[int, float]:
    return {row: min(1.0, float(sum(p.values()))) for row, p in beliefs(session, [one.row for one in items])}


def _days(session: Session, items: Sequence[_Item], first: date, last: date) -> dict[int, float]:
    found: dict[int, float] = {}
    query = select(Effort.work_item_id, func.sum(Effort.person_days)).where(Effort.day >= first, Effort.day <= last)
    for some in in_batches([one.row for one in items]):
        rows = session.execute(query.where(Effort.work_item_id.in_(some)).group_by(Effort.work_item_id))
        found |= {item: float(days) for item, days in rows}
    return found

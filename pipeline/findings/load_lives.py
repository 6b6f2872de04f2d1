"""What happened on items in the last weeks, read once for all findings that look at it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from sys import intern
from typing import NamedTuple

from sqlalchemy import Text, case, cast, func, select
from sqlalchemy.orm import Session

from connectors.base import SignalKind, State
from models import Account, Effort, Person, Signal, WorkItem
from models.session import in_batches
from pipeline.findings.lives import PROGRAM, Event, Life
from pipeline.match.beliefs import beliefs
from pipeline.register.membership import load_teams
from pipeline.sources import said_by_signals

WEEKS = 18
"""Whole weeks that are read: two windows of eight, and what is needed to know an end."""
_READ = 20_000
STRANGER = -2
"""The first number of somebody who is nobody of the company's."""
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
    WorkItem.mentions,
    WorkItem.created_at,
    WorkItem.automated,
)


def load_lives(session: Session, last: date) -> list[Life]:
    """Items on which anything happened in the last weeks, with what happened on them."""
    since = datetime.combine(last - timedelta(weeks=WEEKS), time(), UTC)
    until = datetime.combine(last + timedelta(days=1), time(), UTC)
    who = _People(session)
    happened = _happened(session, who, since, until)
    items = _items(session, happened.events)
    keys = _keys(session, {*happened.named(), *(name for one in items for name in one.mentions)})
    states = _states(session, happened, items, since, until)
    events = {one.row: happened.of(one, keys) for one in items}
    usual = _usual(items, events)
    served, days = _served(session, items), _days(session, items, since.date(), last)
    return [
        Life(
            one.row,
            (who.of(one.source, one.assignee, last)[1] if one.assignee else "")
            or usual.get((one.source, one.container), ""),
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


_Name = tuple[str, str]


class _Item(NamedTuple):
    """What a life needs of an item, without its words."""

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
    """By item what happened on it, in order; which of that names what, by place; and the state that the last change left."""

    events: dict[_Name, list[Event]]
    names: dict[_Name, list[tuple[int, Sequence[str]]]]
    states: dict[_Name, str]

    def named(self) -> Iterator[str]:
        """All keys that are named."""
        return (name for some in self.names.values() for _, names in some for name in names)

    def of(self, item: _Item, keys: Mapping[str, int]) -> tuple[Event, ...]:
        """What happened on an item, which is taken out: of millions of events there is room for one list at a time."""
        found = self.events.pop((item.source, item.name))
        for place, names in self.names.get((item.source, item.name), ()):
            others = tuple(keys[name] for name in names if keys.get(name, item.row) != item.row)
            found[place] = found[place]._replace(names=others)
        return tuple(found)


# Of the millions of signals only what is needed: an object or list as text would have to be read for each.
_CHANGES = (SignalKind.CREATED, SignalKind.TRANSITION)
_NAMES = case((cast(Signal.mentions, Text) != "[]", Signal.mentions))
_STATE = case(
    (Signal.kind == SignalKind.TRANSITION, Signal.detail["to"].as_string()),
    (Signal.kind == SignalKind.CREATED, Signal.detail["state"].as_string()),
)


def _happened(session: Session, who: "_People", since: datetime, until: datetime) -> _Happened:
    query = select(Signal.source, Signal.item, Signal.kind, Signal.at, Signal.account, _NAMES, _STATE).where(
        Signal.at >= since, Signal.at < until, Signal.kind != SignalKind.ABSENCE
    )
    query = query.order_by(Signal.at, Signal.source, Signal.external_id).execution_options(yield_per=_READ)
    found = _Happened(defaultdict(list), defaultdict(list), {})
    for source, item, kind, at, account, names, state in session.execute(query):
        name = (source, item)
        person, team = who.of(source, account, at.date())
        to = intern(state or "") if kind == SignalKind.TRANSITION else ""
        if names:
            found.names[name].append((len(found.events[name]), names))
        if kind in _CHANGES:
            found.states[name] = intern(state or State.TODO.value)
        found.events[name].append(Event(at, intern(kind), person, team, (), to))
    return found


class _People:
    """Who an account is, and the team that they were in on a day."""

    def __init__(self, session: Session) -> None:
        query = select(
            Account.source, Account.external_id, Account.bot, Account.person_id, Person.bot, Person.forgotten
        )
        rows = session.execute(query.outerjoin(Person, Person.id == Account.person_id)).all()
        self._person = {
            (source, name): PROGRAM if bot or is_bot else -1 if forgotten else person
            for source, name, bot, person, is_bot, forgotten in rows
        }
        self._teams = load_teams(session)
        self._strangers: dict[tuple[str, str], int] = {}
        self._known: dict[tuple[str, str, date], tuple[int, str]] = {}

    def of(self, source: str, account: str | None, on: date) -> tuple[int, str]:
        """The person and the team that they were in on a day."""
        if account is None:
            return -1, ""
        known = self._known.get((source, account, on))
        if known is None:  # asked for each signal, of which somebody leaves many a day
            known = self._known[source, account, on] = self._of(source, account, on)
        return known

    def _of(self, source: str, account: str, on: date) -> tuple[int, str]:
        person = self._person.get((source, account))
        if person is None:
            return self._strangers.setdefault((source, account), STRANGER - len(self._strangers)), ""
        return person, (self._teams.on(person, on) or "") if person >= 0 else ""


def _items(session: Session, names: Iterable[_Name]) -> list[_Item]:
    """The items themselves; threads and mails that are evidence for an item stay items of their own here: they ask."""
    by_source: dict[str, list[str]] = defaultdict(list)
    for source, item in names:
        by_source[source].append(item)
    found: list[_Item] = []
    for source, some_names in by_source.items():
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


def _keys(session: Session, names: Iterable[str]) -> dict[str, int]:
    """Rows by the key that people use, of those that are named; where two sources use one, the first source's."""
    found: dict[str, int] = {}
    query = select(WorkItem.key, WorkItem.id).order_by(WorkItem.source, WorkItem.id)
    for some in in_batches(sorted(names)):
        for key, row in session.execute(query.where(WorkItem.key.in_(some))):
            found.setdefault(str(key), row)
    return found


def _usual(items: Sequence[_Item], events: Mapping[int, Sequence[Event]]) -> dict[tuple[str, str], str]:
    """The team of more than half of what happened in a project, repository or channel; none where there is no such team."""
    counted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for one in items:
        counted[one.source, one.container].update(event.team for event in events[one.row] if event.team)
    found = {}
    for place, teams in counted.items():
        for team, count in teams.most_common(1):
            if 2 * count > teams.total():
                found[place] = team
    return found


def _states(
    session: Session, happened: _Happened, items: Sequence[_Item], since: datetime, until: datetime
) -> dict[int, str]:
    """The state that the last change left; items of which no change was ever said have none."""
    place = {(one.source, one.name): one.row for one in items}
    found = {place[name]: state for name, state in happened.states.items() if name in place}
    query = select(Signal.source, Signal.item, _STATE).where(Signal.kind.in_(_CHANGES))
    for outside, late in ((Signal.at < since, False), (Signal.at >= until, True)):
        for source, item, state in session.execute(query.where(outside).order_by(Signal.at, Signal.external_id)):
            name = (source, item)
            if name in place and (late or name not in happened.states):
                found[place[name]] = state or State.TODO
    return found


def _served(session: Session, items: Sequence[_Item]) -> dict[int, float]:
    return {row: min(1.0, float(sum(p.values()))) for row, p in beliefs(session, [one.row for one in items])}


def _days(session: Session, items: Sequence[_Item], first: date, last: date) -> dict[int, float]:
    wanted = {one.row for one in items}
    query = select(Effort.work_item_id, func.sum(Effort.person_days)).where(Effort.day >= first, Effort.day <= last)
    return {item: float(days) for item, days in session.execute(query.group_by(Effort.work_item_id)) if item in wanted}

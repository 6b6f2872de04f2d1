"""What happened on items in the last weeks, read once for all findings that look at it."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from sys import intern
from typing import Any

from sqlalchemy import Text, case, cast, func, select
from sqlalchemy.orm import Session

from connectors.base import SignalKind, State
from models import Account, Effort, Match, Person, Signal, WorkItem
from models.session import in_batches
from pipeline.findings.lives import PROGRAM, Event, Life
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
    WorkItem.key,
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
    signals, said = _signals(session, since, until)
    rows = _rows(session, signals)
    keys = _keys(session, {*said, *(name for row in rows for name in row.mentions)})
    states = _states(session, signals, rows, since, until)
    # Taken out one by one: of millions of signals there is room for one form at a time.
    events = {
        row.id: tuple(_event(row.source, *one, row.id, who, keys) for one in signals.pop((row.source, row.external_id)))
        for row in rows
    }
    usual = _usual(rows, events)
    served, days = _served(session, rows), _days(session, rows, since.date(), last)
    found = []
    for row in rows:
        named = tuple(keys[name] for name in row.mentions if keys.get(name, row.id) != row.id)
        owner = who.of(row.source, row.assignee, last) if row.assignee else (-1, "")
        made = row.created_at or events[row.id][0].at
        found.append(
            Life(
                row.id,
                owner[1] or usual.get((row.source, row.container), ""),
                made,
                events[row.id],
                named,
                row.assignee is not None,
                row.id in states,
                states.get(row.id, State.UNKNOWN),
                bool(said_by_signals(row.source) and _ASKS.search(f"{row.title or ''} {row.text or ''}")),
                row.automated,
                served.get(row.id, 0.0),
                days.get(row.id, 0.0),
            )
        )
    return found


_Name = tuple[str, str]
_Said = tuple[str, datetime, str | None, Sequence[str] | None, str | None]
"""Kind, when, account, what it names, and the state that it left."""
# Of the millions of signals only what is needed: an object or list as text would have to be read for each.
_NAMES = case((cast(Signal.mentions, Text) != "[]", Signal.mentions))
_STATE = case(
    (Signal.kind == SignalKind.TRANSITION, Signal.detail["to"].as_string()),
    (Signal.kind == SignalKind.CREATED, Signal.detail["state"].as_string()),
)


def _signals(session: Session, since: datetime, until: datetime) -> tuple[dict[_Name, list[_Said]], set[str]]:
    """What happened on each item, in order; and all that it names."""
    query = select(Signal.source, Signal.item, Signal.kind, Signal.at, Signal.account, _NAMES, _STATE).where(
        Signal.at >= since, Signal.at < until, Signal.kind != SignalKind.ABSENCE
    )
    query = query.order_by(Signal.at, Signal.source, Signal.external_id).execution_options(yield_per=_READ)
    found: dict[_Name, list[_Said]] = defaultdict(list)
    named: set[str] = set()
    for source, item, kind, at, account, names, state in session.execute(query):
        found[source, item].append((intern(kind), at, account, names, intern(state) if state else None))
        named.update(names or ())
    return found, named


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

    def of(self, source: str, account: str | None, on: date) -> tuple[int, str]:
        if account is None:
            return -1, ""
        person = self._person.get((source, account))
        if person is None:
            return self._strangers.setdefault((source, account), STRANGER - len(self._strangers)), ""
        return person, (self._teams.on(person, on) or "") if person >= 0 else ""


def _rows(session: Session, signals: Iterable[_Name]) -> list[Any]:
    """The items themselves; threads and mails that are evidence for an item stay items of their own here: they ask."""
    by_source: dict[str, list[str]] = defaultdict(list)
    for source, item in signals:
        by_source[source].append(item)
    found: list[Any] = []
    for source, names in by_source.items():
        for some in in_batches(names):
            query = _COLUMNS.where(WorkItem.source == source, WorkItem.external_id.in_(some))
            found += session.execute(query).all()
    return sorted(found, key=lambda row: int(row.id))


def _keys(session: Session, names: Iterable[str]) -> dict[str, int]:
    """Rows by the key that people use, of those that are named; where two sources use one, the first source's."""
    found: dict[str, int] = {}
    query = select(WorkItem.key, WorkItem.id).order_by(WorkItem.source, WorkItem.id)
    for some in in_batches(sorted(names)):
        for key, row in session.execute(query.where(WorkItem.key.in_(some))):
            found.setdefault(str(key), row)
    return found


def _event(
    source: str,
    kind: str,
    at: datetime,
    account: str | None,
    names: Sequence[str] | None,
    state: str | None,
    item: int,
    who: _People,
    keys: Mapping[str, int],
) -> Event:
    person, team = who.of(source, account, at.date())
    named = tuple(keys[name] for name in names or () if keys.get(name, item) != item)
    return Event(at, kind, person, team, named, state or "" if kind == SignalKind.TRANSITION else "")


def _usual(rows: Sequence[Any], events: Mapping[int, Sequence[Event]]) -> dict[tuple[str, str], str]:
    """The team of more than half of what happened in a project, repository or channel; none where there is no such team."""
    counted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in rows:
        counted[row.source, row.container].update(event.team for event in events[row.id] if event.team)
    found = {}
    for place, teams in counted.items():
        for team, count in teams.most_common(1):
            if 2 * count > teams.total():
                found[place] = team
    return found


def _states(
    session: Session, signals: Mapping[_Name, Sequence[_Said]], rows: Sequence[Any], since: datetime, until: datetime
) -> dict[int, str]:
    """The state that the last change left; items of which no change was ever said have none."""
    kinds = (SignalKind.CREATED, SignalKind.TRANSITION)
    found: dict[int, str] = {}
    old: dict[_Name, int] = {}
    for row in rows:
        name = (row.source, row.external_id)
        last = next((one for one in reversed(signals[name]) if one[0] in kinds), None)
        if last is None:
            old[name] = row.id
        else:
            found[row.id] = last[-1] or State.TODO
    query = select(Signal.source, Signal.item, _STATE).where(Signal.kind.in_(kinds))
    place = {(row.source, row.external_id): row.id for row in rows}
    for outside, of in ((Signal.at < since, old), (Signal.at >= until, place)):
        for source, item, state in session.execute(query.where(outside).order_by(Signal.at, Signal.external_id)):
            if (source, item) in of:
                found[of[source, item]] = state or State.TODO
    return found


def _served(session: Session, rows: Sequence[Any]) -> dict[int, float]:
    found: dict[int, float] = {}
    for some in in_batches([row.id for row in rows]):
        query = select(Match.work_item_id, Match.probabilities).where(Match.work_item_id.in_(some))
        found |= {item: min(1.0, float(sum((p or {}).values()))) for item, p in session.execute(query)}
    return found


def _days(session: Session, rows: Sequence[Any], first: date, last: date) -> dict[int, float]:
    wanted = {row.id for row in rows}
    query = select(Effort.work_item_id, func.sum(Effort.person_days)).where(Effort.day >= first, Effort.day <= last)
    return {item: float(days) for item, days in session.execute(query.group_by(Effort.work_item_id)) if item in wanted}

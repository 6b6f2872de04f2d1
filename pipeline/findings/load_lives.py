"""What happened on items in the last weeks, read once for all findings that look at it."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from connectors.base import SignalKind, State
from models import Account, Effort, Match, Person, Signal, WorkItem
from models.session import in_batches
from pipeline.findings.lives import PROGRAM, Event, Life
from pipeline.register.membership import load_teams
from pipeline.sources import said_by_signals

WEEKS = 18
"""Whole weeks that are read: two windows of eight, and what is needed to know an end."""
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
    query = select(
        Signal.source, Signal.item, Signal.kind, Signal.at, Signal.account, Signal.mentions, Signal.detail
    ).where(Signal.at >= since, Signal.at < until, Signal.kind != SignalKind.ABSENCE)
    signals: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in session.execute(query.order_by(Signal.at, Signal.source, Signal.external_id)):
        signals[row.source, row.item].append(row)
    rows = _rows(session, signals)
    keys = _keys(session)
    events = {
        row.id: tuple(_event(one, row.id, who, keys) for one in signals[row.source, row.external_id]) for row in rows
    }
    usual = _usual(rows, events)
    states, served, days = _states(session, rows), _served(session, rows), _days(session, rows, since.date(), last)
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


def _rows(session: Session, signals: Mapping[tuple[str, str], Sequence[Any]]) -> list[Any]:
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


def _keys(session: Session) -> dict[str, int]:
    """Rows by the key that people use; where two sources use one, the first source's."""
    found: dict[str, int] = {}
    query = select(WorkItem.key, WorkItem.id).where(WorkItem.key.is_not(None)).order_by(WorkItem.source, WorkItem.id)
    for key, row in session.execute(query):
        found.setdefault(str(key), row)
    return found


def _event(row: Any, item: int, who: _People, keys: Mapping[str, int]) -> Event:
    person, team = who.of(row.source, row.account, row.at.date())
    named = tuple(keys[name] for name in row.mentions or () if keys.get(name, item) != item)
    return Event(row.at, row.kind, person, team, named, str((row.detail or {}).get("to") or ""))


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


def _states(session: Session, rows: Sequence[Any]) -> dict[int, str]:
    """The state that the last change left; items of which no change was ever said have none."""
    place = {(row.source, row.external_id): row.id for row in rows}
    found: dict[int, tuple[datetime, str]] = {}
    kinds = (SignalKind.CREATED, SignalKind.TRANSITION)
    query = select(Signal.source, Signal.item, Signal.at, Signal.kind, Signal.detail).where(Signal.kind.in_(kinds))
    for source, item, at, kind, detail in session.execute(query.order_by(Signal.at, Signal.external_id)):
        row = place.get((source, item))
        if row is not None:
            state = (detail or {}).get("to" if kind == SignalKind.TRANSITION else "state")
            found[row] = (at, str(state or State.TODO))
    return {row: state for row, (_, state) in found.items()}


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

"""Detect mass changes, which a program made in somebody's name: more items within a minute than anybody touches by hand.

Bulk edits, imports, automation rules that act as their author, and mail sequences leave traces of one account on hundreds of
items. They show the items' present state, but not who worked on them.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Row, String, column, select, values
from sqlalchemy.orm import Session

from connectors.base import SignalKind
from models import Signal
from models.session import in_batches

MANY, WITHIN = 10, timedelta(minutes=1)
"""At least MANY items touched by one account WITHIN this time are a mass change."""
WORKED = (SignalKind.WORKLOG, SignalKind.CALL, SignalKind.MEETING, SignalKind.COMMIT)
"""Signals that record work themselves, even if a program enters many of them at once."""
_OPENING = (SignalKind.TRANSITION, SignalKind.ASSIGNMENT, SignalKind.CREATED)
_AT_ONCE = 1_000


class Act(NamedTuple):
    """An account's action on an item."""

    account: str
    at: datetime
    item: str


def in_masses(acts: Sequence[tuple[Any, ...]]) -> set[int]:
    """Return the indices of acts (account, time, item, ...) in mass changes: at least MANY items by one account within WITHIN."""
    by_account: dict[object, list[tuple[datetime, int]]] = defaultdict(list)
    for place, act in enumerate(acts):
        by_account[act[0]].append((act[1], place))
    found: set[int] = set()
    for rows in by_account.values():
        if len(rows) >= MANY:
            rows.sort()
            if any(late - early <= WITHIN for (early, _), (late, _) in zip(rows, rows[MANY - 1 :], strict=False)):
                found |= _crowded([row for row in rows if _is_timed(row[0])], acts)
    return found


def _is_timed(at: datetime) -> bool:
    """Return False at a full hour to the microsecond: signals that only know their day are dated so, many of them alike."""
    return bool(at.minute or at.second or at.microsecond)


def _crowded(rows: Sequence[tuple[datetime, int]], acts: Sequence[tuple[Any, ...]]) -> set[int]:
    """Return the indices in mass changes among one account's acts, in chronological order."""
    found: set[int] = set()
    near: Counter[object] = Counter()
    first = taken = 0
    for last, (at, place) in enumerate(rows):
        near[acts[place][2]] += 1
        while at - rows[first][0] > WITHIN:
            item = acts[rows[first][1]][2]
            near[item] -= 1
            if not near[item]:
                del near[item]
            first += 1
        if len(near) >= MANY:
            taken = max(taken, first)
            found |= {one for _, one in rows[taken : last + 1]}
            taken = last + 1
    return found


def masses_among(session: Session, source: str, rows: Sequence[Row[Any]]) -> Collection[Act]:
    """Return acts in mass changes among the signals of a source's items (in chronological order): those that can start an item,
    and whatever else was done on the items that were started so.

    An account's other acts at the time are only looked up if it is not the item's holder: people start their own items by hand,
    unless these items alone show a mass change.
    """
    holder: dict[str, str] = {}
    own: list[Act] = []
    asked: list[Act] = []
    for row in rows:
        item, kind, account, detail = row.item, row.kind, row.account, row.detail
        if kind not in _OPENING or not detail or not account:
            continue
        if kind != SignalKind.TRANSITION:
            holder[item] = str(detail.get("assignee" if kind == SignalKind.CREATED else "to"))
        own.append(Act(account, row.at, item))
        if holder.get(item) != account:
            asked.append(own[-1])
    opened = {*_looked_up(session, source, asked), *(own[place] for place in in_masses(own))}
    there = {act.item for act in opened}
    also = [Act(r.account, r.at, r.item) for r in rows if r.item in there and r.account and r.kind not in WORKED]
    return {*opened, *_looked_up(session, source, also)} if there else opened


def _looked_up(session: Session, source: str, acts: Iterable[Act]) -> Collection[Act]:
    """Return those of these acts that are part of a mass change, considering everything that the account did at the time."""
    asked = set(acts)
    minutes = sorted({(act.account, act.at.replace(second=0, microsecond=0)) for act in asked})
    around: set[Act] = set()
    for some in in_batches(minutes, _AT_ONCE):
        near = values(
            column("account", String), column("low", Signal.at.type), column("high", Signal.at.type), name="near"
        ).data([(account, at - WITHIN, at + 2 * WITHIN) for account, at in some])
        near_ = near.cte("near")
        query = (
            select(Signal.account, Signal.at, Signal.item)
            .join(near_, (Signal.account == near_.c.account) & Signal.at.between(near_.c.low, near_.c.high))
            .where(Signal.source == source, Signal.kind.not_in(WORKED))
        )
        around |= {Act(account or "", at, item) for account, at, item in session.execute(query)}
    rows = list(around)
    return asked & {rows[place] for place in in_masses(rows)}

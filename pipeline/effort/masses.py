"""What a program did in somebody's name: so many items touched within a minute as no hand does.

Bulk changes, imports, rules that act as who set them up, and sequences of mails leave traces of one account on hundreds of items.
They say what the items are now, and nothing of who worked on them.
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
"""So many items of one account within that time are one act."""
WORKED = (SignalKind.WORKLOG, SignalKind.CALL, SignalKind.MEETING, SignalKind.COMMIT)
"""Say themselves what was done, also where a program writes many of them down at once."""
_OPENING = (SignalKind.TRANSITION, SignalKind.ASSIGNMENT, SignalKind.CREATED)
_AT_ONCE = 1_000


class Act(NamedTuple):
    """Something that an account did on an item."""

    account: str
    at: datetime
    item: str


def in_masses(acts: Sequence[tuple[Any, ...]]) -> set[int]:
    """Places of those acts (account, time, item, ...) of a mass: at least MANY items of their account within WITHIN."""
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
    """Return False at a full hour to the microsecond: what says no more than its day is dated so, and many a day's are."""
    return bool(at.minute or at.second or at.microsecond)


def _crowded(rows: Sequence[tuple[datetime, int]], acts: Sequence[tuple[Any, ...]]) -> set[int]:
    """Of one account's acts in order of time."""
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
    """Acts of masses among the signals of a source's items, in order of time: those that can put an item in progress and, where
    one did, whatever else was done on it.

    What else somebody did then is looked up only where it is another than whom the item is with; who starts their own does so
    by hand, unless these items alone show a mass.
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
    """Those of these acts on items of a source (by external id) that are part of a mass, with all that the account did then."""
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

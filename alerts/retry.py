"""When something that was not taken is tried again: one rule for digests and for the alerts of every channel.

What may pass by itself (no answer, a busy relay, a rate limit, a login or token that is being mended) is tried at the next
wake. What was refused for good (no such mailbox, an archived channel) is tried with growing pauses, and in the end no more.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

from alerts.channel import DeliveryError

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
PAUSES = (timedelta(0), timedelta(0), _HOUR, 4 * _HOUR, 12 * _HOUR, *[_DAY] * 6)
"""The pause after each refusal in a row: the first two may be a momentary server error. After the last, delivery is given up."""
MOST = len(PAUSES) + 1
CLAIM = timedelta(minutes=10)
"""A sender that holds a row for longer is considered dead, and another one may try."""
AGAIN = "`leeway doctor --clear` retries it at the next wake-up."


class Row(Protocol):
    """What a row that is delivered keeps of its refusals: see models.retried."""

    error: Any
    refused: Any
    refused_by: Any
    not_before: Any


def destination(parts: Iterable[object]) -> str:
    """What tells a place from the one it was before somebody changed the settings: a hash, it may be made of a secret."""
    return sha256("\n".join(map(str, parts)).encode()).hexdigest()


def waits(row: Row, where: str, now: datetime) -> bool:
    """Return True if it is not yet, or no more, to be tried there."""
    if not row.refused or row.refused_by != where:
        return False
    ahead = row.not_before is not None and now < row.not_before <= now + _DAY
    return bool(row.refused >= MOST or ahead)


def is_due(table: Any, where: str, now: datetime) -> ColumnElement[bool]:
    """The same for a statement, the other way round."""
    refused: InstrumentedAttribute[int] = table.refused
    # No pause is longer than a day: a later time was set by a clock that was ahead.
    over = or_(table.not_before.is_(None), table.not_before <= now, table.not_before > now + _DAY)
    return or_(refused == 0, table.refused_by != where, and_(refused < MOST, over))


def is_free(claimed_at: InstrumentedAttribute[datetime | None], now: datetime) -> ColumnElement[bool]:
    """Whether nobody is at a row, or whoever was is taken to be dead; also where a clock that was ahead noted when that began."""
    return or_(claimed_at.is_(None), claimed_at < now - CLAIM, claimed_at > now + CLAIM)


def failed(row: Row, error: DeliveryError, where: str, now: datetime, said: str = "") -> None:
    """Keep in the row why it failed, and until when it waits; `said` is the sentence where it is not the error's own."""
    row.error = said or str(error)
    if not error.lasting:
        row.not_before = None
        return
    row.refused = row.refused + 1 if row.refused_by == where else 1
    row.refused_by = where
    pause = PAUSES[row.refused - 1] if row.refused < MOST else None
    row.not_before = now + pause if pause else None


def what_next(row: Row) -> str:
    """Return when it is retried, as a sentence."""
    if row.refused >= MOST:
        return f"It was refused {row.refused} times and will not be retried; {AGAIN}"
    if row.not_before is not None:
        return f"It is retried at {row.not_before:%Y-%m-%d %H:%M} UTC; {AGAIN}"
    return "It will be retried."


WELL: dict[str, Any] = {"error": "", "refused": 0, "refused_by": "", "not_before": None}
"""Of a row that was delivered, or is to be tried as if it never was."""

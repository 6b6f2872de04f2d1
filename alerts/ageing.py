"""Findings that nobody decided, acknowledged or put off for a while: said once below their message."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.channel import FollowUp
from models import Decision, Drift, Notification

AGEING = timedelta(weeks=2)
"""From then on a finding that nobody touched is ageing."""
_ASKS = ("drift", "gap")
_TEXT = "Nobody has decided here for two weeks. Continue, reshape or stop?"


def ageing(
    session: Session, channel: str, kinds: Sequence[str], now: datetime
) -> list[tuple[str, FollowUp, Notification]]:
    """What is to be said through a channel, each with the mark by which it is said once a message: findings that were told of
    together share theirs."""
    touched = select(Decision.drift_id).where(Decision.kind != "reminded")
    query = (
        select(Drift, Notification)
        .join(Notification, Notification.drift_id == Drift.id)
        .where(
            Drift.state == "raised",
            Drift.kind.in_([kind for kind in kinds if kind in _ASKS]),
            Drift.id.not_in(touched),
            Notification.channel == channel,
            Notification.sent_at <= now - AGEING,
        )
    )
    found: dict[str, tuple[str, FollowUp, Notification]] = {}
    for drift, row in session.execute(query.order_by(Drift.id)):
        message = hashlib.sha256(repr(sorted(row.reference.items())).encode()).hexdigest()[:16]
        mark = f"ageing-{message} {channel}"[:200]
        found.setdefault(mark, (mark, FollowUp(f"ageing {drift.id}", drift.id, _TEXT), row))
    return list(found.values())

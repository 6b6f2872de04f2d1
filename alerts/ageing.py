"""Reminders, posted once below a finding's message: findings nobody acted on for a while, and postponed ones that still hold."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.channel import FollowUp
from alerts.news import Said, stands
from models import Decision, Drift, Notification
from pipeline.feedback.decisions import DECIDING

AGEING = timedelta(weeks=2)
"""The age from which a finding nobody acted on is ageing."""
_ASKS = ("drift", "gap")
Due = tuple[str, FollowUp, Notification]
"""What to post through a channel, with the mark that makes it once per message."""
_TEXT = "Nobody has decided here for two weeks. Continue, reshape or stop?"


def ageing(session: Session, channel: str, kinds: Sequence[str], now: datetime) -> list[Due]:
    """Return findings nobody acted on; findings reported together share their mark."""
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
    found: dict[str, Due] = {}
    for drift, row in session.execute(query.order_by(Drift.id)):
        message = hashlib.sha256(repr(sorted(row.reference.items())).encode()).hexdigest()[:16]
        mark = f"ageing-{message} {channel}"[:200]
        found.setdefault(mark, (mark, FollowUp(f"ageing {drift.id}", drift.id, _TEXT), row))
    return list(found.values())


def asked_again(session: Session, channel: str, kinds: Sequence[str], said: Said) -> list[Due]:
    """Return findings postponed until now that still hold: the button promised that they come back."""
    last = select(func.max(Decision.id)).where(Decision.kind.in_(DECIDING)).group_by(Decision.drift_id)
    query = (
        select(Decision.id, Drift, Notification)
        .join(Drift, Drift.id == Decision.drift_id)
        .join(Notification, Notification.drift_id == Drift.id)
        .where(
            Decision.id.in_(last),
            Decision.kind == "snoozed",
            Drift.state == "raised",
            Drift.kind.in_([kind for kind in kinds if kind in _ASKS]),
            Notification.channel == channel,
            Notification.sent_at.is_not(None),
        )
    )
    return [
        (
            f"again-{decision} {channel}"[:200],
            FollowUp(
                f"again {decision}",
                drift.id,
                f"{said.words(drift)['who']}: still open, asked again after two weeks. {stands(drift, said)}",
                loud=True,
            ),
            row,
        )
        for decision, drift, row in session.execute(query.order_by(Decision.id))
    ]

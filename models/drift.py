"""Drifts, shifts between objectives, faults of the data; themes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.retried import Retried

OPEN_STATES = ("raised", "acknowledged", "snoozed")
"""States of a drift that is not over. It ends as recovered, intended, deepened (a further fall took its place), replanned
(the priorities changed) or superseded (with what became known, it would not have been raised)."""
NOTED = "noted"
"""State of what is said once and has no life of its own: a shift between objectives."""


class Drift(Base):
    """A sustained change of a share (kind `drift`), a share below its plan (`gap`, `subject` is the objective, `before` its
    plan), a shift between objectives (`objective`, `subject` is the one that lost), a fault of the data (`data`, `subject` is
    the source) or a plan that has run out (`plan`, `subject` is its last day). `start_low` and
    `start_high` bound the start with 90 %.

    Who was notified of it stands in `notification`, a row a channel.
    """

    __tablename__ = "drift"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    scope: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64), default="")
    state: Mapped[str] = mapped_column(String(32))
    severity: Mapped[str] = mapped_column(String(16))
    raised_on: Mapped[date]
    ended_on: Mapped[date | None]
    start: Mapped[date]
    start_low: Mapped[date | None]
    start_high: Mapped[date | None]
    before: Mapped[float]
    after: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    absorbed_by: Mapped[list[Any]]
    explanation: Mapped[dict[str, Any]] = mapped_column(default=dict)
    snoozed_until: Mapped[date | None]


class Notification(Retried, Base):
    """A drift and a channel: whether people there were notified, where the message stands, what was said last.

    `claimed_at` is set while a sender is at it; `tried_at` since the first attempt whose outcome nobody recorded: that
    message may stand somewhere. `said_state` and `said_fall` (points) are what the last message said, so that the next
    one says only what changed.
    """

    __tablename__ = "notification"
    __table_args__ = (UniqueConstraint("drift_id", "channel", name="uq_notification_drift_id_channel"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    drift_id: Mapped[int] = mapped_column(ForeignKey("drift.id", ondelete="CASCADE"), index=True)
    channel: Mapped[str] = mapped_column(String(320))
    reference: Mapped[dict[str, Any]] = mapped_column(default=dict)
    said_state: Mapped[str] = mapped_column(String(32), default="")
    said_fall: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class Theme(Base):
    """A cluster of work that serves no key result. `weeks` are its person-days by team and week (its Monday) over half a year."""

    __tablename__ = "theme"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    first_day: Mapped[date]
    person_days: Mapped[float]
    recent_person_days: Mapped[float]
    teams: Mapped[list[Any]]
    items: Mapped[list[Any]]
    weeks: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Walked(Base):
    """Where the detector's walk through the days stood after one of them, and a digest of what that rests on."""

    __tablename__ = "walked"
    day: Mapped[date] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    standing: Mapped[str] = mapped_column(Text)

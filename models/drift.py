"""Drifts, shifts between objectives, data faults; themes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.retried import Retried

OPEN_STATES = ("raised", "acknowledged", "snoozed")
"""States of a drift that is not over. It ends as recovered, intended, deepened (a further fall replaced it), replanned
(the priorities changed) or superseded (given what is known now, it would not have been raised)."""
NOTED = "noted"
"""State of a finding that is reported once and has no lifecycle: a shift between objectives."""


class Drift(Base):
    """A sustained change of a share (kind `drift`), a share below its plan (`gap`; `subject` is the objective, `before` its
    plan), a shift between objectives (`objective`; `subject` is the one that lost), a data fault (`data`; `subject` is the
    source) or a plan that has run out (`plan`; `subject` is its last day). `start_low` and `start_high` are the 90 % bounds of
    the start.

    Who was notified is recorded in `notification`, one row per channel.
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
    """Delivery of a drift through one channel: whether people were notified, where the message is, what it last said.

    `claimed_at` is set while a sender works on it; `tried_at` since the first attempt whose outcome was not recorded, after which
    the message may already have arrived. `said_state` and `said_fall` (percentage points) are what the last message said, so
    that the next one reports only what changed.
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
    """A cluster of work that serves no key result. `weeks`: its person-days by team and week (its Monday) over half a year."""

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
    """The detector's state after walking through a day, and a digest of its inputs."""

    __tablename__ = "walked"
    day: Mapped[date] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    standing: Mapped[str] = mapped_column(Text)

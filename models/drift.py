"""Drifts, shifts between objectives, faults of the data; themes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

OPEN_STATES = ("raised", "acknowledged", "snoozed")
"""States of a drift that is not over. It ends as recovered, intended, deepened (a further fall took its place), replanned
(the priorities changed) or superseded (with what became known, it would not have been raised)."""
NOTED = "noted"
"""State of what is said once and has no life of its own: a shift between objectives."""


class Drift(Base):
    """A sustained change of a share (kind `drift`), a shift between objectives (`objective`, `subject` is the one that lost)
    or a fault of the data (`data`, `subject` is the source). `start_low` and `start_high` bound the start with 90 %.

    `message_ts` is set once it was told; `claimed_at` while somebody tries.

    `said` holds what the last message in its thread said, so that the next one says only what changed.
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
    channel: Mapped[str | None] = mapped_column(String(64))
    message_ts: Mapped[str | None] = mapped_column(String(64))
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    snoozed_until: Mapped[date | None]
    said: Mapped[dict[str, Any]] = mapped_column(default=dict)


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

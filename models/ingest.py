"""What was pulled: cursors, records that were set aside, work items, signals."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

ALL_OF_IT = date(1, 1, 1)
"""`effort_from` of a new work item: all days on which anything happened on it."""


class StreamCursor(Base):
    """Where the next pull of a stream begins; written in the same transaction as the page before it. `horizon` is how far
    back its first pull went: what happened before is known in fragments only. `reached` is how far back it was read so far."""

    __tablename__ = "stream_cursor"
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    stream: Mapped[str] = mapped_column(String(200), primary_key=True)
    state: Mapped[dict[str, Any]]
    pulled_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    horizon: Mapped[date | None]
    reached: Mapped[date | None]


class Tenant(Base):
    """Whose a source is: what was kept came from the site, workspace or account of this id, address and label. `refused` says
    what its settings lead to now, where that is another one."""

    __tablename__ = "tenant"
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(300))
    label: Mapped[str] = mapped_column(String(400))
    since: Mapped[datetime]
    refused: Mapped[str | None] = mapped_column(Text)


class Failure(Base):
    """An item that could not be understood and was set aside."""

    __tablename__ = "failure"
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    stream: Mapped[str] = mapped_column(String(200), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class WorkItem(Base):
    """An issue, thread, deal or ticket. Three marks say what is pending: `stale` when it or a signal on it changed since
    it was encoded, `unmatched` when it was encoded since it was matched, `effort_from` the first day whose effort its news
    can change. `text_dropped` when its words were deleted after encoding (retention), so that its vector must be kept."""

    __tablename__ = "work_item"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_work_item_stale", "stale"),
        Index("ix_work_item_unmatched", "unmatched"),
        Index("ix_work_item_effort_from", "effort_from"),
        Index("ix_work_item_parent", "source", "parent"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(32))
    external_id: Mapped[str] = mapped_column(String(128))
    key: Mapped[str | None] = mapped_column(String(64), index=True)
    kind: Mapped[str] = mapped_column(String(64))
    container: Mapped[str] = mapped_column(String(200))
    parent: Mapped[str | None] = mapped_column(String(128))
    title: Mapped[str | None] = mapped_column(Text)
    text: Mapped[str | None] = mapped_column(Text)
    labels: Mapped[list[Any]] = mapped_column(default=list)
    status: Mapped[str | None] = mapped_column(String(200))
    assignee: Mapped[str | None] = mapped_column(String(128))
    mentions: Mapped[list[Any]] = mapped_column(default=list)
    url: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]
    automated: Mapped[bool] = mapped_column(default=False)
    stale: Mapped[bool] = mapped_column(default=True)
    unmatched: Mapped[bool] = mapped_column(default=True)
    effort_from: Mapped[date | None] = mapped_column(default=ALL_OF_IT)
    text_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    text_dropped: Mapped[bool] = mapped_column(default=False)


class FormerKey(Base):
    """A key that an item had before, as people go on to use it. `settled` once what was read before names its present one."""

    __tablename__ = "former_key"
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    external_id: Mapped[str] = mapped_column(String(128))
    settled: Mapped[bool] = mapped_column(default=False)


class Signal(Base):
    """One thing that happened on a work item (`item` is its external id in the same source)."""

    __tablename__ = "signal"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_signal_item", "source", "item"),
        Index("ix_signal_account", "account", "at"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(32))
    external_id: Mapped[str] = mapped_column(String(200))
    item: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime] = mapped_column(index=True)
    account: Mapped[str | None] = mapped_column(String(128))
    hours: Mapped[float | None]
    text: Mapped[str | None] = mapped_column(Text)
    mentions: Mapped[list[Any]] = mapped_column(default=list)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)

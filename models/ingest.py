"""Ingested data: cursors, records set aside, work items, signals."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

ALL_OF_IT = date(1, 1, 1)
"""`effort_from` of a new work item: every day with activity on it."""


class StreamCursor(Base):
    """Where the next pull of a stream begins, written in the same transaction as the page before it. `horizon` is how far back
    the first pull went; earlier events are known only in part. `reached` is how far back it has been read so far."""

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
    """The owner of a source: stored data came from the site, workspace or account with this id, address and label. `refused`
    names the one that the settings now lead to, if it is a different one."""

    __tablename__ = "tenant"
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(300))
    label: Mapped[str] = mapped_column(String(400))
    since: Mapped[datetime]
    refused: Mapped[str | None] = mapped_column(Text)


class Failure(Base):
    """A record that could not be parsed and was set aside."""

    __tablename__ = "failure"
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    stream: Mapped[str] = mapped_column(String(200), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(200), primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class WorkItem(Base):
    """An issue, thread, deal or ticket. Three marks show what is pending: `stale` if it or a signal on it changed since it was
    encoded, `unmatched` if it was encoded since it was last matched, `effort_from` the first day whose effort its changes can
    affect. `text_dropped`: its text was deleted after encoding (retention), so its vector must be kept."""

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
    """An item's earlier key, which people go on using. `settled` once what was read earlier refers to the present key."""

    __tablename__ = "former_key"
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    external_id: Mapped[str] = mapped_column(String(128))
    settled: Mapped[bool] = mapped_column(default=False)


class Signal(Base):
    """One event on a work item (`item` is its external id in the same source)."""

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

"""Streams: work that belongs together, under a stable name."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

CONFIRMED, MIXED = "confirmed", "mixed"
"""A person's answer about a stream: all of it serves one key result (or none), or it does not."""


class Stream(Base):
    """Work that belongs together: an epic's tree, a thread or deal, or a cluster of similar loose items.

    `anchor` identifies its root (source:external_id), or the oldest item of a cluster; `named_after` is the item its name was
    taken from, `named_hash` a hash of that item's words at the time. `answer` is CONFIRMED, MIXED or empty; `key_result` applies
    if it is confirmed (None: no key result).
    """

    __tablename__ = "stream"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - ids are never reused for another stream
    id: Mapped[int] = mapped_column(primary_key=True)
    anchor: Mapped[str] = mapped_column(String(200), index=True)
    name: Mapped[str] = mapped_column(String(200))
    named_after: Mapped[str | None] = mapped_column(String(200))
    named_hash: Mapped[str | None] = mapped_column(String(64))
    first_day: Mapped[date]
    last_day: Mapped[date]
    answer: Mapped[str] = mapped_column(String(16), default="")
    key_result: Mapped[str | None] = mapped_column(String(64))
    answered_at: Mapped[datetime | None]


class StreamItem(Base):
    """The stream of a work item. `own`: the item is a member by itself, not through what it depends on."""

    __tablename__ = "stream_item"
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    stream_id: Mapped[int] = mapped_column(ForeignKey("stream.id", ondelete="CASCADE"), index=True)
    own: Mapped[bool]

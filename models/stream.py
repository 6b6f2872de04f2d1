"""Streams: work that belongs together, under a name that stays."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

CONFIRMED, MIXED = "confirmed", "mixed"
"""What somebody said of a stream: that all of it serves one key result (or none), or that it does not."""


class Stream(Base):
    """Work that belongs together: an epic's tree, a thread or deal, or loose items that are alike.

    `anchor` is the name (source:external_id) of its root, or of the oldest of a cluster; `named_after` that of the item whose
    words the name is, and `named_hash` what those words were. `answer` is CONFIRMED, MIXED or empty; `key_result` counts where it
    is confirmed (None: no key result).
    """

    __tablename__ = "stream"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - an id that was given away never means another stream
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
    """The stream of a work item. `own` where the item is in it by itself, and not because of what it hangs on."""

    __tablename__ = "stream_item"
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    stream_id: Mapped[int] = mapped_column(ForeignKey("stream.id", ondelete="CASCADE"), index=True)
    own: Mapped[bool]

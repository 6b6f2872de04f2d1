"""Questions that Leeway sends to people, and the confidence that owners report in their key results."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.retried import Retried


class Ask(Retried, Base):
    """One question to one address in a round: claimed by a sender, sent, and followed by one reminder at most.

    `kind` is what is asked (`pulse`), `round` the week or quarter, `recipient` a lower-case address, `about` the group as whose
    member they are asked. A row records that somebody was asked, never whether they answered.
    """

    __tablename__ = "ask"
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    round: Mapped[str] = mapped_column(String(16), primary_key=True)
    recipient: Mapped[str] = mapped_column(String(320), primary_key=True)
    about: Mapped[str] = mapped_column(String(32), default="")
    reference: Mapped[dict[str, Any]] = mapped_column(default=dict)
    claimed_at: Mapped[datetime | None]
    tried_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]


class Confidence(Base):
    """An owner's confidence in a key result for one week, from 1 to 10, with an optional comment; `week` is its Monday.

    The figure describes the key result, not the person. `by` is a hash of the owner's address, used only to forget them.
    """

    __tablename__ = "confidence"
    key_result: Mapped[str] = mapped_column(String(64), primary_key=True)
    week: Mapped[date] = mapped_column(primary_key=True)
    value: Mapped[int]
    note: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]

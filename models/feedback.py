"""What people answered: labels, questions, decisions."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Label(Base):
    """What a person said an item serves (None: no key result). `origin` tells an audit from a correction."""

    __tablename__ = "label"
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    key_result: Mapped[str | None] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]


class Question(Base):
    """An item that is worth a person's label, the most telling first."""

    __tablename__ = "question"
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    rank: Mapped[int]


class Decision(Base):
    """What somebody decided about a drift: acknowledged, snoozed, intended, assigned. `by` is their account or role.

    `nonce` names the request, so that one that comes twice is kept once.
    """

    __tablename__ = "decision"
    id: Mapped[int] = mapped_column(primary_key=True)
    drift_id: Mapped[int] = mapped_column(ForeignKey("drift.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")
    nonce: Mapped[str] = mapped_column(String(200), unique=True)


class ThemeAnswer(Base):
    """What a lead or the COO said about a theme: continue, reshape or stop. By name, since themes are found anew."""

    __tablename__ = "theme_answer"
    theme: Mapped[str] = mapped_column(String(200), primary_key=True)
    by: Mapped[str] = mapped_column(String(64), primary_key=True)
    answer: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]

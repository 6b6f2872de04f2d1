"""Human feedback: labels, questions, decisions."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Label(Base):
    """The key result that a person assigned to an item (None: no key result). `origin` separates audits from corrections."""

    __tablename__ = "label"
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    key_result: Mapped[str | None] = mapped_column(String(64))
    origin: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]


class Question(Base):
    """An item worth labelling by a person, the most informative first."""

    __tablename__ = "question"
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    rank: Mapped[int]


class Decision(Base):
    """A person's decision about a drift: acknowledged, snoozed, intended or assigned. `by` is their account or role.

    `nonce` identifies the request, so that a repeated request is stored once.
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
    """The answer of a lead or the COO about a theme: continue, reshape or stop. Keyed by name, since themes are recomputed."""

    __tablename__ = "theme_answer"
    theme: Mapped[str] = mapped_column(String(200), primary_key=True)
    by: Mapped[str] = mapped_column(String(64), primary_key=True)
    answer: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime]

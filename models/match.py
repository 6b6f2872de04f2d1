"""Vectors of texts, and matches of work items to key results."""

from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Vector(Base):
    """float16 vector of one distinct text under one model."""

    __tablename__ = "vector"
    text_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(64), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Match(Base):
    """Probabilities over key results for a work item; the remainder to 1 is the probability of none (`none`).

    `alone` holds them without the judge's answer about the item's stream, if that changed them.
    """

    __tablename__ = "match"
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("register_version.id", ondelete="CASCADE"))
    probabilities: Mapped[dict[str, Any]]
    none: Mapped[float] = mapped_column(default=0.0)
    evidence: Mapped[list[Any]]
    alone: Mapped[dict[str, Any] | None]

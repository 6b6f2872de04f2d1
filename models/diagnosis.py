"""Diagnoses (the form that drift takes, with its evidence), and which kinds could not be judged."""

from datetime import date
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Diagnosis(Base):
    """A finding of `kind` about a scope (the company or a team) and a `subject` within it (`stream:12`, `objective:O1`,
    empty for the scope as a whole). Open while `ended_on` is empty; it has held from `found_on` to `seen_on`.

    `strength` is the quantity that the kind measures, `low` and `high` its 90 % interval; `figures` holds the values used in its
    sentences, with names replaced by their keys; `streams` and `items` are the evidence.
    """

    __tablename__ = "diagnosis"
    __table_args__ = (Index("ix_diagnosis_ended_on", "ended_on"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    scope: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200), default="")
    since: Mapped[date | None]
    found_on: Mapped[date]
    seen_on: Mapped[date]
    ended_on: Mapped[date | None]
    strength: Mapped[float]
    low: Mapped[float | None]
    high: Mapped[float | None]
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    streams: Mapped[list[Any]] = mapped_column(default=list)
    items: Mapped[list[Any]] = mapped_column(default=list)


class Judged(Base):
    """When a kind of diagnosis was last evaluated. `because` says why it could not be judged (empty if it was); `failed` is set
    if the reason is an error in the program."""

    __tablename__ = "judged"
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    day: Mapped[date]
    because: Mapped[str] = mapped_column(Text, default="")
    failed: Mapped[bool] = mapped_column(default=False)

"""Measured values of key results and of objectives' outcomes, one row per day."""

from datetime import date, datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Measurement(Base):
    """The value of a key result's metric, or of an objective's outcome, on one day, or the reason why there is none (`fault`);
    `key_result` is the key of either. `binding` is a fingerprint of how it is measured: measuring it differently starts a new
    series. `note` is the comment entered with a check-in."""

    __tablename__ = "measurement"
    __table_args__ = (UniqueConstraint("key_result", "binding", "day"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    key_result: Mapped[str] = mapped_column(String(64))
    binding: Mapped[str] = mapped_column(String(64))
    day: Mapped[date]
    value: Mapped[float | None]
    fault: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]

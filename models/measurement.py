"""What key results and objectives' outcomes were measured to be, a row a day."""

from datetime import date, datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Measurement(Base):
    """The number of a key result's metric, or of an objective's outcome, on a day, or why there is none (`fault`); `key_result`
    is the key of either. `binding` is the fingerprint of how it is measured: a metric that is measured in another way is another
    series. `note` is what somebody wrote beside a check-in."""

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

"""Person-days by person, day and work item; time in progress; capacity."""

from datetime import date

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Effort(Base):
    """Person-days of one person on one day on one work item."""

    __tablename__ = "effort"
    day: Mapped[date] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    work_item_id: Mapped[int] = mapped_column(
        ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    person_days: Mapped[float]


class InProgress(Base):
    """An item was in progress and assigned to a person from `first` to `last`, both included."""

    __tablename__ = "span"
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    first: Mapped[date] = mapped_column(primary_key=True)
    last: Mapped[date] = mapped_column(primary_key=True, index=True)


class Capacity(Base):
    """The person-days a person was expected to work on a day, before any absence is known."""

    __tablename__ = "capacity"
    day: Mapped[date] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    expected: Mapped[float]

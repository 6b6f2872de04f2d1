"""The database as a queue: leases, chunks of work, fingerprints, cycles."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Lease(Base):
    """The current holder of something that only one process at a time may work on; see pipeline/queue/lease.py."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime]


class Chunk(Base):
    """A pending chunk of a stage; whoever does it deletes it in the transaction that stores the results."""

    __tablename__ = "part"
    __table_args__ = (UniqueConstraint("stage", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Fingerprint(Base):
    """A digest of a stage's inputs other than the data; if it changes, all results are recomputed."""

    __tablename__ = "basis"
    stage: Mapped[str] = mapped_column(String(32), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    items: Mapped[int] = mapped_column(default=0)


class Cycle(Base):
    """One run of all stages, with how long each took and what it did. `stage` is the one running; `through` is the last day
    searched for drift."""

    __tablename__ = "cycle"
    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    through: Mapped[date | None]
    stage: Mapped[str | None] = mapped_column(String(32))
    seconds: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)

"""The database as queue: leases, chunks of work, fingerprints, cycles."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Lease(Base):
    """Who works on something that only one at a time may; see pipeline/lease.py."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime]


class Chunk(Base):
    """A chunk of a stage that is pending; whoever does it deletes it in the transaction that holds the results."""

    __tablename__ = "part"
    __table_args__ = (UniqueConstraint("stage", "name"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    stage: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(64))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Fingerprint(Base):
    """A digest of what a stage's results rest on beside the data; where it differs, all of them are made again."""

    __tablename__ = "basis"
    stage: Mapped[str] = mapped_column(String(32), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    items: Mapped[int] = mapped_column(default=0)


class Cycle(Base):
    """One run of all stages, with what each took and did. `stage` is the one in hand; `through` is the last day that
    drift was looked for."""

    __tablename__ = "cycle"
    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    through: Mapped[date | None]
    stage: Mapped[str | None] = mapped_column(String(32))
    seconds: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)

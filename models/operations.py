"""What operations need: dead tasks, tallies, digests, opt-outs, secrets, used links."""

from datetime import date, datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.retried import Retried


class DeadTask(Base):
    """A task that failed for good, with the reason; kept until somebody looks (`leeway doctor`)."""

    __tablename__ = "dead_task"
    id: Mapped[int] = mapped_column(primary_key=True)
    task: Mapped[str] = mapped_column(String(100))
    about: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class Tally(Base):
    """A count that only grows, by name and label: what many processes did, for the metrics."""

    __tablename__ = "tally"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    label: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[float]


class Digest(Retried, Base):
    """A weekly digest, one a week and recipient: claimed by a sender, then sent."""

    __tablename__ = "digest"
    week: Mapped[date] = mapped_column(primary_key=True)
    team: Mapped[str] = mapped_column(String(64), primary_key=True)
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class OptOut(Base):
    """An address that wants no more mail of a kind (`alert` or `digest`); in lower case."""

    __tablename__ = "opt_out"
    address: Mapped[str] = mapped_column(String(320), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    at: Mapped[datetime]


class Secret(Base):
    """A key that this installation made for itself, to sign links and sessions."""

    __tablename__ = "secret"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class UsedLink(Base):
    """A one-time link that was followed."""

    __tablename__ = "used_link"
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime]


class Installed(Base):
    """Which version of Leeway first brought the database to a revision. An older version names it when it is refused."""

    __tablename__ = "installed"
    revision: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]

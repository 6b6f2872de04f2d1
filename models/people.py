"""People, their accounts in the sources, and accounts to forget."""

from datetime import date

from sqlalchemy import Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class Person(Base):
    """Somebody who works here; their effort counts for a team only once they have one.

    `forgotten` marks the placeholder for all of a team's people who were forgotten together: a sum of past effort, without names.
    """

    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(String(320), unique=True)
    team: Mapped[str | None] = mapped_column(String(64))
    capacity: Mapped[float] = mapped_column(default=1.0)
    bot: Mapped[bool] = mapped_column(default=False)
    forgotten: Mapped[bool] = mapped_column(default=False)


class Membership(Base):
    """The days a person was in a team, both ends included; `last` is empty while they are in it."""

    __tablename__ = "membership"
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    first: Mapped[date] = mapped_column(Date, primary_key=True)
    last: Mapped[date | None] = mapped_column(Date)
    team: Mapped[str] = mapped_column(String(64))


class Account(Base):
    """A person's or bot's account in one source. `groups` holds the names of its groups there, one per line."""

    __tablename__ = "account"
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    external_id: Mapped[str] = mapped_column(String(128), primary_key=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"), index=True)
    name: Mapped[str] = mapped_column(String(300), default="")
    email: Mapped[str | None] = mapped_column(String(320))
    bot: Mapped[bool] = mapped_column(default=False)
    time_zone: Mapped[str | None] = mapped_column(String(64))
    groups: Mapped[str] = mapped_column(Text, default="")


class Forgotten(Base):
    """An account that must not be ingested again; only a digest of its id is kept."""

    __tablename__ = "forgotten"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)

"""The register: versions of okrs.yaml, with teams, objectives and key results as rows for queries."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class RegisterVersion(Base):
    """One loaded okrs.yaml. `document` is the file as loaded; the rows below exist for queries. `loaded_by` and `reason` say who
    loaded it and why, if given; `origin` says where it came from, None for a file."""

    __tablename__ = "register_version"
    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    loaded_at: Mapped[datetime]
    document: Mapped[str] = mapped_column(Text)
    loaded_by: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str | None] = mapped_column(Text)
    origin: Mapped[str | None] = mapped_column(String(16))


class Team(Base):
    """A team of a register version."""

    __tablename__ = "team"
    version_id: Mapped[int] = mapped_column(ForeignKey("register_version.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    lead: Mapped[str | None] = mapped_column(String(200))


class Objective(Base):
    """An objective of a register version; priority 1 is top."""

    __tablename__ = "objective"
    version_id: Mapped[int] = mapped_column(ForeignKey("register_version.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    title: Mapped[str] = mapped_column(String(500))
    priority: Mapped[int]
    owner: Mapped[str | None] = mapped_column(String(200))


class KeyResult(Base):
    """A key result of an objective."""

    __tablename__ = "key_result"
    version_id: Mapped[int] = mapped_column(ForeignKey("register_version.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    objective_key: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(500))
    owner: Mapped[str | None] = mapped_column(String(200))
    teams: Mapped[list[Any]] = mapped_column(default=list)


class GoalChoice(Base):
    """A goal field that differs from the register where the register's value was kept, by key and field. `said` is a digest of
    the source's value at that time: the question is asked again when it changes."""

    __tablename__ = "goal_choice"
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    field: Mapped[str] = mapped_column(String(32), primary_key=True)
    said: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class GoalLook(Base):
    """How many goals of a source differed at the last comparison, so that people who do not ask see it too; `error` says why they
    could not be read."""

    __tablename__ = "goal_look"
    source: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
    differing: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)

"""The alignment interview: its rounds, the sealed answers while a round is open, and the results kept afterwards."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

PEOPLE = "interview people"
"""Name of the secret that keys the hashes of people's addresses."""


def digest_of_person(secret: str, address: str) -> str:
    """Return a pseudonym for a person: stable across rounds, and useless without the installation's secret."""
    return hmac.new(secret.encode(), address.lower().encode(), hashlib.sha256).hexdigest()


class InterviewRound(Base):
    """One interview. Until `closes_at` answers are accepted and none is shown; then results are computed, answers deleted."""

    __tablename__ = "interview_round"
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    asked_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class InterviewAnswer(Base):
    """One person's answers, encrypted with a key of the round that is deleted with them. `by` is a keyed hash of their address.

    No interface reads this table, and exports omit it.
    """

    __tablename__ = "interview_answer"
    round: Mapped[str] = mapped_column(String(16), primary_key=True)
    by: Mapped[str] = mapped_column(String(64), primary_key=True)
    about: Mapped[str] = mapped_column(String(32))
    sealed: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class InterviewResult(Base):
    """The published result of a round for a group; `found` is empty if nothing may be shown. `counted` holds keyed hashes of the
    respondents: later results are checked against them, so that no two results differ by only one or two people."""

    __tablename__ = "interview_result"
    round: Mapped[str] = mapped_column(String(16), primary_key=True)
    about: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
    found: Mapped[dict[str, Any]]
    counted: Mapped[list[Any]]

"""The alignment interview: when it was asked, the sealed answers while it is open, and what is kept of it afterwards."""

import hashlib
import hmac
from datetime import datetime
from typing import Any

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

PEOPLE = "interview people"
"""Name of the secret that people's digests are made with."""


def digest_of_person(secret: str, address: str) -> str:
    """What stands for somebody: the same in every round, and of no use without the installation's secret."""
    return hmac.new(secret.encode(), address.lower().encode(), hashlib.sha256).hexdigest()


class InterviewRound(Base):
    """One interview. Until `closes_at` answers are taken and nothing is shown; then results are made and answers deleted."""

    __tablename__ = "interview_round"
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    asked_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class InterviewAnswer(Base):
    """What one person said, encrypted with a key of the round that is deleted with it. `by` is a keyed digest of their address.

    No face reads it, and exports leave it out.
    """

    __tablename__ = "interview_answer"
    round: Mapped[str] = mapped_column(String(16), primary_key=True)
    by: Mapped[str] = mapped_column(String(64), primary_key=True)
    about: Mapped[str] = mapped_column(String(32))
    sealed: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class InterviewResult(Base):
    """What is shown of a round and a group; `found` is empty where nothing may be. `counted` are keyed digests of those whose
    answers it is made of: a later result is held against them, so that no two of them differ by one or two people."""

    __tablename__ = "interview_result"
    round: Mapped[str] = mapped_column(String(16), primary_key=True)
    about: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[datetime]
    found: Mapped[dict[str, Any]]
    counted: Mapped[list[Any]]

"""The judge of whole streams: its answers, the questions behind them, its cost, and the weight its answers have earned."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

THE_JUDGE = "judge"
"""The one row of JudgeState."""
JUDGE = "judge: "
"""Prefix of a match's evidence entry that reports the judge's answer."""


class JudgeAnswer(Base):
    """The answer to a question, keyed by a digest of everything that was sent, so that nothing is asked twice.

    `probabilities` by key result (the remainder to 1 is none); `quotes` are the words they rest on, as sent. `fault` says why an
    answer is discarded; it then has no probabilities.
    """

    __tablename__ = "judge_answer"
    content: Mapped[str] = mapped_column(String(64), primary_key=True)
    probabilities: Mapped[dict[str, Any]]
    quotes: Mapped[list[Any]]
    fault: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime]


class StreamJudged(Base):
    """Which answer is that of a stream. `liked`: indices of the answer that the match alone prefers, of all answers and of key
    results, in the order stored with `JudgeState.weight`; empty until that is learned."""

    __tablename__ = "stream_judged"
    stream_id: Mapped[int] = mapped_column(ForeignKey("stream.id", ondelete="CASCADE"), primary_key=True)
    content: Mapped[str] = mapped_column(ForeignKey("judge_answer.content", ondelete="CASCADE"), index=True)
    liked: Mapped[list[Any]] = mapped_column(default=list)


class JudgeDay(Base):
    """Calls and tokens of a day (UTC)."""

    __tablename__ = "judge_day"
    day: Mapped[date] = mapped_column(primary_key=True)
    calls: Mapped[int] = mapped_column(default=0)
    tokens: Mapped[int] = mapped_column(default=0)


class JudgeState(Base):
    """One row, `judge`. `weight` is the learned weight of its answers, `digest` identifies what it was learned from.
    `failing_since`, `failures` and `fault` describe unanswered calls; `waiting` is the number of streams still to be asked about,
    `spent` whether only the day's budget delays them."""

    __tablename__ = "judge_state"
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    weight: Mapped[dict[str, Any]] = mapped_column(default=dict)
    digest: Mapped[str] = mapped_column(String(64), default="")
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    fault: Mapped[str] = mapped_column(Text, default="")
    waiting: Mapped[int] = mapped_column(default=0)
    spent: Mapped[bool] = mapped_column(default=False)

"""What a judge of whole streams answered, what it was asked of, what it cost, and what it is found to be worth."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base

THE_JUDGE = "judge"
"""The one row of JudgeState."""
JUDGE = "judge: "
"""How an entry of a match's evidence begins that says what the judge answered."""


class JudgeAnswer(Base):
    """The answer to a question, by a digest of all that was sent, so that nothing is asked twice.

    `probabilities` by key result, what is missing to 1 is none; `quotes` are the words it rests on, as they were sent.
    `fault` says why an answer counts for nothing; it has no probabilities then.
    """

    __tablename__ = "judge_answer"
    content: Mapped[str] = mapped_column(String(64), primary_key=True)
    probabilities: Mapped[dict[str, Any]]
    quotes: Mapped[list[Any]]
    fault: Mapped[str] = mapped_column(String(200), default="")
    at: Mapped[datetime]


class StreamJudged(Base):
    """Which answer is that of a stream. `liked`: the places of what the match alone likes best there, of all answers and of key
    results, in the order of what was learned (`JudgeState.weight`); empty until it is learned."""

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
    """One row, `judge`. `weight` is what its answers are worth, learned of what `digest` stands for. `failing_since`, `failures`
    and `fault` tell of calls that were not answered; `waiting` is how many streams are to be asked about, `spent` whether only
    the day's budget keeps them waiting."""

    __tablename__ = "judge_state"
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    weight: Mapped[dict[str, Any]] = mapped_column(default=dict)
    digest: Mapped[str] = mapped_column(String(64), default="")
    failing_since: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    fault: Mapped[str] = mapped_column(Text, default="")
    waiting: Mapped[int] = mapped_column(default=0)
    spent: Mapped[bool] = mapped_column(default=False)

"""Shares by week and scope, the daily work they are computed from, and the audit's draws."""

from datetime import date
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class DayWork(Base):
    """One person's effort on one day by objective ('' for none) and by source. The detector reads these rows, so that a cycle
    costs only what is new. Written with the shares of its week."""

    __tablename__ = "day_work"
    day: Mapped[date] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    by_objective: Mapped[dict[str, Any]]
    by_source: Mapped[dict[str, Any]]


def _as_given(context: DefaultExecutionContext) -> float:
    return float(context.get_current_parameters()["share"])  # type: ignore[no-untyped-call]


def half_of(share: float, low: float, high: float) -> float:
    """Return the half-width of an interval, from the side that is not clipped at 0 or 1."""
    return max(share - low, high - share)


def _half_as_given(context: DefaultExecutionContext) -> float:
    given = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return half_of(given["share"], given["low"], given["high"])


class Share(Base):
    """Share of a week's observed effort (`week` is its Monday) on an objective, with a 90 % interval.

    `scope` is `company` or a team's key; `objective` is a key, '' for work that serves none, or `top`. `read` is the raw share
    computed from effort and matches, `share` the most likely true value given it; the interval extends `half` to each side.
    """

    __tablename__ = "share"
    week: Mapped[date] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    objective: Mapped[str] = mapped_column(String(64), primary_key=True)
    share: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    coverage: Mapped[float]
    person_days: Mapped[float]
    read: Mapped[float] = mapped_column(default=_as_given)
    half: Mapped[float] = mapped_column(default=_half_as_given)


class UsualShare(Base):
    """A scope's usual shares by objective, and the factor that stretches a raw share's distance from them to correct it."""

    __tablename__ = "usual_share"
    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    stretch: Mapped[float]
    shares: Mapped[dict[str, Any]]


class AuditDraw(Base):
    """An item drawn at random, in proportion to effort, to estimate a team's shares for a week."""

    __tablename__ = "audit_draw"
    week: Mapped[date] = mapped_column(primary_key=True)
    team: Mapped[str] = mapped_column(String(64), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    work_item_id: Mapped[int] = mapped_column(ForeignKey("work_item.id", ondelete="CASCADE"), index=True)

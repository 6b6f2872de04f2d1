"""Decision velocity: time from flagging something to a decision, and from "stop" to work that has really stopped.

A measure of decisions, never of the people who make them. What resolved by itself was not decided, and is omitted.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import OPEN_STATES, Decision, Drift
from pipeline.findings.found import Stop
from pipeline.findings.load import load_stops
from pipeline.findings.stopping import BEFORE, LEAST_WEEKS
from pipeline.findings.thresholds import Thresholds
from pipeline.register.document import Register
from pipeline.register.ended import local_day
from pipeline.register.workdays import monday

JUDGED = ("drift", "gap")
"""Kinds of findings that need a decision."""
INTENDED, REPLANNED = "called intended", "the plan was changed"


@dataclass(frozen=True, slots=True)
class Flagged:
    """A finding that needs a decision: when it was flagged, when and how it was decided, and by when somebody is to decide."""

    drift: Drift
    flagged: date
    decided: date | None
    outcome: str
    due: date | None

    @property
    def days(self) -> int | None:
        """Return the days from flagged to decided."""
        return None if self.decided is None else (self.decided - self.flagged).days


@dataclass(frozen=True, slots=True)
class Stopped:
    """A stream that somebody stopped: when, and since when hardly any of its work is left; None while it continues."""

    name: str
    said: date
    stopped: date | None

    @property
    def days(self) -> int | None:
        """Return the days from said to stopped, at least 0, since weeks begin on their Mondays."""
        return None if self.stopped is None else max(0, (self.stopped - self.said).days)


def flagged(session: Session, register: Register) -> list[Flagged]:
    """Return every finding that was decided or waits for a decision, oldest first; findings too small to report are omitted."""
    found = []
    taken: dict[int, list[Decision]] = defaultdict(list)
    for one in session.scalars(select(Decision).order_by(Decision.at, Decision.id)):
        taken[one.drift_id].append(one)
    query = select(Drift).where(Drift.kind.in_(JUDGED), Drift.severity != "low").order_by(Drift.raised_on, Drift.id)
    for drift in session.scalars(query):
        decided, outcome, due = None, "", None
        for one in taken[drift.id]:
            if one.kind == "intended":
                decided, outcome = local_day(register, one.at), INTENDED
            elif one.kind == "undone":
                decided, outcome = None, ""
            elif one.kind == "assigned":
                due = _day(one.note.partition(" ")[2])
        if decided is None and drift.state == "replanned" and drift.ended_on:
            decided, outcome = drift.ended_on, REPLANNED
        if decided is not None or drift.state in OPEN_STATES:
            found.append(Flagged(drift, drift.raised_on, decided, outcome, due if decided is None else None))
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def stopped(
    session: Session, register: Register, last: date, least_people: int, thresholds: Thresholds
) -> list[Stopped]:
    """Return every stream that somebody stopped, oldest first; those with the work of too few people are omitted."""
    weeks, stops = load_stops(session, register, last)
    return [one for stop in stops if (one := _stopped(weeks, stop, least_people, thresholds.fed)) is not None]


def _stopped(weeks: Sequence[date], stop: Stop, least_people: int, fed: float) -> Stopped | None:
    """Find the first of two successive weeks with at most `fed` of the usual work."""
    said = stop.at.date()
    week = monday(said)
    before = [n for n, one in enumerate(weeks) if week - timedelta(weeks=BEFORE) <= one < week]
    if len(before) < LEAST_WEEKS or not stop.work.where(np.isin(stop.work.week, before)).shown(least_people):
        return None
    by_week = stop.work.by_week()
    little = by_week <= fed * float(by_week[before].mean())
    since = [n for n in range(len(weeks) - 1) if weeks[n] >= week and little[n] and little[n + 1]]
    return Stopped(stop.name, said, weeks[since[0]] if since else None)


def middle(days: Sequence[int | None]) -> int | None:
    """Return the median of the known days; None if there are none."""
    known = [one for one in days if one is not None]
    return round(median(known)) if known else None

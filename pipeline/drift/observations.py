"""Daily effort by person and objective: the detector's input."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Capacity, DayWork, Person, WorkItem
from models.columns import joined
from pipeline.queue.rounding import DIGITS, rounded
from pipeline.register.document import Register
from pipeline.register.membership import load_teams
from pipeline.share.undiluted import load_usual

Array = NDArray[np.float64]
WHOLE, WHOLE_PART = 20, 0.6
"""A history is complete from the first stretch of this many working days with at least this fraction of the usual coverage."""


@dataclass(frozen=True)
class Observations:
    """Daily effort: `effort` is (objectives + none, rows, working days) in person-days, none last. A row is one person in one
    team.

    `teams` is by row. `by_source` is (sources, days); `expected` is person-days by day, if known; `people` identifies the person
    of each row (if empty, every row is a different person).
    """

    days: Sequence[date]
    objectives: Sequence[str]
    teams: Sequence[str]
    effort: Array
    sources: Sequence[str] = ()
    by_source: Array = field(default_factory=lambda: np.zeros((0, 0)))
    expected: Array | None = None
    people: Sequence[int | str] = ()

    @cached_property
    def total(self) -> Array:
        """(rows, days)"""
        summed: Array = self.effort.sum(0)
        return summed

    @property
    def names(self) -> list[str]:
        """Names along the first axis of `effort`."""
        return [*self.objectives, ""]


@dataclass(frozen=True, slots=True)
class Priorities:
    """From `start` until the next one, and before `end`, these objectives have these ranks.

    `pauses` are half-open ranges of days within, on which no plan held although the ranks are the same.
    """

    start: date
    rank: Mapping[str, int]
    end: date | None = None
    pauses: Sequence[tuple[date, date]] = ()

    @property
    def top(self) -> frozenset[str]:
        """Objectives of rank one to three."""
        return frozenset(key for key, rank in self.rank.items() if rank <= 3)


def pauses(plans: Sequence[Priorities]) -> list[tuple[date, date]]:
    """Return half-open ranges of days, between and within plans, on which no plan holds."""
    between = [(one.end, after.start) for one, after in pairwise(plans) if one.end and one.end < after.start]
    return [*between, *(pause for one in plans for pause in one.pauses)]


def observe(session: Session, register: Register, last: date) -> Observations | None:
    """Load daily effort by objective and person up to `last`, corrected for dilution (undiluted.py); None if there is none."""
    objectives = [objective.key for objective in register.objectives]
    # Ordered by address, so that sums over people do not depend on insertion order; forgotten people come last. A row is a person
    # in one team: a person who changes team starts a new row.
    teams = load_teams(session)
    ids = session.scalars(select(Person.id).order_by(Person.email.is_(None), Person.email, Person.team)).all()
    people = [(id_, team) for id_ in ids for team in teams.ever(id_)]
    expected = dict(
        session.execute(
            select(Capacity.day, func.sum(Capacity.expected)).where(Capacity.day <= last).group_by(Capacity.day)
        ).all()
    )
    days = sorted(expected)
    if not days or not people:
        return None
    sources = sorted(session.scalars(select(WorkItem.source).distinct()))
    row, column = {key: i for i, key in enumerate(people)}, {day: i for i, day in enumerate(days)}
    line, origin = {name: i for i, name in enumerate([*objectives, ""])}, {name: i for i, name in enumerate(sources)}
    effort = np.zeros((len(line), len(people), len(days)))
    by_source = np.zeros((len(sources), len(people), len(days)))
    for day, person, of_objectives, of_sources in _day_work(session):
        at, who = column.get(day), row.get((person, teams.on(person, day) or ""))
        if at is None or who is None:
            continue
        for name, amount in of_objectives.items():
            if name in line:
                effort[line[name], who, at] = amount
        for name, amount in of_sources.items():
            if name in origin:
                by_source[origin[name], who, at] = amount
    known = np.array([rounded(expected[day], DIGITS) for day in days])
    in_teams = [team for _, team in people]
    effort = load_usual(session).spent(effort, in_teams, [*objectives, ""])
    persons = [id_ for id_, _ in people]
    return since_whole(Observations(days, objectives, in_teams, effort, sources, by_source.sum(1), known, persons))


def _day_work(session: Session) -> Iterator[tuple[date, int, Mapping[str, float], Mapping[str, float]]]:
    """Yield day, person, and effort by objective and by source; a day's objects are parsed as one list."""
    columns = (DayWork.person_id, DayWork.by_objective, DayWork.by_source)
    for day, *texts in session.execute(select(DayWork.day, *map(joined, columns)).group_by(DayWork.day)):
        for person, of_objectives, of_sources in zip(*(json.loads(f"[{text}]") for text in texts), strict=True):
            yield day, person, of_objectives, of_sources


def since_whole(seen: Observations) -> Observations:
    """Drop the thin days at the beginning, before the horizon of the first pull: only items that were touched later are known.

    The history begins on the first day that starts WHOLE working days of at least WHOLE_PART of the usual coverage.
    """
    if seen.expected is None or len(seen.days) <= WHOLE:
        return seen
    sums = [np.concatenate([[0.0], np.cumsum(part)]) for part in (seen.total.sum(0), seen.expected)]
    done, expected = (part[WHOLE:] - part[:-WHOLE] for part in sums)
    coverage = np.divide(done, expected, out=np.zeros_like(done), where=expected > 0)
    usual = float(np.median(coverage[coverage >= coverage.max() / 2])) if coverage.max() > 0 else 0.0
    daily = np.divide(seen.total.sum(0), seen.expected, out=np.zeros(len(seen.days)), where=seen.expected > 0)
    whole = (coverage >= WHOLE_PART * usual) & (daily[: len(coverage)] >= WHOLE_PART * usual)
    first = int(np.argmax(whole)) if whole.any() else 0
    return replace(
        seen,
        days=seen.days[first:],
        effort=seen.effort[:, :, first:],
        by_source=seen.by_source[:, first:],
        expected=seen.expected[first:],
    )

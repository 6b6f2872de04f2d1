"""Daily effort by person and objective, as the detector sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Capacity, DayWork, Person, WorkItem
from pipeline.queue.rounding import DIGITS, rounded
from pipeline.register.document import Register
from pipeline.register.membership import load_teams

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Observations:
    """Daily effort: `effort` is (objectives + none, people, working days) in person-days, none last.

    `teams` by person. `by_source` is (sources, days); `expected` person-days by day, where known.
    """

    days: Sequence[date]
    objectives: Sequence[str]
    teams: Sequence[str]
    effort: Array
    sources: Sequence[str] = ()
    by_source: Array = field(default_factory=lambda: np.zeros((0, 0)))
    expected: Array | None = None

    @cached_property
    def total(self) -> Array:
        """(people, days)"""
        summed: Array = self.effort.sum(0)
        return summed

    @property
    def names(self) -> list[str]:
        """Of the planes of `effort`."""
        return [*self.objectives, ""]


@dataclass(frozen=True, slots=True)
class Priorities:
    """From `start` on (until the next one) these objectives have these ranks."""

    start: date
    rank: Mapping[str, int]

    @property
    def top(self) -> frozenset[str]:
        """Objectives of rank one to three."""
        return frozenset(key for key, rank in self.rank.items() if rank <= 3)


def observe(session: Session, register: Register, last: date) -> Observations | None:
    """Daily effort by objective, person and day up to `last`; None where there is none yet."""
    objectives = [objective.key for objective in register.objectives]
    # By address, so that sums over people do not depend on who was met first; the forgotten come last. A row is a person in one
    # team: who moves takes nothing of the past along.
    teams = load_teams(session)
    ids = session.scalars(select(Person.id).order_by(Person.email.is_(None), Person.email, Person.team)).all()
    people = [(id_, team) for id_ in ids for team in teams.ever(id_)]
    expected = dict(session.execute(
        select(Capacity.day, func.sum(Capacity.expected)).where(Capacity.day <= last).group_by(Capacity.day)
    ).all())  # fmt: skip
    days = sorted(expected)
    if not days or not people:
        return None
    sources = sorted(session.scalars(select(WorkItem.source).distinct()))
    row, column = {key: i for i, key in enumerate(people)}, {day: i for i, day in enumerate(days)}
    line, origin = {name: i for i, name in enumerate([*objectives, ""])}, {name: i for i, name in enumerate(sources)}
    effort = np.zeros((len(line), len(people), len(days)))
    by_source = np.zeros((len(sources), len(people), len(days)))
    for one in session.execute(select(DayWork.day, DayWork.person_id, DayWork.by_objective, DayWork.by_source)):
        at, who = column.get(one.day), row.get((one.person_id, teams.on(one.person_id, one.day) or ""))
        if at is None or who is None:
            continue
        for name, amount in one.by_objective.items():
            if name in line:
                effort[line[name], who, at] = amount
        for name, amount in one.by_source.items():
            if name in origin:
                by_source[origin[name], who, at] = amount
    return Observations(days, objectives, [team for _, team in people], effort, sources, by_source.sum(1),
                        np.array([rounded(expected[day], DIGITS) for day in days]))  # fmt: skip

"""Weekly shares for the company and each team that is large enough, and the daily arrays that drift is looked for in."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from models import Capacity, Effort, Match, Person, Share, WorkItem, upsert
from pipeline.audit import correction
from pipeline.audit_stage import load_draws
from pipeline.drift import COMPANY, Observations
from pipeline.register import Register
from pipeline.share import Worked, in_top, shares
from pipeline.workdays import monday


@dataclass(frozen=True, slots=True)
class Matched:
    """Probabilities of each work item over objectives, the last column none; and the tree it belongs to."""

    objectives: list[str]
    rows: Mapping[int, NDArray[np.float64]]
    tree: Mapping[int, int]


def load_matched(session: Session, register: Register) -> Matched:
    """Sum the key results' probabilities by objective."""
    objectives = [objective.key for objective in register.objectives]
    column = {key: objectives.index(objective) for key, objective in register.objective_of().items()}
    rows: dict[int, NDArray[np.float64]] = {}
    for item, probabilities in session.execute(select(Match.work_item_id, Match.probabilities)):
        row = np.zeros(len(objectives) + 1)
        for key, p in probabilities.items():
            if key in column:
                row[column[key]] += p
        row[-1] = max(0.0, 1 - row.sum())
        rows[item] = row
    return Matched(objectives, rows, _trees(session))


def _trees(session: Session) -> dict[int, int]:
    ids = {}
    parents = {}
    for id_, source, external, parent in session.execute(
        select(WorkItem.id, WorkItem.source, WorkItem.external_id, WorkItem.parent)
    ):
        ids[source, external] = id_
        parents[id_] = (source, parent) if parent else None
    return {id_: ids.get(above, id_) if above else id_ for id_, above in parents.items()}


def weekly_shares(sessions: sessionmaker[Session], register: Register, least_people: int) -> int:
    """Replace all weekly shares; returns the number of rows."""
    with sessions() as session:
        matched = load_matched(session, register)
        teams = dict(session.execute(select(Person.id, Person.team)).all())
        sizes: dict[str, int] = defaultdict(int)
        for team in session.scalars(select(Person.team).where(Person.forgotten.is_(False))):
            if team:
                sizes[team] += 1
        of_top = in_top(matched.objectives, register.top())
        believed = {item: np.append(row, row @ of_top) for item, row in matched.rows.items()}
        drawn = load_draws(session, register, believed, matched.tree)
        worked: dict[tuple[date, str], dict[int, float]] = defaultdict(lambda: defaultdict(float))
        by_person: dict[tuple[date, str], dict[int, float]] = defaultdict(lambda: defaultdict(float))
        by_team: dict[date, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for day, person, item, days in session.execute(
            select(Effort.day, Effort.person_id, Effort.work_item_id, Effort.person_days)
        ):
            for scope in (COMPANY, teams.get(person)):
                if scope:
                    worked[monday(day), scope][item] += days
                    by_person[monday(day), scope][person] += days
            by_team[monday(day)][teams.get(person) or ""] += days
        expected: dict[tuple[date, str], float] = defaultdict(float)
        query = select(Capacity.day, Capacity.person_id, func.sum(Capacity.expected))
        for day, person, part in session.execute(query.group_by(Capacity.day, Capacity.person_id)):
            for scope in (COMPANY, teams.get(person)):
                if scope:
                    expected[monday(day), scope] += part
    rows = []
    for (week, scope), by_item in worked.items():
        if scope != COMPANY and sizes[scope] < least_people:
            continue
        total = sum(by_item.values())
        coverage = total / expected[week, scope] if expected[week, scope] else 0.0
        parts = [Worked(item, matched.tree.get(item, item), days) for item, days in by_item.items()]
        weights = by_team[week] if scope == COMPANY else {scope: total}
        corrected = correction(week, weights, drawn, len(matched.objectives) + 2)
        people = by_person[week, scope].values()
        for row in shares(parts, matched.rows, matched.objectives, register.top(), corrected, people):
            rows.append({
                "week": week, "scope": scope, "objective": row.objective, "share": row.share, "low": row.low,
                "high": row.high, "coverage": min(1.0, coverage), "person_days": total,
            })  # fmt: skip
    with sessions.begin() as session:
        session.execute(delete(Share))
        upsert(session, Share, rows, ("week", "scope", "objective"))
    return len(rows)


def observe(session: Session, register: Register, last: date) -> Observations | None:
    """Daily effort by objective, person and day up to `last`; None where there is none yet."""
    matched = load_matched(session, register)
    people = list(session.execute(select(Person.id, Person.team).where(Person.team.is_not(None)).order_by(Person.id)))
    expected = dict(session.execute(
        select(Capacity.day, func.sum(Capacity.expected)).where(Capacity.day <= last).group_by(Capacity.day)
    ).all())  # fmt: skip
    days = sorted(expected)
    if not days or not people:
        return None
    sources = sorted(session.scalars(select(WorkItem.source).distinct()))
    source_of = dict(session.execute(select(WorkItem.id, WorkItem.source)).all())
    row, column = {person: i for i, (person, _) in enumerate(people)}, {day: i for i, day in enumerate(days)}
    effort = np.zeros((len(matched.objectives) + 1, len(people), len(days)))
    by_source = np.zeros((len(sources), len(days)))
    nothing = np.zeros(len(matched.objectives) + 1)
    nothing[-1] = 1.0
    for day, person, item, amount in session.execute(
        select(Effort.day, Effort.person_id, Effort.work_item_id, Effort.person_days)
    ):
        if day in column and person in row:
            effort[:, row[person], column[day]] += amount * matched.rows.get(item, nothing)
            by_source[sources.index(source_of[item]), column[day]] += amount
    return Observations(days, matched.objectives, [team or "" for _, team in people], effort, sources, by_source,
                        np.array([expected[day] for day in days]))  # fmt: skip

"""Weekly shares and daily sums from effort and matches; and what the detector reads of them.

A week is computed when its effort or a match of its items changed, and holds everything that later stages need of its days, so
a cycle costs the weeks that were touched.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, delete, func, select, union
from sqlalchemy.orm import Session, sessionmaker

from models import AuditDraw, Capacity, DayWork, Effort, Label, Match, Part, Person, Share, WorkItem, upsert
from pipeline import basis, parts
from pipeline.audit import Drawn, correction
from pipeline.audit_stage import AUDIT, load_answers, load_draws
from pipeline.drift import COMPANY, Observations
from pipeline.register import Register
from pipeline.share import UNSEEN, Worked, in_top, shares, with_unseen
from pipeline.work import in_lots, rounded
from pipeline.workdays import monday

SHARE = "share"
_DRAWN = (
    select(AuditDraw.work_item_id)
    .join(Label, Label.work_item_id == AuditDraw.work_item_id)
    .where(Label.origin == AUDIT)
)
_DIGITS = 9
"""Results are kept rounded: the order of a sum, and so its last bits, depends on the order of the rows."""


@dataclass(frozen=True, slots=True)
class Matched:
    """Probabilities of work items over objectives, the last column none; the tree each belongs to, and its source."""

    objectives: list[str]
    rows: Mapping[int, NDArray[np.float64]]
    tree: Mapping[int, int]
    source: Mapping[int, str]


def load_matched(session: Session, register: Register, *those: Select[int]) -> Matched:
    """Sum the key results' probabilities of the items whose row ids one of `those` queries gives, by objective."""
    objectives = [objective.key for objective in register.objectives]
    column = {key: objectives.index(objective) for key, objective in register.objective_of().items()}
    place: dict[int, int] = {}
    cells: list[tuple[int, int, float]] = []
    source: dict[int, str] = {}
    above: dict[int, tuple[str, str]] = {}
    query = select(WorkItem.id, WorkItem.source, WorkItem.parent, Match.probabilities)
    query = query.outerjoin(Match, Match.work_item_id == WorkItem.id)
    # One list of ids: PostgreSQL may walk through each of two joined by OR for every item, which took minutes.
    wanted = union(*those).subquery()
    for item, origin, parent, probabilities in session.execute(query.where(WorkItem.id.in_(select(wanted)))):
        place[item], source[item] = len(place), origin
        cells += [(place[item], column[key], p) for key, p in (probabilities or {}).items() if key in column]
        if parent:
            above[item] = (origin, parent)
    table = np.zeros((len(place), len(objectives) + 1))
    if cells:
        line, of, p = zip(*cells, strict=True)
        np.add.at(table, (line, of), p)
    table[:, -1] = np.maximum(0.0, 1 - table.sum(1))
    return Matched(objectives, dict(zip(place, table, strict=True)), _trees(session, above), source)


def _trees(session: Session, above: Mapping[int, tuple[str, str]]) -> dict[int, int]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for source, name in above.values():
        wanted[source].add(name)
    ids: dict[tuple[str, str], int] = {}
    for source, names in wanted.items():
        for some in in_lots(sorted(names)):
            query = select(WorkItem.id, WorkItem.external_id).where(WorkItem.source == source)
            found = session.execute(query.where(WorkItem.external_id.in_(some)))
            ids |= {(source, name): id_ for id_, name in found}
    return {item: ids[key] for item, key in above.items() if key in ids}


def weekly_shares(
    sessions: sessionmaker[Session], register: Register, least_people: int, unseen: float = UNSEEN
) -> int:
    """Compute all weeks anew, in this process; returns the number of weeks."""
    with sessions.begin() as session:
        basis.forget(session, SHARE)
        plan(session, register, 0, least_people, unseen)
    return parts.take(sessions, SHARE, lambda session, part: work(session, part, register, least_people, unseen))


def is_pending(session: Session, version: int, least_people: int, unseen: float) -> bool:
    """Whether any week is noted, or what all weeks rest on is another."""
    return parts.left(session, SHARE) or basis.differs(session, SHARE, _digest(session, version, least_people, unseen))


def plan(session: Session, register: Register, version: int, least_people: int, unseen: float) -> None:
    """Where the priorities or the answers to the audit changed, note all weeks as pieces; else those noted are all."""
    digest = _digest(session, version, least_people, unseen)
    if basis.differs(session, SHARE, digest):
        basis.keep(session, SHARE, digest)
        weeks = {monday(day) for day in session.scalars(select(Effort.day).distinct())}
        weeks |= set(session.scalars(select(Share.week).distinct()))
        parts.add(session, SHARE, {week.isoformat(): {} for week in weeks})


def _digest(session: Session, version: int, least_people: int, unseen: float) -> str:
    """An answer to the audit corrects the weeks around it as well."""
    answers = select(func.count(), func.max(Label.at)).where(Label.origin == AUDIT)
    members = select(Person.id, Person.team).where(Person.forgotten.is_(False), Person.team.is_not(None))
    teams = sorted(tuple(row) for row in session.execute(members))
    rests_on = (version, least_people, unseen, tuple(session.execute(answers).one()), teams)
    return hashlib.sha256(repr(rests_on).encode()).hexdigest()


def work(session: Session, part: Part, register: Register, least_people: int, unseen: float) -> None:
    """Replace a week's shares and daily sums."""
    week = date.fromisoformat(part.name)
    days = (week, week + timedelta(days=6))
    teams: dict[int, str | None] = dict(session.execute(select(Person.id, Person.team)).all())
    sizes: dict[str, int] = defaultdict(int)
    for team in session.scalars(select(Person.team).where(Person.forgotten.is_(False))):
        if team:
            sizes[team] += 1
    query = select(Effort.day, Effort.person_id, Effort.work_item_id, Effort.person_days)
    here = Effort.day.between(*days)
    matched = load_matched(session, register, select(Effort.work_item_id).where(here), _DRAWN)
    rows = [
        (day, person, item, amount) for day, person, item, amount in session.execute(query.where(here))
        if item in matched.rows
    ]  # fmt: skip
    _keep_days(session, days, rows, matched, unseen)
    known, drawn = _answered(session, register, matched)
    # The match holds to a label: what people said is known, and the correction is for the rest.
    said = Label.key_result.is_(None) | Label.key_result.in_(register.objective_of())
    labelled = set(session.scalars(select(Label.work_item_id).where(said)))
    worked: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    by_person: dict[str, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    unknown: dict[str, float] = defaultdict(float)
    for _, person, item, amount in rows:
        for scope in (COMPANY, teams.get(person)):
            if scope:
                worked[scope][item] += amount
                by_person[scope][person] += amount
        if item not in labelled:
            unknown[teams.get(person) or ""] += amount
    expected: dict[str, float] = defaultdict(float)
    capacity = select(Capacity.person_id, func.sum(Capacity.expected)).where(Capacity.day.between(*days))
    for person, amount in session.execute(capacity.group_by(Capacity.person_id)):
        for scope in (COMPANY, teams.get(person)):
            if scope:
                expected[scope] += amount
    found: list[dict[str, Any]] = []
    for scope, by_item in worked.items():
        if scope != COMPANY and sizes[scope] < least_people:
            continue
        total = sum(by_item.values())
        coverage = total / expected[scope] if expected[scope] else 0.0
        pieces = [Worked(item, matched.tree.get(item, item), amount) for item, amount in by_item.items()]
        rest = unknown if scope == COMPANY else {scope: unknown[scope]}
        corrected = correction(week, rest, drawn, len(matched.objectives) + 2).of(sum(rest.values()) / total)
        people = by_person[scope].values()
        for row in shares(pieces, known, matched.objectives, register.top(), corrected, people, unseen):
            found.append({
                "week": week, "scope": scope, "objective": row.objective, "share": rounded(row.share, _DIGITS),
                "low": rounded(row.low, _DIGITS), "high": rounded(row.high, _DIGITS),
                "coverage": rounded(min(1.0, coverage), _DIGITS), "person_days": rounded(total, _DIGITS),
            })  # fmt: skip
    session.execute(delete(Share).where(Share.week == week))
    upsert(session, Share, found, ("week", "scope", "objective"))


def _answered(
    session: Session, register: Register, matched: Matched
) -> tuple[dict[int, NDArray[np.float64]], list[Drawn]]:
    """The matched rows, with what the audit answered in the place of what was believed; and the audit's draws."""
    answers = {item: true for item, true in load_answers(session, register).items() if item in matched.rows}
    of_top = in_top(matched.objectives, register.top())
    believed = {item: np.append(matched.rows[item], matched.rows[item] @ of_top) for item in answers}
    known = {**matched.rows, **{item: true[:-1] for item, true in answers.items()}}
    return known, load_draws(session, answers, believed, matched.tree)


def _keep_days(
    session: Session,
    days: tuple[date, date],
    rows: Sequence[tuple[date, int, int, float]],
    matched: Matched,
    unseen: float,
) -> None:
    """What each person's day went to, by objective and by source."""
    names, sources = [*matched.objectives, ""], sorted(set(matched.source.values()))
    place: dict[tuple[date, int], int] = {}
    at = [place.setdefault((day, person), len(place)) for day, person, _, _ in rows]
    amounts = np.array([amount for _, _, _, amount in rows])
    column = {name: i for i, name in enumerate(sources)}
    sums, by_source = np.zeros((len(place), len(names))), np.zeros((len(place), len(sources)))
    if rows:
        np.add.at(sums, at, amounts[:, None] * np.array([matched.rows[item] for _, _, item, _ in rows]))
        sums = with_unseen(sums, unseen)
        np.add.at(by_source, (at, [column[matched.source[item]] for _, _, item, _ in rows]), amounts)
    found = [
        {"day": day, "person_id": person, "by_objective": _named(names, sums[n]), "by_source": _named(sources, by_source[n])}
        for (day, person), n in place.items()
    ]  # fmt: skip
    session.execute(delete(DayWork).where(DayWork.day.between(*days)))
    upsert(session, DayWork, found, ("day", "person_id"))


def _named(names: Sequence[str], values: NDArray[np.float64]) -> dict[str, float]:
    return {name: rounded(x, _DIGITS) for name, x in zip(names, values.tolist(), strict=True) if x > 0}


def observe(session: Session, register: Register, last: date) -> Observations | None:
    """Daily effort by objective, person and day up to `last`; None where there is none yet."""
    objectives = [objective.key for objective in register.objectives]
    # By address, so that sums over people do not depend on who was met first; the forgotten come last.
    query = select(Person.id, Person.team).where(Person.team.is_not(None))
    people = session.execute(query.order_by(Person.email.is_(None), Person.email, Person.team)).all()
    expected = dict(session.execute(
        select(Capacity.day, func.sum(Capacity.expected)).where(Capacity.day <= last).group_by(Capacity.day)
    ).all())  # fmt: skip
    days = sorted(expected)
    if not days or not people:
        return None
    sources = sorted(session.scalars(select(WorkItem.source).distinct()))
    row, column = {person: i for i, (person, _) in enumerate(people)}, {day: i for i, day in enumerate(days)}
    line, origin = {name: i for i, name in enumerate([*objectives, ""])}, {name: i for i, name in enumerate(sources)}
    effort = np.zeros((len(line), len(people), len(days)))
    by_source = np.zeros((len(sources), len(people), len(days)))
    for one in session.execute(select(DayWork.day, DayWork.person_id, DayWork.by_objective, DayWork.by_source)):
        at, who = column.get(one.day), row.get(one.person_id)
        if at is None or who is None:
            continue
        for name, amount in one.by_objective.items():
            if name in line:
                effort[line[name], who, at] = amount
        for name, amount in one.by_source.items():
            if name in origin:
                by_source[origin[name], who, at] = amount
    return Observations(days, objectives, [team or "" for _, team in people], effort, sources, by_source.sum(1),
                        np.array([rounded(expected[day], _DIGITS) for day in days]))  # fmt: skip

"""The audit in the database: draw the week's items, and load the answers."""

import zlib
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from models import AuditDraw, Effort, Label, Person, WorkItem, upsert
from models.vocabulary import AUDIT
from pipeline.register.answered import holds, known_since, plan_since
from pipeline.register.document import Register
from pipeline.register.membership import stay_of_effort
from pipeline.share.audit import ITEMS, Drawn, draw


def draw_audit(
    sessions: sessionmaker[Session], register: Register, week: date, items: int = ITEMS, least_people: int = 5
) -> int:
    """Draw the items of the week (its Monday) for each team that is large enough; return how many are new.

    A week is drawn once. Items that are already labelled are not drawn.
    """
    with sessions.begin() as session:
        # Later weeks are not over: any draws from them come from a clock that was ahead.
        session.execute(delete(AuditDraw).where(AuditDraw.week > week))
        if session.scalar(select(AuditDraw.week).where(AuditDraw.week == week).limit(1)) is not None:
            return 0
        members = select(Person.team, func.count()).where(Person.forgotten.is_(False)).group_by(Person.team)
        sizes: dict[str | None, int] = dict(session.execute(members).all())
        known = set(session.scalars(select(Label.work_item_id).where(holds(session, register))))
        stay, on_its_days = stay_of_effort()
        query = (
            select(
                stay.c.team, Effort.work_item_id, WorkItem.source, WorkItem.external_id, func.sum(Effort.person_days)
            )
            .join(stay, on_its_days)
            .join(WorkItem, WorkItem.id == Effort.work_item_id)
            .where(Effort.day >= week, Effort.day < week + timedelta(days=7))
            .group_by(stay.c.team, Effort.work_item_id, WorkItem.source, WorkItem.external_id)
        )
        effort: dict[str, dict[int, float]] = defaultdict(dict)
        name_of: dict[int, tuple[str, str]] = {}
        for team, item, source, name, days in session.execute(query):
            if item not in known and team in {one.key for one in register.teams} and sizes.get(team, 0) >= least_people:
                effort[team][item], name_of[item] = days, (source, name)
    rows = []
    for team, by_item in effort.items():
        order = sorted(by_item, key=name_of.__getitem__)
        chosen = draw(by_item, order, items, (week.toordinal(), zlib.crc32(team.encode())))
        rows += [{"week": week, "team": team, "place": n, "work_item_id": item} for n, item in enumerate(chosen)]
    with sessions.begin() as session:
        upsert(session, AuditDraw, rows, ("week", "team", "place"), keep=True)
    return len(rows)


def load_answers(session: Session, register: Register) -> dict[int, NDArray[np.float64]]:
    """Load what audited items truly serve, in the order of the objectives, none, the top priorities; by row id.

    Answers given under another plan are left out entirely: dropping old key results but keeping "none" would bias the sample.
    """
    objectives = [objective.key for objective in register.objectives]
    of, top = register.objective_of(), register.top()
    found = {}
    drawn = (Label.origin == AUDIT, Label.at >= plan_since(known_since(session, register)))
    for item, key in session.execute(select(Label.work_item_id, Label.key_result).where(*drawn)):
        if key is not None and key not in of:
            continue
        served = of[key] if key is not None else None
        true = np.zeros(len(objectives) + 2)
        true[objectives.index(served) if served is not None else len(objectives)] = 1
        true[-1] = served in top
        found[item] = true
    return found


def load_draws(
    session: Session,
    answers: Mapping[int, NDArray[np.float64]],
    believed: Mapping[int, NDArray[np.float64]],
    tree: Mapping[int, int],
) -> list[Drawn]:
    """Return answered draws with their errors. `believed` are the answered items' shares, ordered like the answers' columns."""
    query = select(AuditDraw.week, AuditDraw.team, AuditDraw.work_item_id)
    return [
        Drawn(week, team, tree.get(item, item), answers[item] - believed[item])
        for week, team, item in session.execute(query)
        if item in answers
    ]

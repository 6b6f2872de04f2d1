"""Objectives and key results of the plan with hardly any work, as the digest lists them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.figures import Standing
from models import Effort
from models.vocabulary import COMPANY
from pipeline.match.beliefs import beliefs
from pipeline.register.document import Register, Team
from pipeline.register.membership import of_team
from pipeline.register.versions import planned_since

LEAST_SHARE, LEAST_DAYS = 2, 0.5
"""Percent below which an objective, and person-days in four weeks below which a key result, has hardly any work."""
MOST_NAMED = 5


def idle_objectives(stands: Standing) -> list[str]:
    """Titles of the objectives in the scope's plan that have hardly any work."""
    return [part.title for part in stands.parts if part.planned and part.key and part.now < LEAST_SHARE]


def first_of(names: Sequence[str]) -> list[str]:
    """The first few of a list for somebody with two minutes, and how many more there are."""
    more = len(names) - MOST_NAMED
    return [*names] if more <= 1 else [*names[:MOST_NAMED], f"and {more} more"]


def idle_key_results(
    session: Session, register: Register, team: Team, span: tuple[date, date] | None, idle: set[str]
) -> list[str]:
    """Key results of the team on which hardly anybody worked in the window, beside the objectives that are named whole; none
    while the plan is younger than the window."""
    if span is None or planned_since(session, register) > span[0]:
        return []
    worked: dict[str, float] = defaultdict(float)
    days = (
        select(Effort.work_item_id, func.sum(Effort.person_days))
        .where(Effort.day >= span[0], Effort.day <= span[1])
        .group_by(Effort.work_item_id)
    )
    if team.key != COMPANY:
        days = of_team(days, team.key)
    of_item: dict[int, float] = dict(session.execute(days).all())
    for item, believed in beliefs(session, of_item):
        for key, p in believed.items():
            worked[key] += p * of_item[item]
    if not worked:
        return []
    return [
        f"{k.key} {k.title}"
        for o, k in register.key_results()
        if team.key in (*k.teams, COMPANY) and o.title not in idle and worked[k.key] < LEAST_DAYS
    ]

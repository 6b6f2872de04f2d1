"""The proportion of the company's work that went to each key result, by week."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Effort, Person
from models.vocabulary import COMPANY
from pipeline.effort.load import whole_since
from pipeline.match.beliefs import beliefs
from pipeline.register.document import Register
from pipeline.register.workdays import monday
from pipeline.share.floor import NOBODY, pooled, shown_beside
from pipeline.share.undiluted import given_back

LIKELY = 0.4
"""Probability from which a person who works on an item counts as working on the key result."""


def shares_by_week(
    session: Session, register: Register, since: date, through: date, least_people: int
) -> dict[date, Mapping[str, float]]:
    """Return, by whole week up to `through`, the proportion of all visible work that went to each key result, weighted by
    probability and corrected by the same ratio as its objective's share.

    The privacy floor applies: weeks in which fewer than `least_people` worked are omitted, as are key results on which fewer
    worked in all these weeks, or from which such a figure could be derived together with the objective's. A key result's weeks
    with fewer people are pooled (floor.py).
    """
    first, end = max(monday(since), whole_since(session) or date.min), monday(through + timedelta(days=1))
    query = select(Effort.day, Effort.person_id, Effort.work_item_id, Effort.person_days)
    forgotten = set(session.scalars(select(Person.id).where(Person.forgotten)))
    rows = [
        (day, NOBODY if person in forgotten else person, item, days)
        for day, person, item, days in session.execute(query.where(Effort.day >= first, Effort.day < end))
    ]
    total: dict[date, float] = defaultdict(float)
    people: dict[date, set[int]] = defaultdict(set)
    for day, person, _, days in rows:
        total[monday(day)] += days
        people[monday(day)] |= {person} - {NOBODY}
    of = register.objective_of()
    known = _of_enough(rows, dict(beliefs(session, {item for _, _, item, _ in rows})), of, least_people)
    found: dict[date, Mapping[str, float]] = {}
    for week in sorted(total):
        if len(people[week]) >= least_people and total[week] > 0:
            back = given_back(session, week, week + timedelta(days=6))
            found[week] = {
                key: back.of(COMPANY, of.get(key, "")) * weeks.get(week, 0.0) / total[week]
                for key, weeks in known.items()
            }
    return found


def _of_enough(
    rows: Sequence[Any], believed: Mapping[int, Mapping[str, float]], of: Mapping[str, str], least: int
) -> dict[str, dict[date, float]]:
    """Return person-days by key result and week, for key results on which enough people worked, pooled so that no week is about
    few.

    The objective's share is shown next to them, so the remainder of an objective must also be about enough people, or nobody.
    """
    vague: dict[str, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    cells: dict[str, dict[date, dict[int, float]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    for day, person, item, days in rows:
        for key, p in believed.get(item, {}).items():
            if p >= LIKELY:
                cells[key][monday(day)][person] += p * days
            else:
                vague[key][monday(day)] += p * days  # not attributed to anybody
    worked: dict[str, dict[str, set[int]]] = defaultdict(dict)
    for key, weeks in cells.items():
        worked[of.get(key, "")][key] = set[int]().union(*weeks.values()) - {NOBODY}
    found = {}
    for key in (key for parts in worked.values() for key in shown_beside(parts, least)):
        sure = pooled(cells[key], least)
        found[key] = {week: sure.get(week, 0.0) + vague[key].get(week, 0.0) for week in sure.keys() | vague[key].keys()}
    return found

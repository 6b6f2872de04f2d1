"""How much of the company's work went to a key result, by week."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Effort, Match
from models.session import in_batches
from models.vocabulary import COMPANY
from pipeline.effort.load import whole_since
from pipeline.register.document import Register
from pipeline.register.workdays import monday
from pipeline.share.undiluted import given_back

LIKELY = 0.4
"""From this probability on somebody who works on an item works on the key result."""


def shares_by_week(
    session: Session, register: Register, since: date, through: date, least_people: int
) -> dict[date, Mapping[str, float]]:
    """By whole week up to `through`, the part of all work seen that went to each key result, by probability as in the shares:
    as much larger or smaller than it was read as its objective's is.

    What is said of few people is said of persons: weeks in which fewer than `least_people` worked are left out, and key results
    on which fewer than that worked in all these weeks.
    """
    first, end = max(monday(since), whole_since(session) or date.min), monday(through + timedelta(days=1))
    query = select(Effort.day, Effort.person_id, Effort.work_item_id, Effort.person_days)
    rows = session.execute(query.where(Effort.day >= first, Effort.day < end)).all()
    beliefs = _beliefs(session, {item for _, _, item, _ in rows})
    total: dict[date, float] = defaultdict(float)
    sums: dict[date, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    people: dict[date | str, set[int]] = defaultdict(set)
    for day, person, item, days in rows:
        week = monday(day)
        total[week] += days
        people[week].add(person)
        for key, p in beliefs.get(item, {}).items():
            sums[week][key] += p * days
            if p >= LIKELY:
                people[key].add(person)
    known = {key for key, some in people.items() if isinstance(key, str) and len(some) >= least_people}
    of = register.objective_of()
    found: dict[date, Mapping[str, float]] = {}
    for week in sorted(total):
        if len(people[week]) >= least_people and total[week] > 0:
            back = given_back(session, week, week + timedelta(days=6))
            found[week] = {key: back.of(COMPANY, of.get(key, "")) * sums[week][key] / total[week] for key in known}
    return found


def _beliefs(session: Session, items: set[int]) -> dict[int, Mapping[str, float]]:
    found: dict[int, Mapping[str, float]] = {}
    for some in in_batches(sorted(items)):
        query = select(Match.work_item_id, Match.probabilities).where(Match.work_item_id.in_(some))
        found |= {item: given or {} for item, given in session.execute(query)}
    return found

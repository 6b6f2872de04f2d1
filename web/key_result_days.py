"""Person-days of key results on the page, none of which is about a few people: neither shown nor told by a difference."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import fsum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Effort, Person
from models.vocabulary import COMPANY
from pipeline.match.beliefs import beliefs
from pipeline.progress.work import LIKELY
from pipeline.register.document import Register
from pipeline.register.membership import stay_of_effort
from pipeline.share.floor import NOBODYS, enough, shown, shown_beside
from pipeline.share.undiluted import given_back


@dataclass(frozen=True, slots=True)
class KeyResultDays:
    """Person-days of whole weeks by team ('' for none) and key result, who likely worked on it there, and who worked at all.

    What is said of a key result on which nobody likely worked there tells of nobody, unless hardly anybody worked there at all.
    """

    days: Mapping[tuple[str, str], float]
    people: Mapping[tuple[str, str], frozenset[int]]
    workers: Mapping[str, frozenset[int]]

    def beside_each_other(self, keys: Sequence[str], scope: str, least: int) -> dict[str, float | None]:
        """Those of all key results of an objective, in a team or the company; None where it may not be shown."""
        parts = {key: self._people(key, scope) for key in keys}
        workers = self._workers(scope)
        if workers and not enough(len(workers), least):
            return dict.fromkeys(keys)
        may = set(shown_beside(parts, least))
        return {key: self._sum(key, scope) if key in may or not parts[key] else None for key in keys}

    def by_team(self, key: str, teams: Sequence[str], least: int) -> dict[str, float | None]:
        """Those of a key result by team; None where it may not be shown beside the company's."""
        here = {team: some for (team, one), some in self.people.items() if one == key}
        likely, at_work = _beside_the_rest(here, teams), _beside_the_rest(self.workers, teams)
        may = set(shown(self._people(key, COMPANY), likely, least)[1])
        told = set(shown(self._workers(COMPANY), at_work, least)[1])
        return {
            team: self.days.get((team, key), 0.0)
            if not at_work[team] or (team in told and (team in may or not likely[team]))
            else None
            for team in teams
        }

    def _workers(self, scope: str) -> frozenset[int]:
        return frozenset().union(*(some for team, some in self.workers.items() if scope in (COMPANY, team)))

    def _people(self, key: str, scope: str) -> frozenset[int]:
        return frozenset().union(
            *(some for (team, one), some in self.people.items() if one == key and scope in (COMPANY, team))
        )

    def _sum(self, key: str, scope: str) -> float:
        # Exactly, so that whose row comes first is in no digit.
        return fsum(days for (team, one), days in self.days.items() if one == key and scope in (COMPANY, team))


def _beside_the_rest(people: Mapping[str, frozenset[int]], teams: Sequence[str]) -> dict[str, frozenset[int]]:
    """Of these teams, and of all others together."""
    rest = (some for team, some in people.items() if team not in teams)
    return {team: people.get(team, frozenset()) for team in teams} | {NOBODYS: frozenset().union(*rest)}


def key_result_days(session: Session, register: Register, first: date, last: date) -> KeyResultDays:
    """Of whole weeks, by probability as in the shares, and as likely as those are."""
    of, back = register.objective_of(), given_back(session, first, last)
    amount = func.sum(Effort.person_days)
    stay, on_its_days = stay_of_effort()
    query = (
        select(stay.c.team, Effort.person_id, Person.forgotten, Effort.work_item_id, amount)
        .join(Person, Person.id == Effort.person_id)
        .outerjoin(stay, on_its_days)
        .where(Effort.day >= first, Effort.day <= last)
        .group_by(stay.c.team, Effort.person_id, Person.forgotten, Effort.work_item_id)
    )
    rows = session.execute(query).all()
    believed = dict(beliefs(session, {item for *_, item, _ in rows}))
    days: dict[tuple[str, str], float] = defaultdict(float)
    people: dict[tuple[str, str], set[int]] = defaultdict(set)
    workers: dict[str, set[int]] = defaultdict(set)
    for team, person, forgotten, item, spent in rows:
        if not forgotten:  # a sum of those who are is nobody's
            workers[team or ""].add(person)
        for key, p in believed.get(item, {}).items():
            days[team or "", key] += p * spent * back.of(team or "", of.get(key, ""))
            if p >= LIKELY and not forgotten:
                people[team or "", key].add(person)
    return KeyResultDays(
        dict(days),
        {cell: frozenset(some) for cell, some in people.items()},
        {team: frozenset(some) for team, some in workers.items()},
    )

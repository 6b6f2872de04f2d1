"""The items that most work went into: which they are is found once a cycle, because effort is long and has no index by item."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from leeway.app import App
from models import Drift, Effort, Match, Person
from models.session import in_batches
from pipeline.register.membership import of_team
from pipeline.share.floor import enough
from web import data, reading

MOST = 10
"""Items that are listed."""


class Largest:
    """Items behind a stream, a diagnosis, a key result or a finding, those with the most work first.

    What each says, and why it was matched as it is, is read whenever they are shown. Of a team none where fewer people than the
    floor worked in it since then, the forgotten being nobody: what most work went into would be what that one worked on.
    """

    def __init__(self, app: App) -> None:
        self.app = app
        self._among = lru_cache(maxsize=256)(self._find_among)
        self._serving = lru_cache(maxsize=256)(self._find_serving)
        self._behind = lru_cache(maxsize=256)(self._find_behind)

    def among(self, session: Session, ids: Iterable[int], team: str | None) -> list[dict[str, Any]]:
        """Of these items; with a team, of those that its people worked on."""
        return reading.items_by_id(session, self._among(self._cycle(), tuple(ids), team))

    def serving(self, session: Session, key_result: str, team: str | None, since: date) -> list[dict[str, Any]]:
        """Of those that most likely serve a key result, by the work since a day."""
        return reading.items_by_id(session, self._serving(self._cycle(), key_result, team, since))

    def behind(self, session: Session, drift: Drift) -> list[dict[str, Any]]:
        """Of those that serve no objective, by the work since a finding began."""
        return data.off_plan(session, self._behind(self._cycle(), drift.start, drift.scope))

    def _cycle(self) -> object:
        """What the lists are kept by; while the first cycle is at work nothing is kept."""
        id_, _ = data.last_cycle(self.app)
        return id_ or object()

    def _find_among(self, cycle: object, ids: tuple[int, ...], team: str | None) -> tuple[int, ...]:
        spent: dict[int, float] = {}
        query = _worked_on(team).add_columns(func.sum(Effort.person_days))
        with self.app.sessions() as session:
            for some in in_batches(ids) if self._of_enough(session, team, date.min) else ():
                spent |= dict(session.execute(query.where(Effort.work_item_id.in_(some))).all())
        return tuple(sorted(spent, key=lambda one: (-spent[one], one))[:MOST])

    def _find_serving(self, cycle: object, key_result: str, team: str | None, since: date) -> tuple[int, ...]:
        likely = Match.probabilities[key_result].as_float() >= 0.5
        query = _worked_on(team).join(Match, Match.work_item_id == Effort.work_item_id)
        ranked = query.where(Effort.day >= since, likely).order_by(
            func.sum(Effort.person_days).desc(), Effort.work_item_id
        )
        with self.app.sessions() as session:
            return tuple(session.scalars(ranked.limit(MOST))) if self._of_enough(session, team, since) else ()

    def _of_enough(self, session: Session, team: str | None, since: date) -> bool:
        if team is None:
            return True
        people = select(func.count(Effort.person_id.distinct())).join(Person, Person.id == Effort.person_id)
        workers = of_team(people.where(Effort.day >= since, Person.forgotten.is_(False)), team)
        return enough(session.scalar(workers) or 0, self.app.settings.drift.least_people)

    def _find_behind(self, cycle: object, start: date, scope: str) -> tuple[int, ...]:
        with self.app.sessions() as session:
            return data.heaviest(session, start, scope)


def _worked_on(team: str | None) -> Select[int]:
    """Items that anybody, or somebody of a team, worked on."""
    query = select(Effort.work_item_id).group_by(Effort.work_item_id)
    return query if team is None else of_team(query, team)

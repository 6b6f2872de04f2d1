"""The first weeks of a new plan compared with the weeks before it, on what both plans ask for. Shown, never raised as an
alert."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from alerts.parts import whole_shares
from alerts.weeks import USUAL_WEEKS, WEEK, Weekly, mean_shares, weekly
from alerts.words import Name, Words, day, number, shortened
from pipeline.register.document import Register
from pipeline.register.sameness import same_objective, same_top
from pipeline.register.versions import planned_since, plans
from pipeline.register.workdays import monday

WEEKS = 4
"""Weeks of a new plan that are compared."""
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """An objective of both plans: its mean share before and since, in percent."""

    key: str
    title: str
    before: int
    now: int


@dataclass(frozen=True, slots=True)
class PlanTurn:
    """`since`: the new plan's first day. `weeks`: how many complete ones of it there are, at most WEEKS. `kept`: largest change
    first. `ended`: titles of the old plan's objectives that the new one does not have."""

    since: date
    weeks: int
    kept: tuple[Kept, ...]
    ended: tuple[str, ...]

    def words(self) -> Words:
        """One sentence."""
        said: list[str | Name] = [
            f"In the {_first(self.weeks)} of the plan of {day(self.since)}, compared with the weeks before: "
        ]
        for place, one in enumerate(self.kept[:_NAMED]):
            said += [", " if place else "", Name(shortened(one.title)), f" {one.before}% to {one.now}%"]
        return (*said, "; work moves to a new plan gradually.")


def first_week(session: Session, register: Register) -> date:
    """Monday of the first whole week of the plan in force; weeks before are no measure of it. date.min for a first plan."""
    since = planned_since(session, register)
    return since if since == date.min or since.weekday() == 0 else monday(since) + WEEK


def plan_turn(session: Session, register: Register, scope: str, week: date) -> PlanTurn | None:
    """For the complete weeks up to `week` (a Monday); None where no plan turned within WEEKS, or the plans share no objective.

    Objectives are the same by what they say (pipeline/register/sameness.py), under whatever key.
    """
    since, first = planned_since(session, register), first_week(session, register)
    if since == date.min or not 0 <= (week - monday(since)).days < WEEKS * 7:
        return None
    old = _before(session, register)
    if old is None:
        return None
    after = weekly(session, scope, first, week)
    before = weekly(session, scope, monday(since) - USUAL_WEEKS * WEEK, monday(since) - WEEK)
    if not after or not before:
        return None
    kept = _kept(old, register, before, after)
    gone = tuple(o.title for o in old.objectives if not any(same_objective(o, one) for one in register.objectives))
    return PlanTurn(since, len(after), kept, gone) if kept else None


def _before(session: Session, register: Register) -> Register | None:
    """The plan before this one: the last whose top priorities were others."""
    return next((one for _, one in reversed(plans(session)) if not same_top(one, register)), None)


def _kept(old: Register, new: Register, before: Sequence[Weekly], after: Sequence[Weekly]) -> tuple[Kept, ...]:
    was, now = (whole_shares(mean_shares(weeks), new.top()) for weeks in (before, after))
    found = [
        Kept(one.key, one.title, was.get(one.key, 0), now.get(one.key, 0))
        for one in new.objectives
        if any(same_objective(one, other) for other in old.objectives) and (was.get(one.key) or now.get(one.key))
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.now - one.before)))


def _first(weeks: int) -> str:
    return "first week" if weeks == 1 else f"first {number(weeks)} weeks"

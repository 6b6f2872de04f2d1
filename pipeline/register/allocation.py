"""The plan as parts of one: what each objective should get of the company's work, or of a team's, and since when that holds."""

from collections.abc import Sequence
from datetime import date

from models.vocabulary import COMPANY
from pipeline.register.schema import Register
from pipeline.register.stays import spells
from pipeline.register.workdays import Workdays


def usual_week(register: Register, scope: str = COMPANY) -> float:
    """Person-days that a scope's members work in a week of the period without holidays and leave, on average: who comes or goes
    within it counts for the days that they are there. 0 where the register lists nobody."""
    workdays, weekends = Workdays(register.calendar), {team.key: frozenset(team.weekend) for team in register.teams}
    begin, end = register.period.start, register.period.end
    found = 0.0
    for _, team, member, first, last in spells(register):
        there = (min(last, end) - max(first, begin)).days + 1
        if there > 0 and scope in (COMPANY, team):
            week = 7 - len(weekends[team] or workdays.weekend(begin.year, member.country, member.subdivision))
            found += member.week(week) * there / ((end - begin).days + 1)
    return found


def planned_shares(register: Register, scope: str = COMPANY) -> dict[str, float]:
    """By objective, the planned part of the work of the company, or of a team by its own plan; those without a plan are left out.

    Person-days are parts of a usual week of the scope.
    """
    if scope == COMPANY:
        given = {objective.key: objective.planned for objective in register.objectives}
    else:
        given = dict(next((team.plan or {} for team in register.teams if team.key == scope), {}))
    week = usual_week(register, scope)
    parts = {key: plan.of(week) for key, plan in given.items() if plan is not None}
    return {key: part for key, part in parts.items() if part is not None}


def holds_from(history: Sequence[tuple[date, Register]], scope: str, objective: str) -> date | None:
    """Since when the plan for an objective is what it is in the last of the registers (oldest first, with the day of loading).

    The first plan holds from its period's first day, as does the first of a new period; one that was changed, or added, within
    a period from the day it was loaded on. None where there is none.
    """
    since, before, period = None, None, None
    for at, one in history:
        now = planned_shares(one, scope).get(objective)
        if period is None or one.period.start > period:
            since = one.period.start
        elif now != before:
            since = max(at, one.period.start)
        before, period = now, one.period.start
    return None if before is None else since


def day_rate(register: Register, scope: str = COMPANY) -> float | None:
    """What a working day costs in a team, or in the company: the mean of the teams' rates by their members' parts of a week.

    None where no rate is known.
    """
    if scope != COMPANY:
        return next((team.rate for team in register.teams if team.key == scope), None)
    known = [(team.rate, usual_week(register, team.key)) for team in register.teams if team.rate]
    weight = sum(week for _, week in known)
    if weight <= 0:
        return sum(rate for rate, _ in known) / len(known) if known else None
    return sum(rate * week for rate, week in known) / weight

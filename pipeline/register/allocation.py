"""The plan as shares: which part of the work of the company or a team each objective should get, and since when."""

from collections.abc import Sequence
from datetime import date

from models.vocabulary import COMPANY
from pipeline.register.schema import Register
from pipeline.register.stays import spells
from pipeline.register.workdays import Workdays


def usual_week(register: Register, scope: str = COMPANY) -> float:
    """Return the person-days that a scope's members work in an average week of the period, without holidays and leave.

    Members who join or leave within the period count for the days they are there. 0 if the register lists nobody.
    """
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
    """Return by objective the planned share of the company's work, or of a team's by its own plan, omitting unplanned ones.

    Person-days are converted to shares of the scope's usual week.
    """
    if scope == COMPANY:
        given = {objective.key: objective.planned for objective in register.objectives}
    else:
        given = dict(next((team.plan or {} for team in register.teams if team.key == scope), {}))
    plans = {key: plan for key, plan in given.items() if plan is not None}
    in_days = any(plan.person_days is not None for plan in plans.values())
    week = usual_week(register, scope) if in_days else 0.0  # slow: it walks through all members
    parts = {key: plan.of(week) for key, plan in plans.items()}
    return {key: part for key, part in parts.items() if part is not None}


def holds_from(history: Sequence[tuple[date, Register]], scope: str, objective: str) -> date | None:
    """Return since when the plan for an objective has been what it is in the last register (oldest first, with loading days).

    The first plan, and the first of a new period, holds from the period's first day; a plan changed or added within a period
    holds from the day it was loaded. None if there is no plan.
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
    """Return the cost of a working day in a team or the company: the teams' rates, weighted by their members' working weeks.

    None if no rate is known.
    """
    if scope != COMPANY:
        return next((team.rate for team in register.teams if team.key == scope), None)
    known = [(team.rate, usual_week(register, team.key)) for team in register.teams if team.rate]
    weight = sum(week for _, week in known)
    if weight <= 0:
        return sum(rate for rate, _ in known) / len(known) if known else None
    return sum(rate * week for rate, week in known) / weight

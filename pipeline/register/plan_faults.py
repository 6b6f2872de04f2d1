"""Lint of plans: shares that exceed all work, person-days without members, a rate without a currency."""

from collections.abc import Iterator
from typing import Any

from models.vocabulary import COMPANY
from pipeline.register.allocation import planned_shares, usual_week
from pipeline.register.planned import Plan
from pipeline.register.schema import Register
from pipeline.register.yaml_nodes import Document, LintError, path_of

_ROUNDING = 0.005


def plan_faults(document: Document, register: Register) -> Iterator[LintError]:
    """Yield the faults that only show in a complete, valid register."""
    yield from _company(document, register)
    for number, team in enumerate(register.teams):
        loc = ("teams", number, "plan")
        yield from _sum(document, register, team.key, loc)
        for key, plan in (team.plan or {}).items():
            yield from _days(document, register, team.key, plan, (*loc, key))
        if team.rate and not register.currency:
            yield _fault(document, ("teams", number, "rate"), "needs a currency: write `currency: EUR` at the top.")


def _company(document: Document, register: Register) -> Iterator[LintError]:
    last: tuple[Any, ...] = ("objectives",)
    for number, objective in enumerate(register.objectives):
        here = ("objectives", number, "plan")
        if objective.plan is not None:
            last = here
            yield from _days(document, register, COMPANY, objective.plan, here)
            if objective.share is not None:
                yield _fault(
                    document, ("objectives", number, "share"), "says the same as `plan`; delete one of the two."
                )
        elif objective.share is not None:
            last = ("objectives", number, "share")
    yield from _sum(document, register, COMPANY, last)


def _sum(document: Document, register: Register, scope: str, loc: tuple[Any, ...]) -> Iterator[LintError]:
    total = sum(planned_shares(register, scope).values())
    if total > 1 + _ROUNDING:
        whose = "the objectives' plans" if scope == COMPANY else "the team's plans"
        yield _fault(
            document,
            loc,
            f"{whose} add up to {100 * total:.0f} % of its work; at most 100 % is possible. Lower some.",
        )


def _days(document: Document, register: Register, scope: str, plan: Plan, loc: tuple[Any, ...]) -> Iterator[LintError]:
    if plan.person_days is not None and usual_week(register, scope) <= 0:
        yield _fault(
            document,
            loc,
            "person-days need the teams' members, to know the total; list them, or write a share such as 30 %.",
        )


def _fault(document: Document, loc: tuple[Any, ...], message: str) -> LintError:
    return LintError(document.line(loc), path_of(loc), message)

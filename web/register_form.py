"""What the forms that change the register ask, and what they say back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form

from pipeline.register.cells import KEY_RESULT, OBJECTIVE, same
from pipeline.register.measured import MEASURED_BY, measured_in
from pipeline.register.team_plans import TEAM_PLANS
from web.auth import Id

KINDS = {"objectives": OBJECTIVE, "key-results": KEY_RESULT}
BY = "a word a line, such as jql: issuetype = Bug; checkin: true where somebody types it"
FIELDS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    OBJECTIVE: (
        ("title", "Title", ""),
        ("owner", "Owner", "one address"),
        ("priority", "Priority", "1 is the top"),
        ("plan", "Plan", "of the company's work: 30 %, or 40 person-days per month"),
        ("teams", "Team", "the key of the one that it belongs to; empty: the company"),
        (MEASURED_BY, "What its outcome is measured by", BY),
        ("start", "Start of its outcome", ""),
        ("target", "Target of its outcome", ""),
        ("unit", "Unit of its outcome", "such as %"),
        ("team plans", "Plans of teams", "of the team's own work: app: 50 %, ops: 10 %"),
        ("description", "Description", ""),
    ),
    KEY_RESULT: (
        ("title", "Title", "with the target, as in 'from 31 to 45'"),
        ("owner", "Owner", "one address"),
        ("teams", "Teams", "keys, with commas"),
        (MEASURED_BY, "What its number is measured by", BY),
        ("start", "Start of its number", ""),
        ("target", "Target of its number", ""),
        ("unit", "Unit of its number", "such as %"),
        ("due", "Due", "a day, such as 2026-12-31"),
        ("description", "Description", ""),
    ),
}
"""What can be changed: the column, what it is called, and what to write."""
AREAS = ("description", MEASURED_BY)
"""What may be more than a line."""
LONGEST, LONG = 500, 20_000
"""Characters of a line, and of a text, that a form takes."""
Typed = Annotated[str | None, Form(max_length=2_000)]


def _given(
    title: Typed = None,
    owner: Typed = None,
    priority: Typed = None,
    plan: Typed = None,
    teams: Typed = None,
    team_plans: Annotated[str | None, Form(max_length=2_000, alias="team plans")] = None,
    description: Annotated[str | None, Form(max_length=LONG)] = None,
    measured_by: Annotated[str | None, Form(max_length=LONG, alias="measured by")] = None,
    start: Typed = None,
    target: Typed = None,
    unit: Typed = None,
    due: Typed = None,
) -> dict[str, str | None]:
    """What a form says, by column; None where it has no such field."""
    found = {"title": title, "owner": owner, "priority": priority, "plan": plan, "teams": teams}
    found |= {TEAM_PLANS: team_plans, "description": description}
    return found | {MEASURED_BY: measured_by, "start": start, "target": target, "unit": unit, "due": due}


Given = Annotated[dict[str, str | None], Depends(_given)]
"""Of a handler's parameter: what the form says."""


def refused(typed: Mapping[str, str], before: str = "") -> list[str]:
    """What is not to be said on a page: a statement for a database, or a file of the machine. As it was before it may stay."""
    said = typed.get(MEASURED_BY)
    if said is None or same(MEASURED_BY, said, before):
        return []
    try:
        words = measured_in(said)
    except ValueError:
        return []  # a fault, which is said where it is looked for
    return [
        f"Measured by: `{word}` can only be set in okrs.yaml, by the people who run Leeway."
        for word in ("sql", "csv")
        if word in words
    ]


@dataclass(frozen=True, slots=True)
class Answer:
    """What every form says of its change: why, whether somebody is sure ("yes", or "back"), and which version they saw."""

    why: str
    sure: str
    version: int


def _answer(why: Typed = None, sure: Annotated[str, Form()] = "", version: Annotated[Id, Form()] = 0) -> Answer:
    return Answer(why or "", sure, version)


Answered = Annotated[Answer, Depends(_answer)]
"""Of a handler's parameter: how sure somebody is of the change, and why."""

"""The teams' plans for an objective in one cell: `app: 50 %, ops: 10 %`. In the file they are stored with the teams."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from pipeline.register.planned import Plan

TEAM_PLANS = "team plans"


def team_plans(data: Any, objective: str, words: Any) -> str:
    """Return the cell of an objective; `words` formats one plan."""
    found = [
        f"{team['key']}: {words(team['plan'][objective])}"
        for team in data.get("teams") or ()
        if isinstance(team.get("plan"), Mapping) and objective in team["plan"]
    ]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(found)
    return line.getvalue() if '"' in line.getvalue() else ", ".join(found)


def plans_in(cell: str) -> dict[str, str]:
    """Return the plans as written, by team key. Raises ValueError."""
    found = {}
    for one in next(csv.reader([" ".join(cell.split())], skipinitialspace=True), []):
        team, colon, plan = (part.strip() for part in one.rpartition(":"))
        if one.strip() and not (team and colon and plan):
            raise ValueError(f"{one.strip()!r} names no team and plan; write it as app: 50 %, ops: 10 %")
        if team in found:
            raise ValueError(f"{team!r} is given twice")
        if team:
            found[team] = plan
    return found


def meant_plans(cell: str, plan_of: Any) -> dict[str, Plan]:
    """Return the parsed plans by team key. Raises ValueError."""
    return {team: Plan.model_validate(plan_of(plan)) for team, plan in plans_in(cell).items()}


def put_plans(data: Any, objective: str, plans: Mapping[str, Any]) -> None:
    """Write the plans of an objective into the teams; it is removed from the plans of teams that are not named."""
    for team in data.get("teams") or ():
        given = dict(team.get("plan") or {})
        if team["key"] in plans:
            given[objective] = plans[team["key"]]
        else:
            given.pop(objective, None)
        if given:
            team["plan"] = given
        else:
            team.pop("plan", None)

"""The part of JQL that a number is asked for by: conditions on fields, joined by AND."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from simulator.api.jira_rows import STATUSES
from simulator.world import Issue

_ASKED = re.compile(r"project in \([^)]*\) AND \((.*)\)\s*", re.DOTALL)
_CONDITION = re.compile(r"\s*(\w+)\s*(!=|>=|<=|=|>|<)\s*(\"[^\"]*\"|[\w.-]+)\s*")
_BELOW = re.compile(r"\s*(?:parent|cf\[(\d+)\])\s+in\s+\(([\w, -]+)\)\s*")
_EPIC_LINK, _PARENT_LINK = "10100", "10102"
_CATEGORIES = {"new": "to do", "indeterminate": "in progress", "done": "done"}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: b in a if isinstance(a, list) else a == b,
    "!=": lambda a, b: b not in a if isinstance(a, list) else a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def asked(jql: str) -> str | None:
    """The conditions of a query that names projects first and then, in brackets, something else."""
    found = _ASKED.fullmatch(jql)
    return found[1] if found else None


def meets(conditions: str) -> Callable[[Issue], bool]:
    """Whether an issue meets them. Raises ValueError where they cannot be read."""
    tests = [_test(one.strip("() ") + (")" if " in (" in one else "")) for one in re.split(r"\s+AND\s+", conditions)]
    return lambda issue: all(test(issue) for test in tests)


def _test(condition: str) -> Callable[[Issue], bool]:
    if below := _BELOW.fullmatch(condition):
        names, link = {name.strip() for name in below[2].split(",")}, below[1]
        return lambda issue: (
            issue.parent is not None
            and bool(names & {str(issue.parent.id), issue.parent.key})
            and (issue.type == "Epic") in {_EPIC_LINK: (False,), _PARENT_LINK: (True,)}.get(link, (True, False))
        )
    found = _CONDITION.fullmatch(condition)
    if found is None or found[1].lower() not in _FIELDS:
        raise ValueError(f"Error in the JQL Query: {condition}")
    of, compare, value = _FIELDS[found[1].lower()], _COMPARE[found[2]], found[3].strip('"')
    if found[1].lower() in ("created", "updated"):
        at = datetime.fromisoformat(value).replace(tzinfo=UTC)
        return lambda issue: compare(of(issue), at)
    return lambda issue: compare(of(issue), value.lower())


_FIELDS: dict[str, Callable[[Issue], Any]] = {
    "project": lambda issue: issue.project.lower(),
    "status": lambda issue: issue.status.lower(),
    "statuscategory": lambda issue: _CATEGORIES[STATUSES[issue.status][1]],
    "issuetype": lambda issue: {"epic": ["epic", "epos"]}.get(issue.type.lower(), [issue.type.lower()]),
    "labels": lambda issue: [one.lower() for one in issue.labels],
    "created": lambda issue: issue.created,
    "updated": lambda issue: issue.updated,
}

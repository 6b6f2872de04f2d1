"""The number that a metric asks Jira for: how many issues a query finds, or the sum or average of one of their fields.

The query is asked within the listed projects alone. Cloud has no total in its search since 2025, so there issues are counted by
`search/approximate-count`; Data Center's search says a total. Sums go through every page.
"""

from collections.abc import Mapping
from typing import Any

from connectors.base import BadAnswer
from connectors.jira.client import SOURCE, JiraClient
from connectors.jira.named_field import named_field

FIX = "Write its name as shown on an issue, or its id."
MOST_PAGES = 200
"""Pages of a hundred issues that a sum may take; a query that finds more would hold up the pull."""


def measured(client: JiraClient, projects: str, metric: Mapping[str, Any]) -> float:
    """The number; `projects` is the JQL that names the listed ones. Raises SourceError."""
    jql = f"{projects} AND ({metric['jql']})"
    named = metric.get("sum") or metric.get("average")
    if not named:
        return float(client.count(jql))
    values = _values(client, jql, named_field(client.get("field"), str(named), FIX))
    if "sum" in metric:
        return sum(values)
    if not values:
        raise BadAnswer(SOURCE, f"no issue that the query finds has a number in {named!r}, so there is no average.")
    return sum(values) / len(values)


def _values(client: JiraClient, jql: str, field: str) -> list[float]:
    found: dict[str, float] = {}  # by id: an issue that changes meanwhile may come twice
    token: Any = None
    for _ in range(MOST_PAGES):
        answer = client.search(jql, token, field, changelog=False)
        for issue in answer.get("issues") or []:
            value = (issue.get("fields") or {}).get(field)
            if isinstance(value, int | float) and not isinstance(value, bool):
                found[str(issue["id"])] = float(value)
            elif value is not None:
                raise BadAnswer(SOURCE, f"{field} holds {type(value).__name__} and no number.", "Name a number field.")
        token = answer.get("nextPageToken")
        if not token:
            return list(found.values())
    raise BadAnswer(SOURCE, f"the query returns more than {MOST_PAGES * 100} issues.", "Narrow it, such as by a date.")

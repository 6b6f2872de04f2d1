"""What Jira says of a goal in fields that each site chooses: priority, plan, start and target; and Data Center's *Parent Link*.

Sites number their own fields, so each is found by its name or id. Of Jira's own priorities the place in the site's list counts.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.jira.client import JiraClient
from connectors.jira.named_field import named_field

PRIORITY, PLAN = "priority", "plan"
_PARENT = "com.atlassian.jpo:jpo-custom-field-parent"
_LONGEST = 100


class GoalFields:
    """The fields that are asked for: `named` by what they are of a goal. Raises BadAnswer where the site has no such field."""

    def __init__(self, client: JiraClient, named: Mapping[str, str]) -> None:
        self._client = client
        rows = [one for one in client.get("field") if isinstance(one, Mapping) and "id" in one] if named else []
        self.ids = {what: _id(rows, name, what) for what, name in named.items()}
        self._ranks: dict[str, int] | None = None

    def read(self, fields: Mapping[str, Any]) -> dict[str, str]:
        """What an issue says, by what it is of a goal, as a table would; fields that are empty are left out."""
        said = {what: self._said(what, fields.get(id_)) for what, id_ in self.ids.items()}
        return {what: value for what, value in said.items() if value}

    def _said(self, what: str, value: Any) -> str:
        if isinstance(value, list):
            value = value[0] if len(value) == 1 else None
        if isinstance(value, Mapping):
            if self.ids[what] == PRIORITY:
                return self._rank(value)
            value = value.get("value", value.get("name"))
        if isinstance(value, bool) or value is None:
            return ""
        if isinstance(value, int | float):
            return f"{value:.12g}{' %' if what == PLAN else ''}"
        text = " ".join(str(value).split())[:_LONGEST]
        number = re.search(r"\d+", text) if what == PRIORITY else None
        return number.group() if number else text

    def _rank(self, value: Mapping[str, Any]) -> str:
        """Its place in the site's list of priorities, of which the first is the top."""
        if self._ranks is None:
            rows = self._client.get("priority")
            self._ranks = {str(one.get("id")): n for n, one in enumerate(rows, 1) if isinstance(one, Mapping)}
        place = self._ranks.get(str(value.get("id")))
        return str(place) if place else ""


def _id(rows: Sequence[Mapping[str, Any]], name: str, what: str) -> str:
    plain = name.casefold()
    if plain == PRIORITY:
        return PRIORITY
    return named_field(rows, name, f"Set goals.{what} to its name as shown on an issue, or its id.")


def parent_link(client: JiraClient) -> str:
    """The id of Data Center's *Parent Link*, which Advanced Roadmaps keeps above epics; empty where there is none."""
    if client.is_cloud:
        return ""
    for one in client.get("field"):
        if isinstance(one, Mapping) and (one.get("schema") or {}).get("custom") == _PARENT and "id" in one:
            return str(one["id"])
    return ""

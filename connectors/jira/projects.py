"""Which of the listed projects can be read, and under which key; and Data Center's fields for epics."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from connectors.base import BadAnswer, NotFound, NotReachable, ScopeError, SourceError, WorkItem
from connectors.jira.client import SOURCE, JiraClient

_GREENHOPPER = "com.pyxis.greenhopper.jira:"


class Projects:
    """The listed projects. `keys` are those that can be read, under their present keys; `missing` are the others.

    A query that names one bad project is refused as a whole, so each is looked up before it is named.
    """

    def __init__(self, client: JiraClient, listed: Sequence[str]) -> None:
        self._client, self._listed = client, listed
        self.keys: list[str] = list(listed)
        self.missing: list[str] = []

    def find(self) -> set[str]:
        """Look up which can be read; returns all keys that the account sees, and the listed names of those it reads."""
        visible = self._visible()
        current = {name: name if name in visible else self._renamed(name) for name in self._listed}
        refused = self._refused([key for key in current.values() if key])
        self.keys = list(dict.fromkeys(key for key in current.values() if key and key not in refused))
        self.missing = [name for name, key in current.items() if not key or key in refused]
        return visible | (set(self._listed) - set(self.missing))

    def _visible(self) -> set[str]:
        """All that the account sees; nothing where it may not list them, which need not hinder reading the listed ones."""
        try:
            return {str(one["key"]) for one in self._client.get("project") if isinstance(one, dict) and "key" in one}
        except (ScopeError, BadAnswer):
            return set()

    def refusal(self, names: Sequence[str], so: str = "so it is not read; the others are.") -> NotReachable:
        """The error that names projects which cannot be read."""
        return NotReachable(
            SOURCE,
            f"the project {', '.join(names)} is not visible, {so}",
            "Check the key, give the account Browse Projects there, or remove it from jira.projects.",
        )

    def _renamed(self, name: str) -> str | None:
        """The present key of a project that is listed by a former one, which Jira keeps as a second name."""
        try:
            key = self._client.get(f"project/{name}")["key"]
        except (NotFound, KeyError, TypeError):
            return None
        return str(key)

    def _refused(self, keys: Sequence[str]) -> set[str]:
        """Those that the search refuses although they are there: archived, or not indexed."""
        if not keys or self._is_searchable(keys):
            return set()
        return {key for key in keys if not self._is_searchable([key])}

    def _is_searchable(self, keys: Sequence[str]) -> bool:
        names = ", ".join(json.dumps(key) for key in keys)
        try:
            self._client.search(f"project in ({names}) AND updated >= 4102444800000", None, "updated", changelog=False)
        except BadAnswer:
            return False
        return True


class EpicFields:
    """Data Center keeps the epic of an issue, and what makes an issue an epic, in fields that each site numbers itself."""

    def __init__(self, client: JiraClient) -> None:
        self._client = client
        self._found: dict[str, str] | None = None
        self._ids: dict[str, str] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """Fields that only epics fill."""
        return tuple(id_ for id_ in (self._fields().get("gh-epic-label"),) if id_)

    @property
    def names(self) -> list[str]:
        """Fields to ask for."""
        return sorted(self._fields().values())

    def parents(
        self, items: list[WorkItem], issues: Sequence[Any], by_id: Callable[[Sequence[str], str], list[dict[str, Any]]]
    ) -> list[WorkItem]:
        """The items, with the epic as parent of those that have no other."""
        link = self._fields().get("gh-epic-link")
        if not link:
            return items
        epics = {str(i["id"]): str(i["fields"][link]) for i in issues if (i.get("fields") or {}).get(link)}
        wanted = sorted({key for key in epics.values() if key not in self._ids})
        if wanted:
            try:
                self._ids |= {str(issue["key"]): str(issue["id"]) for issue in by_id(wanted, "project")}
            except SourceError:  # said where the issues themselves are read
                return items
        return [replace(i, parent=i.parent or self._ids.get(epics.get(i.external_id, ""))) for i in items]

    def _fields(self) -> dict[str, str]:
        if self._found is None:
            self._found = {}
            if not self._client.is_cloud:
                for field in self._client.get("field"):
                    custom = str((field.get("schema") or {}).get("custom") or "")
                    if custom.startswith(_GREENHOPPER) and "id" in field:
                        self._found[custom.removeprefix(_GREENHOPPER)] = str(field["id"])
                wanted = ("gh-epic-link", "gh-epic-label")
                self._found = {name: self._found[name] for name in wanted if name in self._found}
        return self._found

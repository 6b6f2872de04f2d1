"""What a query in JQL finds among Jira's issues."""

import re
from bisect import bisect_left, bisect_right
from datetime import datetime
from zoneinfo import ZoneInfo

from simulator.api.config import ApiConfig
from simulator.api.jira_jql import asked, meets
from simulator.world import Issue, World

_PROJECTS = re.compile(r"project in \(([^)]*)\)")
_IDS = re.compile(r"AND id in \(([\w, -]+)\)")
_UPDATED = re.compile(r"updated\s*>=\s*(?:(\d{10,})|\"([^\"]+)\")")
_NOT_AFTER = re.compile(r"updated\s*<=\s*(\d{10,})")


class Index:
    """Issues in the order of their last update, by id, and by the projects that are visible."""

    def __init__(self, world: World, config: ApiConfig) -> None:
        self._world, self._config = world, config
        self._order: list[tuple[float, int, Issue]] | None = None
        self._ids: dict[int, Issue] | None = None
        self._keys: list[str] = []

    def visible(self) -> list[str]:
        """Keys of the projects that the account sees."""
        if not self._keys or not self._config.frozen:
            self._keys = sorted({issue.project for issue in self._world.issues})
        return [key for key in self._keys if self._config.jira_projects is None or key in self._config.jira_projects]

    def select(self, jql: str, *, strict: bool = True) -> list[Issue]:
        """Issues that a query finds; refused as a whole for one project or id that is not there."""
        conditions = asked(jql)
        projects, updated, ids = _PROJECTS.search(jql), _UPDATED.search(jql), _IDS.search(jql)
        if not projects or not (updated or ids or conditions):
            raise ValueError(f"Error in the JQL Query: {jql}")
        named = re.findall(r"\w+", projects.group(1))
        named = [self._config.jira_former_keys.get(key, key) for key in named]
        if bad := next((key for key in named if key not in self.visible()), None):
            raise ValueError(f"The value '{bad}' does not exist for the field 'project'.")
        wanted = set(named)
        if conditions:
            suits = meets(conditions)
            return [
                issue
                for _, _, issue in self._sorted()
                if issue.project in wanted and str(issue.id) not in self._config.unindexed and suits(issue)
            ]
        if ids:
            names = [name.strip() for name in ids.group(1).split(",")]
            known = {str(id_): issue for id_, issue in self.by_id().items()}
            known |= {issue.key: issue for issue in self.by_id().values()}
            if strict and (missing := [name for name in names if name not in known]):
                raise ValueError(f"A value with ID '{missing[0]}' does not exist for the field 'id'.")
            return [known[name] for name in names if name in known and known[name].project in wanted]
        return self._updated(updated, jql, wanted) if updated else []

    def named(self, name: str) -> Issue | None:
        """An issue by its id, its key, or the key it had before it was moved."""
        if name.isdigit():
            return self.by_id().get(int(name))
        return next((issue for issue in self._world.issues if name in (issue.key, issue.former)), None)

    def _updated(self, updated: re.Match[str], jql: str, wanted: set[str]) -> list[Issue]:
        if updated.group(1):
            since = int(updated.group(1)) / 1000
        else:  # a bare date is the account's own, to the minute
            at = datetime.fromisoformat(updated.group(2).replace("/", "-"))
            since = at.replace(tzinfo=ZoneInfo(self._config.jira_time_zone)).timestamp()
        until = int(bound.group(1)) / 1000 if (bound := _NOT_AFTER.search(jql)) else float("inf")
        backwards = "updated DESC" in jql
        rows = self._sorted()
        first, last = (
            bisect_left(rows, since, key=lambda row: row[0]),
            bisect_right(rows, until, key=lambda row: row[0]),
        )
        found = [
            issue
            for _, _, issue in rows[first:last]
            if issue.project in wanted and str(issue.id) not in self._config.unindexed
        ]
        return found[::-1] if backwards else found

    def _sorted(self) -> list[tuple[float, int, Issue]]:
        """(updated, id, issue) in order; kept where the world does not change."""
        if self._order is None or not self._config.frozen:
            self._order = sorted((i.updated.timestamp(), i.id, i) for i in self._world.issues)
        return self._order

    def by_id(self) -> dict[int, Issue]:
        """All issues by their ids."""
        if self._ids is None or not self._config.frozen:
            self._ids = {issue.id: issue for issue in self._world.issues}
        return self._ids

"""Jira's issues as it answers them: found by a query or by their ids, and made whole where the answer cuts them off."""

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from connectors.base import BadAnswer, SourceError, SourceUnavailable
from connectors.jira.client import PAGE_SIZE, SOURCE, JiraClient
from connectors.jira.fields import NamedFields
from connectors.jira.projects import EpicFields, Projects
from connectors.times import millis, read_time

FIELDS = (
    "summary,description,issuetype,status,project,parent,assignee,creator,reporter,labels,created,updated,"
    "comment,worklog,issuelinks"
)
_FULL = (40, 100)
"""Changes that Cloud's search gives at most, of which it may say that they are all."""
LONGEST_PARTS = 5_000
"""Comments, changes and worklogs read of one issue; beyond that it is an automation's, not work."""


class Issues:
    """Those of the listed projects that can be read, as JSON. Errors are SourceError."""

    def __init__(self, client: JiraClient, projects: Projects, epics: EpicFields, named: NamedFields) -> None:
        self._client, self._projects, self._epics, self._named = client, projects, epics, named

    def in_projects(self, only: Sequence[str] | None = None) -> str:
        """The clause of a query that names the projects that can be read, or `only` these."""
        return f"project in ({', '.join(json.dumps(key) for key in only or self._projects.keys)})"

    def found(
        self, which: str, order: str, token: Any, only: Sequence[str] | None = None
    ) -> tuple[list[Any], list[int], Any]:
        """A page of issues, when the search says they were updated, and the token of the next page, None at the end; of all
        projects, or `only` these.

        Where the whole page cannot be had, one by one, so that one issue that breaks the answer does not stop the rest.
        One that changed before it was read so is newer than its page: the walk goes on from the search's own times.
        """
        alone: list[Any] = []
        try:
            answer = self._search(which, order, token, FIELDS, only)
        except BadAnswer:
            if token is None:
                raise
            answer = self._search(
                which, order, None, FIELDS, only
            )  # a token that has expired: the walk begins again here
        except SourceUnavailable as error:
            answer = self._search(which, order, token, "updated", only)
            alone = [self._alone(issue, error) for issue in answer["issues"]]
        return alone or answer["issues"], _times(answer["issues"]), answer.get("nextPageToken")

    def _alone(self, issue: dict[str, Any], error: SourceError) -> dict[str, Any]:
        try:
            found = self.by_id([str(issue["id"])], FIELDS)
            return found[0] if found else issue
        except SourceUnavailable:
            return {**issue, "unreadable": error.message}

    def by_id(self, ids: Sequence[str], fields: str) -> list[dict[str, Any]]:
        """Those of the issues that are there and in a listed project."""
        found = self._client.by_id(self.in_projects(), ids, self._with_epics(fields), changelog=fields == FIELDS)
        return [issue for issue in found if _project_of(issue) in self._projects.keys]

    def places(self, ids: Sequence[str]) -> dict[str, str | None]:
        """The key of the project that each of them is in, of those that the answer tells of."""
        found = self._client.by_id(self.in_projects(), ids, "project", changelog=False)
        return {str(issue["id"]): place for issue in found if (place := _project_of(issue))}

    def _with_epics(self, fields: str) -> str:
        return ",".join([fields, *self._epics.names, *self._named.ids]) if fields == FIELDS else fields

    def _search(self, which: str, order: str, token: Any, fields: str, only: Sequence[str] | None) -> dict[str, Any]:
        answer = self._client.search(
            f"{self.in_projects(only)} AND {which} ORDER BY {order}",
            token,
            self._with_epics(fields),
            changelog=fields == FIELDS,
        )
        if not isinstance(answer, dict) or not isinstance(answer.get("issues"), list):
            raise SourceUnavailable(SOURCE, "the search answered without a list of issues.")
        return answer

    def complete(self, issue: dict[str, Any]) -> None:
        """Fetch what the search cut off: it gives 40 or 100 histories, 20 worklogs and a first page of comments."""
        if "unreadable" in issue:
            raise BadAnswer(SOURCE, str(issue["unreadable"]))
        for holder, name, key in (
            (issue, "changelog", "histories"),
            (issue["fields"], "comment", "comments"),
            (issue["fields"], "worklog", "worklogs"),
        ):
            part = holder.get(name) or {}
            there = len(part.get(key) or [])
            if there < int(part.get("total") or 0) or (holder is issue and there in _FULL and self._client.is_cloud):
                path, values = f"issue/{issue['id']}/{name}", "values" if name == "changelog" else key
                holder[name] = {key: _joined(part.get(key) or [], self._all(path, values))}

    def _all(self, path: str, key: str) -> list[Any]:
        found: list[Any] = []
        while True:
            answer = self._client.get(path, startAt=len(found), maxResults=PAGE_SIZE)
            found += answer[key]
            if not answer[key] or len(found) >= min(int(answer["total"]), LONGEST_PARTS):
                return found


def _joined(first: Sequence[Any], whole: Sequence[Any]) -> list[Any]:
    """All of them once: the longer list has been seen to lack what the search gave (estuary #5204)."""
    there = {str(row.get("id")) for row in whole if isinstance(row, dict)}
    return [*whole, *(row for row in first if isinstance(row, dict) and str(row.get("id")) not in there)]


def _project_of(issue: Any) -> str | None:
    """The key of the project that an issue is in, as far as the answer says it."""
    try:
        return str(issue["fields"]["project"]["key"]) if "id" in issue else None
    except (KeyError, TypeError):
        return None


def _times(issues: Iterable[Any]) -> list[int]:
    """When each was updated, in epoch milliseconds; without those whose time cannot be read."""
    times = []
    for issue in issues:
        with suppress(KeyError, TypeError, ValueError):
            times.append(millis(read_time(issue["fields"]["updated"])))
    return times

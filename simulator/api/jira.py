"""Jira Cloud REST v3 as the `jira` client sees it."""

import base64
import re
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.api.config import JIRA_EMAIL, JIRA_TOKEN, ApiConfig
from simulator.api.limits import Limits
from simulator.world import Issue, World

STATUSES = {"To Do": ("1", "new"), "In Progress": ("3", "indeterminate"), "In Review": ("4", "indeterminate"),
            "Done": ("5", "done")}  # fmt: skip
_SELF = "https://velora.atlassian.example/rest/api/3"
_FIRST_WORKLOGS, _FIRST_HISTORIES, _FIRST_COMMENTS = 20, 100, 50
_PROJECTS = re.compile(r"project in \(([^)]*)\)")
_IDS = re.compile(r"AND id in \(([\d, ]+)\)")
_UPDATED = re.compile(r"updated\s*>=\s*(?:(\d{10,})|\"([^\"]+)\")")
_NOT_AFTER = re.compile(r"updated\s*<=\s*(\d{10,})")


class JiraApi:
    """Answers from a World. Issues are found in the order of their last update."""

    def __init__(self, world: World, config: ApiConfig) -> None:
        self.world, self.config = world, config
        self.limits = Limits(rate=10, burst=100, speed=config.speed)
        self.requests = 0
        self._order: list[tuple[float, int, Issue]] | None = None
        self._ids: dict[int, Issue] | None = None
        self._keys: list[str] = []
        self._users: dict[int, dict[str, Any]] = {}
        api = "/rest/api/{version:int}"
        self.app = Starlette(routes=[
            Route(f"{api}/serverInfo", self._server_info),
            Route(f"{api}/myself", self._guarded(self._myself)),
            Route(f"{api}/status", self._guarded(self._status)),
            Route(f"{api}/field", self._guarded(self._field)),
            Route(f"{api}/project", self._guarded(self._project)),
            Route(f"{api}/project/search", self._guarded(self._project_search)),
            Route(f"{api}/search", self._gone, methods=["GET", "POST"]),
            Route(f"{api}/search/jql", self._guarded(self._search), methods=["GET", "POST"]),
            Route(f"{api}/search/approximate-count", self._guarded(self._count), methods=["POST"]),
            Route(f"{api}/issue/bulkfetch", self._guarded(self._bulk), methods=["POST"]),
            Route(f"{api}/issue/{{id}}/changelog", self._guarded(self._part)),
            Route(f"{api}/issue/{{id}}/worklog", self._guarded(self._part)),
            Route(f"{api}/issue/{{id}}/comment", self._guarded(self._part)),
        ])  # fmt: skip

    def _guarded(self, handler: Any) -> Any:
        async def answer(request: Request) -> Response:
            self.requests += 1
            expected = base64.b64encode(f"{JIRA_EMAIL}:{JIRA_TOKEN}".encode()).decode()
            if request.headers.get("authorization") != f"Basic {expected}":
                return JSONResponse({"message": "Client must be authenticated to access this resource."}, 401)
            wait = self.limits.take()
            if wait:
                headers = {"Retry-After": str(wait), "RateLimit-Reason": "jira-burst-based"}
                return JSONResponse({"errorMessages": ["Rate limit exceeded"]}, 429, headers)
            response: Response = await handler(request)
            response.headers["X-RateLimit-Remaining"] = str(self.limits.left())
            response.headers["X-RateLimit-Reset"] = datetime.now(UTC).isoformat(timespec="seconds")
            return response

        return answer

    async def _server_info(self, request: Request) -> Response:
        return JSONResponse({"baseUrl": str(request.base_url), "version": "1001.0.0-SNAPSHOT",
                             "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud", "buildNumber": 100_280})  # fmt: skip

    async def _myself(self, request: Request) -> Response:
        return JSONResponse({"accountId": "ops-1", "displayName": "Leeway (read only)", "emailAddress": JIRA_EMAIL,
                             "timeZone": self.config.jira_time_zone, "active": True})  # fmt: skip

    async def _status(self, request: Request) -> Response:
        return JSONResponse([{"id": id_, "name": name, "statusCategory": {"key": key}}
                             for name, (id_, key) in STATUSES.items()])  # fmt: skip

    async def _field(self, request: Request) -> Response:
        names = ["summary", "description", "status", "assignee", "parent", "labels", "comment", "worklog"]
        return JSONResponse(
            [{"id": name, "name": name.title(), "custom": False, "clauseNames": [name]} for name in names]
        )

    def _visible(self) -> list[str]:
        if not self._keys or not self.config.frozen:
            self._keys = sorted({issue.project for issue in self.world.issues})
        return [key for key in self._keys if self.config.jira_projects is None or key in self.config.jira_projects]

    async def _project(self, request: Request) -> Response:
        return JSONResponse([{"id": str(n), "key": key, "name": key} for n, key in enumerate(self._visible(), 1)])

    async def _project_search(self, request: Request) -> Response:
        values = [{"id": str(n), "key": key, "name": key} for n, key in enumerate(self._visible(), 1)]
        return JSONResponse({"values": values, "total": len(values), "isLast": True, "startAt": 0})

    async def _gone(self, request: Request) -> Response:
        return JSONResponse({"errorMessages": ["The requested API has been removed. Please migrate to "
                                               "/rest/api/3/search/jql."]}, 410)  # fmt: skip

    async def _search(self, request: Request) -> Response:
        query: dict[str, Any]
        if request.method == "POST":
            query = await request.json()
            fields = query.get("fields") or []
        else:
            query = dict(request.query_params)
            fields = [name for value in request.query_params.getlist("fields") for name in value.split(",")]
        try:
            found = self._select(str(query.get("jql", "")))
        except ValueError as error:
            return JSONResponse({"errorMessages": [str(error)]}, 400)
        size = max(1, min(int(query.get("maxResults") or 50), 100))
        offset = _offset(query.get("nextPageToken"))
        if offset is None:
            return JSONResponse({"errorMessages": ["The nextPageToken is invalid or has expired."]}, 400)
        page = found[offset : offset + size]
        answer: dict[str, Any] = {
            "issues": [self._issue(i, fields, "changelog" in str(query.get("expand"))) for i in page]
        }
        if offset + size < len(found):
            answer["nextPageToken"] = base64.urlsafe_b64encode(str(offset + size).encode()).decode()
        answer["isLast"] = "nextPageToken" not in answer
        return JSONResponse(answer)

    def _select(self, jql: str) -> list[Issue]:
        projects, updated, ids = _PROJECTS.search(jql), _UPDATED.search(jql), _IDS.search(jql)
        if projects and ids:
            wanted = set(re.findall(r"\w+", projects.group(1))) & set(self._visible())
            numbers = {int(number) for number in ids.group(1).split(",")}
            known = self._by_id()
            if missing := numbers - set(known):  # one id that does not exist spoils the whole query
                raise ValueError(f"A value with ID '{min(missing)}' does not exist for the field 'id'.")
            return [known[number] for number in sorted(numbers) if known[number].project in wanted]
        if not projects or not updated:
            raise ValueError(f"Error in the JQL Query: {jql}")
        wanted = set(re.findall(r"\w+", projects.group(1))) & set(self._visible())
        if updated.group(1):
            since = int(updated.group(1)) / 1000
        else:  # a bare date is the account's own, to the minute
            at = datetime.fromisoformat(updated.group(2).replace("/", "-"))
            since = at.replace(tzinfo=ZoneInfo(self.config.jira_time_zone)).timestamp()
        until = int(bound.group(1)) / 1000 if (bound := _NOT_AFTER.search(jql)) else float("inf")
        backwards = "updated DESC" in jql
        rows = self._sorted()
        first, last = (
            bisect_left(rows, since, key=lambda row: row[0]),
            bisect_right(rows, until, key=lambda row: row[0]),
        )
        found = [issue for _, _, issue in rows[first:last] if issue.project in wanted
                 and str(issue.id) not in self.config.unindexed]  # fmt: skip
        return found[::-1] if backwards else found

    def _sorted(self) -> list[tuple[float, int, Issue]]:
        """(updated, id, issue) in order; kept where the world does not change."""
        if self._order is None or not self.config.frozen:
            self._order = sorted((i.updated.timestamp(), i.id, i) for i in self.world.issues)
        return self._order

    def _by_id(self) -> dict[int, Issue]:
        if self._ids is None or not self.config.frozen:
            self._ids = {issue.id: issue for issue in self.world.issues}
        return self._ids

    async def _count(self, request: Request) -> Response:
        return JSONResponse({"count": len(self._select(str((await request.json()).get("jql", ""))))})

    async def _bulk(self, request: Request) -> Response:
        """Reads the issues themselves, not the index; what is missing is left out."""
        query = await request.json()
        names = [str(one) for one in query["issueIdsOrKeys"]]
        if len(names) > 100:
            return JSONResponse({"errorMessages": ["At most 100 issues can be fetched at once."]}, 400)
        known, visible = self._by_id(), self._visible()
        found = [known[int(name)] for name in names if name.isdigit() and int(name) in known]
        rows = [self._issue(issue, query.get("fields") or [], "changelog" in str(query.get("expand")))
                for issue in found if issue.project in visible]  # fmt: skip
        return JSONResponse({"issues": rows, "issueErrors": []})

    async def _part(self, request: Request) -> Response:
        name = request.path_params["id"]
        known = self._by_id()
        issue = known.get(int(name)) if name.isdigit() else next((i for i in known.values() if i.key == name), None)
        if issue is None:
            return JSONResponse(
                {"errorMessages": ["Issue does not exist or you do not have permission to see it."]}, 404
            )
        part = request.url.path.rsplit("/", 1)[1]
        start, size = int(request.query_params.get("startAt", 0)), int(request.query_params.get("maxResults", 100))
        key = {"changelog": "values", "worklog": "worklogs", "comment": "comments"}[part]
        rows = {"changelog": self._histories, "worklog": self._worklogs, "comment": self._comments}[part](issue)
        return JSONResponse({"startAt": start, "maxResults": size, "total": len(rows), key: rows[start : start + size]})

    def _issue(self, issue: Issue, fields: list[str], changelog: bool) -> dict[str, Any]:
        row: dict[str, Any] = {"id": str(issue.id), "key": issue.key, "self": f"/rest/api/3/issue/{issue.id}"}
        values = self._fields(issue)
        row["fields"] = values if "*all" in fields else {name: values[name] for name in fields if name in values}
        if not fields:
            del row["fields"]  # without `fields` the search gives ids only
        if changelog:
            rows = self._histories(issue)
            row["changelog"] = {"startAt": 0, "maxResults": _FIRST_HISTORIES, "total": len(rows),
                                "histories": rows[::-1][:_FIRST_HISTORIES]}  # fmt: skip
        return row

    def _fields(self, issue: Issue) -> dict[str, Any]:
        logs, comments = self._worklogs(issue), self._comments(issue)
        status, category = STATUSES[issue.status]
        return {
            "summary": issue.title, "description": _adf(issue.text), "issuetype": _kind(issue.type),
            "status": _status(status, issue.status, category),
            "project": {"self": f"{_SELF}/project/{issue.project}", "id": issue.project, "key": issue.project,
                        "name": issue.project, "projectTypeKey": "software", "simplified": False,
                        "avatarUrls": _avatars(issue.project)},
            "labels": issue.labels, "created": self._time(issue.created),
            "updated": self._time(issue.updated), "creator": self._user(issue.creator), "reporter": self._user(issue.creator),
            "assignee": None if issue.assignee is None else self._user(issue.assignee),
            "parent": {"id": str(issue.parent.id), "key": issue.parent.key} if issue.parent else None,
            "comment": {"total": len(comments), "maxResults": _FIRST_COMMENTS, "comments": comments[:_FIRST_COMMENTS]},
            "worklog": {"total": len(logs), "maxResults": _FIRST_WORKLOGS, "worklogs": logs[:_FIRST_WORKLOGS]},
            "issuelinks": [],
        }  # fmt: skip

    def _histories(self, issue: Issue) -> list[dict[str, Any]]:
        rows = []
        for number, (at, author, field, old, new) in enumerate(issue.changes):
            change: dict[str, Any] = {"field": field, "fieldtype": "jira", "fieldId": field}
            if field == "status":
                change |= {"from": STATUSES[old][0], "fromString": old, "to": STATUSES[new][0], "toString": new}
            else:
                change |= {"from": _account(old), "to": _account(new)}
            rows.append({"id": f"{issue.id}{number:04d}", "created": self._time(at), "author": self._user(author),
                         "items": [change]})  # fmt: skip
        return rows

    def _worklogs(self, issue: Issue) -> list[dict[str, Any]]:
        return [{"id": f"{issue.id}{n:04d}", "issueId": str(issue.id), "started": self._time(row[0]),
                 "author": self._user(row[1]), "timeSpentSeconds": int(row[2] * 3600)}
                for n, row in enumerate(issue.worklogs) if row]  # fmt: skip

    def _comments(self, issue: Issue) -> list[dict[str, Any]]:
        return [{"id": f"{issue.id}{n:04d}", "created": self._time(row[0]), "updated": self._time(row[0]),
                 "author": self._user(row[1]), "body": _adf(row[2])} for n, row in enumerate(issue.comments) if row]  # fmt: skip

    def _time(self, at: datetime) -> str:
        """In the account's own time zone, as Jira does."""
        local = at.astimezone(self._zone)
        return local.strftime("%Y-%m-%dT%H:%M:%S.") + f"{local.microsecond // 1000:03d}" + local.strftime("%z")

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.config.jira_time_zone)

    def _user(self, number: int) -> dict[str, Any]:
        """With all that Jira says of a user, which is most of an answer's bytes."""
        if number not in self._users:
            person, id_ = self.world.people[number], str(_account(number))
            user = {"self": f"{_SELF}/user?accountId={id_}", "accountId": id_, "accountType": "atlassian", "active": True,
                    "avatarUrls": _avatars(id_), "displayName": person.name, "timeZone": self.config.jira_time_zone}  # fmt: skip
            hidden = number in self.config.hidden_emails
            self._users[number] = user if hidden else user | {"emailAddress": person.email}
        return self._users[number]


def _avatars(name: str) -> dict[str, str]:
    return {
        f"{size}x{size}": f"https://avatars.velora.example/{name}/{size}?default=identicon" for size in (48, 24, 16, 32)
    }


@cache
def _kind(name: str) -> dict[str, Any]:
    return {"self": f"{_SELF}/issuetype/{name}", "id": name, "description": f"A {name.lower()}.", "name": name,
            "iconUrl": f"https://velora.atlassian.example/icons/{name}.svg", "subtask": False, "avatarId": 10318,
            "hierarchyLevel": 1 if name == "Epic" else 0}  # fmt: skip


@cache
def _status(id_: str, name: str, category: str) -> dict[str, Any]:
    return {"self": f"{_SELF}/status/{id_}", "description": "", "iconUrl": "https://velora.atlassian.example/icons/s.png",
            "name": name, "id": id_, "statusCategory": {"self": f"{_SELF}/statuscategory/{id_}", "id": 2, "key": category,
                                                        "colorName": "blue-gray", "name": name}}  # fmt: skip


def _account(number: int | None) -> str | None:
    return None if number is None else f"5f{number:06d}"


def _adf(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": part}]} for part in text.split("\n") if part
    ]
    return {"type": "doc", "version": 1, "content": paragraphs}


def _offset(token: Any) -> int | None:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(str(token)))
    except ValueError:
        return None

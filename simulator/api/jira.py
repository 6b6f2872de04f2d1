"""Jira Cloud (REST v3) and Data Center (REST v2) as the `jira` client sees them."""

import base64
import re
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from simulator.api.config import JIRA_EMAIL, JIRA_TOKEN, ApiConfig
from simulator.api.limits import Limits
from simulator.world import Issue, World

STATUSES = {
    "To Do": ("1", "new"),
    "In Progress": ("3", "indeterminate"),
    "In Review": ("4", "indeterminate"),
    "Done": ("5", "done"),
}
_SELF = "https://velora.atlassian.example/rest/api/3"
_FIRST_WORKLOGS, _FIRST_HISTORIES, _FIRST_COMMENTS = 20, 100, 50
_PROJECTS = re.compile(r"project in \(([^)]*)\)")
_IDS = re.compile(r"AND id in \(([\w, -]+)\)")
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
        self.statuses: list[dict[str, Any]] = [_status(id_, name, key) for name, (id_, key) in STATUSES.items()]
        api = "/rest/api/{version:int}"
        self.app = Starlette(
            routes=[
                Route(f"{api}/serverInfo", self._server_info),
                Route(f"{api}/myself", self._guarded(self._myself)),
                Route(f"{api}/status", self._guarded(self._status)),
                Route(f"{api}/status/{{id}}", self._guarded(self._one_status)),
                Route(f"{api}/field", self._guarded(self._field)),
                Route(f"{api}/project", self._guarded(self._project)),
                Route(f"{api}/project/search", self._guarded(self._project_search)),
                Route(f"{api}/project/{{key}}", self._guarded(self._one_project)),
                Route(f"{api}/search", self._guarded(self._old_search), methods=["GET", "POST"]),
                Route(f"{api}/search/jql", self._guarded(self._search), methods=["GET", "POST"]),
                Route(f"{api}/search/approximate-count", self._guarded(self._count), methods=["POST"]),
                Route(f"{api}/issue/bulkfetch", self._guarded(self._bulk), methods=["POST"]),
                Route(f"{api}/issue/{{id}}", self._guarded(self._one_issue)),
                Route(f"{api}/issue/{{id}}/{{part}}/{{number}}", self._guarded(self._one_part)),
                Route(f"{api}/issue/{{id}}/changelog", self._guarded(self._part)),
                Route(f"{api}/issue/{{id}}/worklog", self._guarded(self._part)),
                Route(f"{api}/issue/{{id}}/comment", self._guarded(self._part)),
            ]
        )

    def _guarded(self, handler: Any) -> Any:
        async def answer(request: Request) -> Response:
            self.requests += 1
            if self._is_elsewhere(request):
                return HTMLResponse("<html><title>Oops, you&#39;ve found a dead link.</title></html>", 404)
            if self.config.jira_expired:
                return self._as_nobody(request)
            expected = base64.b64encode(f"{JIRA_EMAIL}:{JIRA_TOKEN}".encode()).decode()
            bearer = f"Bearer {JIRA_TOKEN}" if self.config.jira_data_center else None
            if request.headers.get("authorization") not in (f"Basic {expected}", bearer):
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

    def _is_elsewhere(self, request: Request) -> bool:
        """Data Center has no REST v3, and some of what Cloud has is not there under v2 either."""
        cloud_only = ("/search/jql", "/bulkfetch", "/approximate-count", "/changelog", "/project/search")
        return self.config.jira_data_center and (
            request.path_params["version"] != 2 or request.url.path.endswith(cloud_only)
        )

    def _as_nobody(self, request: Request) -> Response:
        """What is open to everybody, which is nothing: a search is answered, and a header says why it is empty."""
        failed = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
        if "/search" in request.url.path:
            return JSONResponse({"issues": [], "total": 0, "isLast": True}, headers=failed)
        if request.url.path.endswith(("/project", "/status", "/field")):
            return JSONResponse([], headers=failed)
        return JSONResponse({"message": "Client must be authenticated to access this resource."}, 401, failed)

    async def _server_info(self, request: Request) -> Response:
        if self._is_elsewhere(request):
            return HTMLResponse("<html><title>Oops, you&#39;ve found a dead link.</title></html>", 404)
        if self.config.jira_data_center:
            return JSONResponse(
                {
                    "baseUrl": str(request.base_url),
                    "version": "9.12.5",
                    "versionNumbers": [9, 12, 5],
                    "deploymentType": "Server",
                    "buildNumber": 9_120_005,
                }
            )
        return JSONResponse(
            {
                "baseUrl": str(request.base_url),
                "version": "1001.0.0-SNAPSHOT",
                "versionNumbers": [1001, 0, 0],
                "deploymentType": "Cloud",
                "buildNumber": 100_280,
            }
        )

    async def _myself(self, request: Request) -> Response:
        return JSONResponse(
            {
                "accountId": "ops-1",
                "displayName": "Leeway (read only)",
                "emailAddress": JIRA_EMAIL,
                "timeZone": self.config.jira_time_zone,
                "active": True,
            }
        )

    async def _status(self, request: Request) -> Response:
        return JSONResponse(self.statuses)

    async def _one_status(self, request: Request) -> Response:
        id_ = request.path_params["id"]
        found = next((status for status in self.statuses if status["id"] == id_), None)
        return JSONResponse(found) if found else _missing(f"The status with id '{id_}' does not exist")

    async def _field(self, request: Request) -> Response:
        names = ["summary", "description", "status", "assignee", "parent", "labels", "comment", "worklog"]
        rows: list[dict[str, Any]] = [
            {"id": name, "name": name.title(), "custom": False, "clauseNames": [name]} for name in names
        ]
        if self.config.jira_data_center:
            prefix = "com.pyxis.greenhopper.jira:"
            for id_, type_ in (("customfield_10100", "gh-epic-link"), ("customfield_10101", "gh-epic-label")):
                rows.append({"id": id_, "name": id_, "custom": True, "schema": {"custom": prefix + type_}})
        return JSONResponse(rows)

    def _visible(self) -> list[str]:
        if not self._keys or not self.config.frozen:
            self._keys = sorted({issue.project for issue in self.world.issues})
        return [key for key in self._keys if self.config.jira_projects is None or key in self.config.jira_projects]

    async def _project(self, request: Request) -> Response:
        return JSONResponse([{"id": str(n), "key": key, "name": key} for n, key in enumerate(self._visible(), 1)])

    async def _project_search(self, request: Request) -> Response:
        values = [{"id": str(n), "key": key, "name": key} for n, key in enumerate(self._visible(), 1)]
        return JSONResponse({"values": values, "total": len(values), "isLast": True, "startAt": 0})

    async def _one_project(self, request: Request) -> Response:
        key = self.config.jira_former_keys.get(request.path_params["key"], request.path_params["key"])
        if key not in self._visible():
            return _missing(f"No project could be found with key '{request.path_params['key']}'.")
        return JSONResponse({"id": key, "key": key, "name": key})

    async def _one_issue(self, request: Request) -> Response:
        issue = self._by_id().get(int(request.path_params["id"]))
        if issue is None or issue.project not in self._visible():
            return _missing("Issue does not exist or you do not have permission to see it.")
        return JSONResponse(self._issue(issue, request.query_params.get("fields", "*all").split(","), changelog=False))

    async def _one_part(self, request: Request) -> Response:
        issue, part = self._by_id().get(int(request.path_params["id"])), request.path_params["part"]
        rows = {"worklog": self._worklogs, "comment": self._comments}[part](issue) if issue else []
        found = next((row for row in rows if row["id"] == request.path_params["number"]), None)
        return JSONResponse(found) if found else _missing(f"Cannot find {part} with id.")

    async def _old_search(self, request: Request) -> Response:
        """Data Center's: by place. Cloud has removed it."""
        if not self.config.jira_data_center:
            return await self._gone(request)
        query = dict(request.query_params)
        try:
            found = self._select(query.get("jql", ""), strict=query.get("validateQuery", "true").lower() != "false")
        except ValueError as error:
            return JSONResponse({"errorMessages": [str(error)]}, 400)
        start, size = int(query.get("startAt", 0)), min(int(query.get("maxResults", 50)), 100)
        fields = [name for value in request.query_params.getlist("fields") for name in value.split(",")] or ["*all"]
        changelog = "changelog" in query.get("expand", "")
        rows = [self._issue(issue, fields, changelog) for issue in found[start : start + size]]
        return JSONResponse({"startAt": start, "maxResults": size, "total": len(found), "issues": rows})

    async def _gone(self, request: Request) -> Response:
        return JSONResponse(
            {"errorMessages": ["The requested API has been removed. Please migrate to /rest/api/3/search/jql."]}, 410
        )

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

    def _select(self, jql: str, *, strict: bool = True) -> list[Issue]:
        """Issues that a query finds; refused as a whole for one project or id that is not there."""
        projects, updated, ids = _PROJECTS.search(jql), _UPDATED.search(jql), _IDS.search(jql)
        if not projects or not (updated or ids):
            raise ValueError(f"Error in the JQL Query: {jql}")
        named = re.findall(r"\w+", projects.group(1))
        named = [self.config.jira_former_keys.get(key, key) for key in named]
        if bad := next((key for key in named if key not in self._visible()), None):
            raise ValueError(f"The value '{bad}' does not exist for the field 'project'.")
        wanted = set(named)
        if ids:
            names = [name.strip() for name in ids.group(1).split(",")]
            known = {str(id_): issue for id_, issue in self._by_id().items()}
            known |= {issue.key: issue for issue in self._by_id().values()}
            if strict and (missing := [name for name in names if name not in known]):
                raise ValueError(f"A value with ID '{missing[0]}' does not exist for the field 'id'.")
            return [known[name] for name in names if name in known and known[name].project in wanted]
        return self._updated(updated, jql, wanted) if updated else []

    def _updated(self, updated: re.Match[str], jql: str, wanted: set[str]) -> list[Issue]:
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
        found = [
            issue
            for _, _, issue in rows[first:last]
            if issue.project in wanted and str(issue.id) not in self.config.unindexed
        ]
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
        rows = [
            self._issue(issue, query.get("fields") or [], "changelog" in str(query.get("expand")))
            for issue in found
            if issue.project in visible
        ]
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
            row["changelog"] = {
                "startAt": 0,
                "maxResults": _FIRST_HISTORIES,
                "total": len(rows),
                "histories": rows[::-1][:_FIRST_HISTORIES],
            }
        return row

    def _fields(self, issue: Issue) -> dict[str, Any]:
        logs, comments = self._worklogs(issue), self._comments(issue)
        status, category = STATUSES[issue.status]
        return {
            "summary": issue.title,
            "description": self._body(issue.text),
            "issuetype": self._type(issue),
            "status": next(
                (row for row in self.statuses if row["id"] == status), _status(status, issue.status, category)
            ),
            "project": {
                "self": f"{_SELF}/project/{issue.project}",
                "id": issue.project,
                "key": issue.project,
                "name": issue.project,
                "projectTypeKey": "software",
                "simplified": False,
                "avatarUrls": _avatars(issue.project),
            },
            "labels": issue.labels,
            "created": self._time(issue.created),
            "updated": self._time(issue.updated),
            "creator": self._user(issue.creator),
            "reporter": self._user(issue.creator),
            "assignee": None if issue.assignee is None else self._user(issue.assignee),
            **self._above(issue),
            "comment": {"total": len(comments), "maxResults": _FIRST_COMMENTS, "comments": comments[:_FIRST_COMMENTS]},
            "worklog": {"total": len(logs), "maxResults": _FIRST_WORKLOGS, "worklogs": logs[:_FIRST_WORKLOGS]},
            "issuelinks": [],
        }

    def _above(self, issue: Issue) -> dict[str, Any]:
        """What an issue hangs on: Data Center has `parent` for sub-tasks alone, and custom fields for epics."""
        if not self.config.jira_data_center:
            return {"parent": {"id": str(issue.parent.id), "key": issue.parent.key} if issue.parent else None}
        return {
            "customfield_10100": issue.parent.key if issue.parent else None,
            "customfield_10101": issue.title if issue.type == "Epic" else None,
        }

    def _type(self, issue: Issue) -> dict[str, Any]:
        """In the site's own words; Data Center does not say the level."""
        if not self.config.jira_data_center:
            return _kind(issue.type)
        name = "Epos" if issue.type == "Epic" else issue.type
        return {"id": name, "name": name, "subtask": False}

    def _body(self, text: str | None) -> Any:
        return text if self.config.jira_data_center else _adf(text)

    def _histories(self, issue: Issue) -> list[dict[str, Any]]:
        rows = []
        for number, (at, author, field, old, new) in enumerate(issue.changes):
            change: dict[str, Any] = {"field": field, "fieldtype": "jira", "fieldId": field}
            if field == "status":
                change |= {"from": STATUSES[old][0], "fromString": old, "to": STATUSES[new][0], "toString": new}
            else:
                change |= {"from": self._id(old), "to": self._id(new)}
            rows.append(
                {
                    "id": f"{issue.id}{number:04d}",
                    "created": self._time(at),
                    "author": self._user(author),
                    "items": [change],
                }
            )
        return rows

    def _worklogs(self, issue: Issue) -> list[dict[str, Any]]:
        return [
            {
                "id": f"{issue.id}{n:04d}",
                "issueId": str(issue.id),
                "started": self._time(row[0]),
                "author": self._user(row[1]),
                "timeSpentSeconds": int(row[2] * 3600),
            }
            for n, row in enumerate(issue.worklogs)
            if row
        ]

    def _comments(self, issue: Issue) -> list[dict[str, Any]]:
        return [
            {
                "id": f"{issue.id}{n:04d}",
                "created": self._time(row[0]),
                "updated": self._time(row[0]),
                "author": self._user(row[1]),
                "body": self._body(row[2]),
            }
            for n, row in enumerate(issue.comments)
            if row
        ]

    def _id(self, number: int | None) -> str | None:
        """What names a user in a history: on Data Center the key, which is not the login name."""
        return (
            None
            if number is None
            else f"JIRAUSER{10_000 + number}"
            if self.config.jira_data_center
            else _account(number)
        )

    def _time(self, at: datetime) -> str:
        """In the account's own time zone, as Jira does."""
        local = at.astimezone(self._zone)
        return local.strftime("%Y-%m-%dT%H:%M:%S.") + f"{local.microsecond // 1000:03d}" + local.strftime("%z")

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.config.jira_time_zone)

    def _user(self, number: int) -> dict[str, Any]:
        """With all that Jira says of a user, which is most of an answer's bytes."""
        if self.config.jira_data_center:
            person = self.world.people[number]
            name = person.email.partition("@")[0]
            return {
                "name": name,
                "key": self._id(number),
                "displayName": person.name,
                "active": True,
                "emailAddress": person.email,
                "timeZone": self.config.jira_time_zone,
            }
        if number not in self._users:
            person, id_ = self.world.people[number], str(_account(number))
            user = {
                "self": f"{_SELF}/user?accountId={id_}",
                "accountId": id_,
                "accountType": "atlassian",
                "active": True,
                "avatarUrls": _avatars(id_),
                "displayName": person.name,
                "timeZone": self.config.jira_time_zone,
            }
            hidden = number in self.config.hidden_emails
            self._users[number] = user if hidden else user | {"emailAddress": person.email}
        return self._users[number]


def _missing(message: str) -> Response:
    return JSONResponse({"errorMessages": [message], "errors": {}}, 404)


def _avatars(name: str) -> dict[str, str]:
    return {
        f"{size}x{size}": f"https://avatars.velora.example/{name}/{size}?default=identicon" for size in (48, 24, 16, 32)
    }


@cache
def _kind(name: str) -> dict[str, Any]:
    return {
        "self": f"{_SELF}/issuetype/{name}",
        "id": name,
        "description": f"A {name.lower()}.",
        "name": name,
        "iconUrl": f"https://velora.atlassian.example/icons/{name}.svg",
        "subtask": False,
        "avatarId": 10318,
        "hierarchyLevel": 1 if name == "Epic" else 0,
    }


@cache
def _status(id_: str, name: str, category: str) -> dict[str, Any]:
    return {
        "self": f"{_SELF}/status/{id_}",
        "description": "",
        "iconUrl": "https://velora.atlassian.example/icons/s.png",
        "name": name,
        "id": id_,
        "statusCategory": {
            "self": f"{_SELF}/statuscategory/{id_}",
            "id": 2,
            "key": category,
            "colorName": "blue-gray",
            "name": name,
        },
    }


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

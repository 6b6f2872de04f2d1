"""Jira Cloud (REST v3) and Data Center (REST v2) as the `jira` client sees them."""

import base64
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from simulator.api.config import JIRA_EMAIL, JIRA_GATEWAY, JIRA_SCOPED_TOKEN, JIRA_TOKEN, ApiConfig
from simulator.api.jira_index import Index
from simulator.api.jira_rows import Rows
from simulator.api.limits import Limits
from simulator.world import World

PRIORITIES = ("Highest", "High", "Medium", "Low", "Lowest")


class JiraApi:
    """Answers from a World. Issues are found in the order of their last update."""

    def __init__(self, world: World, config: ApiConfig) -> None:
        self.world, self.config = world, config
        self.limits = Limits(rate=10, burst=100, speed=config.speed)
        self.requests = 0
        self.index, self.rows = Index(world, config), Rows(world, config)
        self.statuses = self.rows.statuses
        api = "/rest/api/{version:int}"
        routes = [
            Route(f"{api}/serverInfo", self._server_info),
            Route(f"{api}/myself", self._guarded(self._myself)),
            Route(f"{api}/status", self._guarded(self._status)),
            Route(f"{api}/status/{{id}}", self._guarded(self._one_status)),
            Route(f"{api}/issuetype", self._guarded(self._types)),
            Route(f"{api}/priority", self._guarded(self._priorities)),
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
        own = [Route("/_edge/tenant_info", self._tenant_info), Mount(JIRA_GATEWAY, routes=routes)]
        self.app = Starlette(routes=[*routes, *own])

    def _guarded(self, handler: Any) -> Any:
        async def answer(request: Request) -> Response:
            self.requests += 1
            if self._is_elsewhere(request):
                return HTMLResponse("<html><title>Oops, you&#39;ve found a dead link.</title></html>", 404)
            if self.config.jira_expired:
                return self._as_nobody(request)
            token = JIRA_SCOPED_TOKEN if JIRA_GATEWAY in request.url.path else JIRA_TOKEN
            expected = base64.b64encode(f"{JIRA_EMAIL}:{token}".encode()).decode()
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
                    "baseUrl": self.config.jira_address or f"{request.url.scheme}://{request.url.netloc}/",
                    "version": "9.12.5",
                    "versionNumbers": [9, 12, 5],
                    "deploymentType": "Server",
                    "buildNumber": 9_120_005,
                }
            )
        return JSONResponse(
            {
                "baseUrl": self.config.jira_address or f"{request.url.scheme}://{request.url.netloc}/",
                "version": "1001.0.0-SNAPSHOT",
                "versionNumbers": [1001, 0, 0],
                "deploymentType": "Cloud",
                "buildNumber": 100_280,
            }
        )

    async def _tenant_info(self, request: Request) -> Response:
        """Open to everybody; a Data Center has none."""
        if self.config.jira_data_center:
            return HTMLResponse("<html><title>Oops, you&#39;ve found a dead link.</title></html>", 404)
        return JSONResponse({"cloudId": self.config.jira_cloud_id})

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
        rows.append({"id": "timespent", "name": "Time Spent", "custom": False, "schema": {"type": "number"}})
        if self.config.jira_data_center:
            prefix = "com.pyxis.greenhopper.jira:"
            for id_, type_ in (("customfield_10100", "gh-epic-link"), ("customfield_10101", "gh-epic-label")):
                rows.append({"id": id_, "name": id_, "custom": True, "schema": {"custom": prefix + type_}})
        if self.config.jira_parent_link:
            custom = "com.atlassian.jpo:jpo-custom-field-parent"
            rows.append(
                {"id": "customfield_10102", "name": "Parent Link", "custom": True, "schema": {"custom": custom}}
            )
        rows += [{"id": id_, "name": name, "custom": True} for id_, name in self.config.jira_fields.items()]
        return JSONResponse(rows)

    async def _project(self, request: Request) -> Response:
        return JSONResponse([{"id": str(n), "key": key, "name": key} for n, key in enumerate(self.index.visible(), 1)])

    async def _project_search(self, request: Request) -> Response:
        values = [{"id": str(n), "key": key, "name": key} for n, key in enumerate(self.index.visible(), 1)]
        return JSONResponse({"values": values, "total": len(values), "isLast": True, "startAt": 0})

    async def _one_project(self, request: Request) -> Response:
        key = self.config.jira_former_keys.get(request.path_params["key"], request.path_params["key"])
        if key not in self.index.visible():
            return _missing(f"No project could be found with key '{request.path_params['key']}'.")
        return JSONResponse({"id": key, "key": key, "name": key})

    async def _priorities(self, request: Request) -> Response:
        return JSONResponse([{"id": str(n), "name": name} for n, name in enumerate(PRIORITIES, 1)])

    async def _types(self, request: Request) -> Response:
        return JSONResponse(self.rows.types())

    async def _one_issue(self, request: Request) -> Response:
        issue = self.index.named(request.path_params["id"])
        if issue is None or issue.project not in self.index.visible():
            return _missing("Issue does not exist or you do not have permission to see it.")
        return JSONResponse(
            self.rows.issue(issue, request.query_params.get("fields", "*all").split(","), changelog=False)
        )

    async def _one_part(self, request: Request) -> Response:
        issue, part = self.index.by_id().get(int(request.path_params["id"])), request.path_params["part"]
        rows = {"worklog": self.rows.worklogs, "comment": self.rows.comments}[part](issue) if issue else []
        found = next((row for row in rows if row["id"] == request.path_params["number"]), None)
        return JSONResponse(found) if found else _missing(f"Cannot find {part} with id.")

    async def _old_search(self, request: Request) -> Response:
        """Data Center's: by place. Cloud has removed it."""
        if not self.config.jira_data_center:
            return await self._gone(request)
        query = dict(request.query_params)
        try:
            found = self.index.select(
                query.get("jql", ""), strict=query.get("validateQuery", "true").lower() != "false"
            )
        except ValueError as error:
            return JSONResponse({"errorMessages": [str(error)]}, 400)
        start, size = int(query.get("startAt", 0)), min(int(query.get("maxResults", 50)), 100)
        fields = [name for value in request.query_params.getlist("fields") for name in value.split(",")] or ["*all"]
        changelog = "changelog" in query.get("expand", "")
        rows = [self.rows.issue(issue, fields, changelog) for issue in found[start : start + size]]
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
            found = self.index.select(str(query.get("jql", "")))
        except ValueError as error:
            return JSONResponse({"errorMessages": [str(error)]}, 400)
        size = max(1, min(int(query.get("maxResults") or 50), 100))
        offset = _offset(query.get("nextPageToken"))
        if offset is None:
            return JSONResponse({"errorMessages": ["The nextPageToken is invalid or has expired."]}, 400)
        page = found[offset : offset + size]
        answer: dict[str, Any] = {
            "issues": [self.rows.issue(i, fields, "changelog" in str(query.get("expand"))) for i in page]
        }
        if offset + size < len(found):
            answer["nextPageToken"] = base64.urlsafe_b64encode(str(offset + size).encode()).decode()
        answer["isLast"] = "nextPageToken" not in answer
        return JSONResponse(answer)

    async def _count(self, request: Request) -> Response:
        try:
            return JSONResponse({"count": len(self.index.select(str((await request.json()).get("jql", ""))))})
        except ValueError as error:
            return JSONResponse({"errorMessages": [str(error)]}, 400)

    async def _bulk(self, request: Request) -> Response:
        """Reads the issues themselves, not the index; what is missing is left out."""
        query = await request.json()
        names = [str(one) for one in query["issueIdsOrKeys"]]
        if len(names) > 100:
            return JSONResponse({"errorMessages": ["At most 100 issues can be fetched at once."]}, 400)
        known, visible = self.index.by_id(), self.index.visible()
        found = [known[int(name)] for name in names if name.isdigit() and int(name) in known]
        rows = [
            self.rows.issue(issue, query.get("fields") or [], "changelog" in str(query.get("expand")))
            for issue in found
            if issue.project in visible
        ]
        return JSONResponse({"issues": rows, "issueErrors": []})

    async def _part(self, request: Request) -> Response:
        name = request.path_params["id"]
        known = self.index.by_id()
        issue = known.get(int(name)) if name.isdigit() else next((i for i in known.values() if i.key == name), None)
        if issue is None:
            return JSONResponse(
                {"errorMessages": ["Issue does not exist or you do not have permission to see it."]}, 404
            )
        part = request.url.path.rsplit("/", 1)[1]
        start, size = int(request.query_params.get("startAt", 0)), int(request.query_params.get("maxResults", 100))
        key = {"changelog": "values", "worklog": "worklogs", "comment": "comments"}[part]
        rows = {"changelog": self.rows.histories, "worklog": self.rows.worklogs, "comment": self.rows.comments}[part](
            issue
        )
        return JSONResponse({"startAt": start, "maxResults": size, "total": len(rows), key: rows[start : start + size]})


def _missing(message: str) -> Response:
    return JSONResponse({"errorMessages": [message], "errors": {}}, 404)


def _offset(token: Any) -> int | None:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(str(token)))
    except ValueError:
        return None

"""GitHub's REST API, as Enterprise Server serves it under /api/v3."""

import hashlib
import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.api.config import GITHUB_TOKEN, ApiConfig
from simulator.api.github_rows import Refused, Rows, moved, text_of
from simulator.api.limits import Limits
from simulator.code import Code, Repository, Ticket
from simulator.world import World

_PREFIX = "/api/v3"
_MOST_COMMITS = 250
_NEEDS = {"issues": "issues", "pulls": "pull_requests", "commits": "contents", "compare": "contents"}


class GitHubApi:
    """Answers from what Code makes of a World.

    `kind` is the token's: classic, fine-grained or app. `permissions` are what it may read; `hidden` names
    repositories it may not see and `sso` those that want it authorised. `host` is what links name. Each of `refusals`,
    (part of the path, status, message, headers), is answered once.
    """

    def __init__(self, world: World, config: ApiConfig) -> None:
        self.world, self.config = world, config
        self.hour = Limits(rate=5_000 / 3600, burst=5_000, speed=config.speed)
        self.minute = Limits(rate=15, burst=900, speed=config.speed)
        self.kind, self.permissions = "classic", {"issues", "pull_requests", "contents"}
        self.hidden, self.sso = set[str](), set[str]()
        self.host = ""
        self.expires: datetime | None = None
        self.tokens = {GITHUB_TOKEN}
        self.requests: list[str] = []
        self.unchanged, self.most_rows = 0, 10_000
        self.refusals: list[tuple[str, int, str, dict[str, str]]] = []
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET", "POST"])])

    @cached_property
    def code(self) -> Code:
        """Made when it is first asked for."""
        return Code(self.world)

    @cached_property
    def rows(self) -> Rows:
        """Shows it."""
        return Rows(self.code)

    async def _answer(self, request: Request) -> Response:
        path = request.url.path.removeprefix(_PREFIX)
        self.requests.append(path)
        try:
            if request.method == "POST":
                return self._new_token(request, path)
            if request.headers.get("authorization", "").split(" ")[-1] not in self.tokens:
                raise Refused(401, "Bad credentials")
            self._within_limits()
            self._refuse(path)
            data, headers = self._route(path, dict(request.query_params), request)
        except Refused as error:
            return JSONResponse(
                {"message": str(error), "documentation_url": "https://docs.github.com/rest"},
                error.status,
                self._headers() | error.headers,
            )
        body = json.dumps(data).encode()
        etag = f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = self._headers() | headers | {"ETag": etag}
        if request.headers.get("if-none-match") == etag:
            self.unchanged += 1
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers | {"Content-Type": "application/json; charset=utf-8"})

    def _new_token(self, request: Request, path: str) -> Response:
        if not re.fullmatch(r"/app/installations/\d+/access_tokens", path):
            return JSONResponse({"message": "Not Found"}, 404)
        if request.headers.get("authorization", "").count(".") != 2:
            return JSONResponse({"message": "A JSON web token could not be decoded"}, 401)
        token = f"ghs_{len(self.tokens)}"
        self.tokens.add(token)
        ends = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return JSONResponse({"token": token, "expires_at": ends, "permissions": {"issues": "read"}}, 201)

    def _refuse(self, path: str) -> None:
        for one in self.refusals:
            if one[0] in path:
                self.refusals.remove(one)
                raise Refused(one[1], one[2], one[3])

    def _within_limits(self) -> None:
        if self.minute.take():
            raise Refused(403, "You have exceeded a secondary rate limit.", {"Retry-After": "1"})
        if self.hour.take():
            raise Refused(403, "API rate limit exceeded for user ID 1.", {"X-RateLimit-Remaining": "0"})

    def _headers(self) -> dict[str, str]:
        found = {
            "X-RateLimit-Limit": "5000",
            "X-RateLimit-Remaining": str(self.hour.left()),
            "X-RateLimit-Reset": str(int(time.time()) + 3600),
        }
        if self.kind == "classic":
            found |= {"X-OAuth-Scopes": "repo", "X-Accepted-OAuth-Scopes": "repo"}
        if self.expires:
            found["GitHub-Authentication-Token-Expiration"] = self.expires.strftime("%Y-%m-%d %H:%M:%S UTC")
        return found

    def _route(self, path: str, query: dict[str, str], request: Request) -> tuple[Any, dict[str, str]]:
        parts = path.strip("/").split("/")
        if parts[0] == "repos":
            repository, rest = self._named("/".join(parts[1:3]), parts[3:], request), parts[3:]
        elif parts[0] == "repositories":
            repository = next((one for one in self.code.repositories if str(one.id) == parts[1]), None)  # type: ignore[assignment]
            rest = parts[2:]
        else:
            return self._account(parts), {}
        if repository is None or repository.name in self.hidden:
            raise Refused(404, "Not Found")
        if repository.name in self.sso:
            address = f"required; url=https://github.com/orgs/{repository.name.partition('/')[0]}/sso"
            raise Refused(403, "Resource protected by organization SAML enforcement.", {"X-GitHub-SSO": address})
        if not rest:
            return self.rows.repository(repository), {}
        need = _NEEDS.get(rest[0], "")
        if need and need not in self.permissions:
            raise Refused(
                403,
                "Resource not accessible by personal access token",
                {"X-Accepted-GitHub-Permissions": f"{need}=read"},
            )
        found: tuple[Any, dict[str, str]] = self._of(repository, rest, query, request)
        return found

    def _named(self, name: str, rest: list[str], request: Request) -> Repository:
        for one in self.code.repositories:
            if name.lower() == one.name.lower():
                return one
            if name in one.former:
                raise moved(self._address(request) + "/".join(["", "repositories", str(one.id), *rest]), request)
        raise Refused(404, "Not Found")

    def _account(self, parts: list[str]) -> Any:
        if parts == ["user"]:
            return {"id": 1, "login": "leeway-reader", "type": "User"}
        if parts == ["rate_limit"]:
            return {"resources": {"core": {"limit": 5000, "remaining": self.hour.left()}}}
        if parts in (["user", "repos"], ["installation", "repositories"]):
            rows = [self.rows.repository(one) for one in self.code.repositories if one.name not in self.hidden]
            return rows if parts[0] == "user" else {"total_count": len(rows), "repositories": rows}
        for account in self.code.accounts.values():
            if parts[0] in ("user", "users") and parts[-1] in (str(account.id), account.login):
                return (self.rows.user(account.id) or {}) | {"name": account.name, "email": account.email}
        raise Refused(404, "Not Found")

    def _of(self, repository: Repository, rest: list[str], query: dict[str, str], request: Request) -> Any:
        # Long: one table of the paths below a repository and what each is answered with
        place = "/".join("N" if re.fullmatch(r"\d+|[0-9a-f]{40}", one) else one for one in rest)
        if rest[0] == "compare":
            return self._compared(repository, rest[1], query, request)
        lists: dict[str, Callable[[], list[Any]]] = {
            "issues": lambda: self._issues(repository, query),
            "pulls": lambda: self._pulls(repository, query),
            "issues/comments": lambda: self._remarks(repository, query, "comments"),
            "pulls/comments": lambda: self._remarks(repository, query, "lines"),
            "commits": lambda: self._commits(repository, query),
            "issues/N/timeline": lambda: self.rows.timeline(self._ticket(repository, rest[1])),
            "pulls/N/comments": lambda: [
                self.rows.remark(repository, self._ticket(repository, rest[1]), one, "lines")
                for one in self._ticket(repository, rest[1]).lines
            ],
            "pulls/N/commits": lambda: [
                self.rows.commit(one) for one in self._ticket(repository, rest[1]).commits[:_MOST_COMMITS]
            ],
            "commits/N/pulls": lambda: [
                self.rows.pull(repository, repository.tickets[n]) for n in repository.holders.get(rest[1], [])
            ],
        }
        if place in lists:
            return self._paged(lists[place](), query, request)
        if place == "issues/N":
            return self.rows.issue(repository, self._ticket(repository, rest[1], request)), {}
        if place == "pulls/N":
            return self.rows.pull(repository, self._ticket(repository, rest[1])), {}
        if place == "commits/N" and rest[1] in repository.commits:
            return self.rows.commit(repository.commits[rest[1]]), {}
        if place in ("issues/comments/N", "pulls/comments/N"):
            kind = "comments" if rest[0] == "issues" else "lines"
            for ticket in repository.tickets.values():
                for one in getattr(ticket, kind):
                    if str(one.id) == rest[2]:
                        return self.rows.remark(repository, ticket, one, kind), {}
        if place == "issues/events/N" and any(
            str(e[0]) == rest[2] for t in repository.tickets.values() for e in t.events
        ):
            return {"id": int(rest[2])}, {}
        if place == "pulls/N/reviews/N":
            for one in self._ticket(repository, rest[1]).reviews:
                if str(one.id) == rest[3]:
                    return {"id": one.id}, {}
        raise Refused(404, "Not Found")

    def _ticket(self, repository: Repository, number: str, request: Request | None = None) -> Ticket:
        lost = repository.lost.get(int(number))
        if lost == "deleted" and request:
            raise Refused(410, "This issue was deleted")
        if lost and request:  # the redirect covers the issue itself and nothing below it
            raise moved(f"{self._address(request)}/repositories/{lost[0].id}/issues/{lost[1]}", request)
        if int(number) not in repository.tickets:
            raise Refused(404, "Not Found")
        ticket = repository.tickets[int(number)]
        if request and ticket.branch is None and not repository.has_issues:
            raise Refused(410, "Issues are disabled for this repo")
        return ticket

    def _issues(self, repository: Repository, query: dict[str, str]) -> list[Any]:
        if not repository.has_issues:
            raise Refused(410, "Issues are disabled for this repo")
        return [self.rows.issue(repository, one) for one in self._listed(list(repository.tickets.values()), query)]

    def _pulls(self, repository: Repository, query: dict[str, str]) -> list[Any]:
        rows = self._listed([one for one in repository.tickets.values() if one.branch], query | {"since": ""})
        return [self.rows.pull(repository, one, brief=True) for one in rows]

    def _listed(self, tickets: list[Ticket], query: dict[str, str]) -> list[Ticket]:
        state = query.get("state", "open")
        found = [one for one in tickets if state == "all" or (one.closed is None) == (state == "open")]
        if since := query.get("since"):
            if since.startswith("1970"):
                return []  # as it is: https://github.com/airbytehq/airbyte/pull/85376
            found = [one for one in found if text_of(one.updated) >= since]
        by_update = query.get("sort", "created") == "updated"
        found.sort(key=lambda one: (one.updated if by_update else one.created, one.number))
        return found if query.get("direction", "desc") == "asc" else found[::-1]

    def _remarks(self, repository: Repository, query: dict[str, str], kind: str) -> list[Any]:
        if kind == "comments" and not repository.has_issues:
            raise Refused(410, "Issues are disabled for this repo")
        rows = [
            self.rows.remark(repository, ticket, one, kind)
            for ticket in repository.tickets.values()
            for one in getattr(ticket, kind)
        ]
        name = "updated_at" if query.get("sort") == "updated" else "created_at"
        rows = [row for row in rows if row["updated_at"] >= query.get("since", "")]
        return sorted(rows, key=lambda row: (row[name], row["id"]), reverse=query.get("direction") == "desc")

    def _commits(self, repository: Repository, query: dict[str, str]) -> list[Any]:
        if not repository.commits:
            raise Refused(409, "Git Repository is empty.")
        sha = query.get("sha", "main")
        sha = repository.main if sha == "main" else sha
        if sha not in repository.commits:
            raise Refused(404, "Not Found")
        logins = {one.login: one.id for one in self.code.accounts.values()}
        found = [
            one
            for one in repository.reached(sha).values()
            if text_of(one.committed) >= query.get("since", "")
            and text_of(one.committed) <= query.get("until", "9999")
            and ("author" not in query or one.user == logins.get(query["author"], -1))
        ]
        return [self.rows.commit(one) for one in found]

    def _compared(
        self, repository: Repository, which: str, query: dict[str, str], request: Request
    ) -> tuple[Any, dict[str, str]]:
        base, _, head = which.partition("...")
        if base not in repository.commits or head not in repository.commits:
            raise Refused(404, "Not Found")
        before, after = repository.reached(base), repository.reached(head)
        added = [self.rows.commit(one) for sha, one in after.items() if sha not in before][::-1]
        rows, headers = self._paged(added, query, request)
        behind = len(before.keys() - after.keys())
        return {"total_commits": len(added), "ahead_by": len(added), "behind_by": behind, "commits": rows}, headers

    def _paged(self, rows: list[Any], query: dict[str, str], request: Request) -> tuple[list[Any], dict[str, str]]:
        size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
        if page * size > self.most_rows:
            raise Refused(422, "In order to keep the API fast for everyone, pagination is limited for this resource.")
        links = []
        if page * size < len(rows):
            address = f"{self._address(request)}{request.url.path.removeprefix(_PREFIX)}"
            for rel, number in (("next", page + 1), ("last", -(-len(rows) // size))):
                links.append(f'<{address}?{urlencode({**query, "page": number})}>; rel="{rel}"')
        return rows[(page - 1) * size : page * size], {"Link": ", ".join(links)} if links else {}

    def _address(self, request: Request) -> str:
        return (self.host or str(request.base_url).rstrip("/")) + _PREFIX

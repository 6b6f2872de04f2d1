"""Asking a Jira: the vendor's client within the rate, with retries; its errors become ours."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import requests
from jira import JIRA
from jira.exceptions import JIRAError

from connectors.base import (
    BadAnswer,
    NotFound,
    RateLimited,
    SourceError,
    SourceUnavailable,
)
from connectors.jira.refusals import not_accepted, nothing_there, refusal
from connectors.limits import Limiter, Rate
from connectors.network import bundle, no_answer
from connectors.retry import retrying, seconds_of
from connectors.tenant import UNSAID, Tenant, place
from connectors.times import skew_of

SOURCE = "jira"
PAGE_SIZE = 100
_REFUSED = {"AUTHENTICATED_FAILED", "AUTHENTICATION_DENIED"}


class JiraClient:
    """One Jira. `skew` is the server's clock less ours in seconds, None until it has answered with a Date."""

    def __init__(self, url: str, email: str, token: str, timeout: float, rate: Rate, limiter: Limiter) -> None:
        self.url = url
        self._auth: dict[str, Any] = {"basic_auth": (email, token)} if email else {"token_auth": token}
        self._timeout, self._rate, self._limiter = timeout, rate, limiter
        self._vendor: JIRA | None = None
        self._login = ""
        self._site: str | None = None
        self.skew: float | None = None

    @property
    def vendor(self) -> JIRA:
        """The vendor's client; asks the server on first use which kind of Jira it is."""
        if self._vendor is None:
            try:
                client = self._connected("3")
            except NotFound:  # Data Center has REST v2 only
                try:
                    client = self._connected("2")
                except NotFound:
                    raise nothing_there(self.url) from None
            client._session.hooks["response"].append(self._heard)
            self._vendor = client
        return self._vendor

    def _connected(self, version: str) -> JIRA:
        options = {"server": self.url, "rest_api_version": version, "verify": bundle() or True}

        def connect() -> JIRA:
            try:
                return JIRA(self.url, options=options, max_retries=0, timeout=self._timeout, **self._auth)
            except (KeyError, TypeError, AttributeError):  # the client's, of an answer without a version
                raise SourceUnavailable(
                    SOURCE,
                    f"{self.url} does not identify itself (serverInfo).",
                    "Check jira.url, and open it in a browser.",
                ) from None

        return self._retried(connect)

    @property
    def site(self) -> str:
        """Where people open it: of the gateway, which no browser can show, the site behind it. Raises SourceError."""
        if self._site is None:
            said = self.get("serverInfo").get("baseUrl") if "/ex/jira/" in self.url else None
            self._site = str(said).rstrip("/") if said else self.url
        return self._site

    def tenant(self) -> Tenant:
        """The site. Cloud gives it an id that stays when it is called otherwise; a Data Center is known by its base URL.

        Raises SourceError.
        """
        info = self.get("serverInfo")
        said = info.get("baseUrl") if isinstance(info, dict) else None
        where = str(said).rstrip("/") if said else self.url
        id_ = self._cloud_id() if self.is_cloud else ""
        return Tenant(id_, place(where), f"{where} ({'Cloud' if self.is_cloud else 'Data Center'}{id_ and ', '}{id_})")

    def _cloud_id(self) -> str:
        """What the gateway's address holds and the site itself says; empty where something before the site does not let it."""
        _, gateway, rest = self.url.partition("/ex/jira/")
        if gateway:
            return rest.partition("/")[0].lower()
        try:
            said = self.ask(lambda jira: jira._session.get(f"{self.url}/_edge/tenant_info").text)
            return str(json.loads(said)["cloudId"]).lower()
        except (*UNSAID, ValueError, KeyError, TypeError):
            return ""

    @property
    def is_cloud(self) -> bool:
        """Return True for Jira Cloud, False for Data Center. Raises SourceError."""
        return bool(self.vendor._is_cloud)

    def ask(self, call: Callable[[JIRA], Any]) -> Any:
        """Run one call of the vendor's client. Raises SourceError."""
        vendor = self.vendor  # connects first: retries within retries would multiply
        return self._retried(lambda: call(vendor))

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of one GET below the API's root. Raises SourceError."""
        return self.ask(lambda vendor: vendor._get_json(path, params=query or None))

    def search(self, jql: str, token: Any, fields: str, *, changelog: bool) -> Any:
        """One page of a search and `nextPageToken`, which is missing on the last one. Raises SourceError."""
        expand = "changelog" if changelog else None
        if self.is_cloud:
            return self.ask(
                lambda jira: jira.enhanced_search_issues(
                    jql, nextPageToken=token, maxResults=PAGE_SIZE, fields=fields, expand=expand, json_result=True
                )
            )
        offset = int(token or 0)
        answer = self.ask(
            lambda jira: jira.search_issues(
                jql, startAt=offset, maxResults=PAGE_SIZE, fields=fields, expand=expand, json_result=True
            )
        )
        seen = offset + len(answer.get("issues", []))
        if answer.get("issues") and seen < int(answer.get("total", 0)):
            answer["nextPageToken"] = seen
        return answer

    def count(self, jql: str) -> int:
        """How many issues a query finds; on Cloud by its own estimate, which is behind by seconds. Raises SourceError."""
        if self.is_cloud:
            answer = self.ask(lambda jira: jira.approximate_issue_count(jql, json_result=True))
            found = answer.get("count")
        else:
            found = self.get("search", jql=jql, maxResults=0, fields="key").get("total")
        if not isinstance(found, int):
            raise BadAnswer(SOURCE, f"{self.url} answered without a count.")
        return found

    def by_id(self, projects: str, ids: Sequence[str], fields: str, *, changelog: bool) -> list[dict[str, Any]]:
        """Those of at most PAGE_SIZE issues that are there. `projects` is the JQL that names the listed ones."""
        expand = ["changelog"] if changelog else []
        if not self.is_cloud:
            jql = f"{projects} AND id in ({', '.join(ids)})"
            answer = self.ask(
                lambda jira: jira.search_issues(
                    jql,
                    maxResults=PAGE_SIZE,
                    fields=fields,
                    expand=",".join(expand),
                    validate_query=False,
                    json_result=True,
                )
            )
            return list(answer["issues"])
        wanted = {"issueIdsOrKeys": list(ids), "fields": [*fields.split(","), "project"], "expand": expand}
        url = self.vendor._get_url("issue/bulkfetch")
        answer = self.ask(lambda jira: jira._session.post(url, data=json.dumps(wanted)).json())
        return list(answer.get("issues", []))

    def is_there(self, path: str) -> bool:
        """Return False only where the server says 404 of what it is asked for by name. Raises SourceError."""
        try:
            self.get(path)
        except NotFound:
            return False
        return True

    def _retried(self, call: Callable[[], Any]) -> Any:
        return retrying(lambda: self._translated(call), self._limiter, "jira", self._rate)

    def _heard(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """Read the answer's headers: whether the login holds, the server's clock, and whether its bucket is empty."""
        self._login = response.headers.get("X-Seraph-LoginReason", "")
        self.skew = skew_of(response.headers.get("Date"))
        if response.headers.get("X-RateLimit-Remaining") == "0" and response.ok:
            reset = response.headers.get("X-RateLimit-Reset", "")
            try:
                seconds = datetime.fromisoformat(reset).timestamp() - time.time()
            except ValueError:
                seconds = 1.0
            self._limiter.pause("jira", min(max(seconds, 0.0), 60.0))

    def _translated(self, call: Any) -> Any:
        """Run a call of the client; its errors become ours, which say whether to try again."""
        self._login = ""
        try:
            answer = call()
            if _REFUSED & {reason.strip() for reason in self._login.split(",")}:
                raise not_accepted(self.url)  # answers like a Jira that has nothing to show
            return answer
        except JIRAError as error:
            raise self._error(error) from None  # the client's message holds headers and the whole body
        except (requests.JSONDecodeError, RecursionError, UnicodeDecodeError):
            raise SourceUnavailable(SOURCE, f"{self.url} answered with something that is not JSON.") from None
        except OSError as error:  # of requests, or of a file of certificates that is not there
            raise no_answer(SOURCE, f"no answer from {self.url}", error, "Check jira.url and the network.") from None

    def _error(self, error: JIRAError) -> SourceError:
        status, response = error.status_code, error.response
        if status in (401, 403):
            return refusal(self.url, status, *_said(error))
        retry_after = response.headers.get("Retry-After") if response is not None else None
        if status == 429 or (status == 503 and retry_after):
            return RateLimited(SOURCE, seconds_of(retry_after, 5))
        if status == 404:
            return NotFound(SOURCE, f"{self.url} has no such resource.")
        if status is None or status >= 500:
            return SourceUnavailable(SOURCE, f"{self.url} answered {status}.")
        return BadAnswer(SOURCE, f"{self.url} answered {status}: {str(error.text)[:200]}")


def _said(error: JIRAError) -> tuple[Mapping[str, str], str]:
    """The answer's headers and whole text; the client's own text is a part of it."""
    response = error.response
    return ({}, str(error.text)) if response is None else (response.headers, response.text)

"""Asks GitHub through PyGithub's requester, and says in Leeway's words what went wrong.

PyGithub signs the requests, renews an app's tokens and keeps the connection. What is built on it here, and why:
- One requester a thread: it keeps the request that is under way on its connection, so two threads would get each
  other's answers.
- Repositories are asked for by their number, which stays when they are renamed: following a redirect, the requester
  drops the query, and with it `state`, `since` and the size of the page.
- Of a `Link` only the query is followed: behind a proxy, Enterprise names a host or scheme there that nobody reaches.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import requests
from github import Auth, Github, GithubException
from jwt import PyJWTError
from urllib3.exceptions import HTTPError

from connectors.base import (
    BadAnswer,
    CredentialError,
    NotFound,
    NotReachable,
    RateLimited,
    ScopeError,
    SourceError,
    SourceUnavailable,
)
from connectors.limits import LONGEST_WAIT_SECONDS, Limiter, Rate
from connectors.network import bundle, no_answer
from connectors.onward import Onward
from connectors.retry import retrying, seconds_of
from connectors.tenant import Tenant, place
from connectors.times import skew_of

PAGE_SIZE = 100
_BUCKET = "github"
_SECONDARY_SECONDS = 60.0
"""GitHub asks to wait a minute where a secondary limit comes without a Retry-After."""


class NotThere(NotFound):
    """404: hidden, gone, or never there."""


class Gone(BadAnswer):
    """410: an issue that was deleted, or issues are switched off."""


class Empty(BadAnswer):
    """409: a repository without a commit."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one request gave. `data` is None where nothing changed since `etag`; `next` is the next page's query, `last`
    the last page's number, as far as GitHub says it."""

    data: Any
    etag: str = ""
    next: Mapping[str, str] | None = None
    last: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)


def api_address(url: str) -> str:
    """Where the API of a GitHub is: api.github.com, api.COMPANY.ghe.com, or COMPANY/api/v3 (Enterprise Server)."""
    url = url.rstrip("/")
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    if host.startswith("api.") or parts.path.endswith("/api/v3"):
        return url
    if host == "github.com" or host.endswith(".ghe.com"):
        return f"{parts.scheme}://api.{host}"
    return f"{url}/api/v3"


class Client:
    """GET requests to one GitHub, within its limits. Raises SourceError."""

    def __init__(
        self,
        *,
        url: str,
        token: str,
        app_id: str,
        private_key: str,
        installation_id: int,
        timeout: float,
        rate: Rate,
        limiter: Limiter,
    ) -> None:
        self.url, self.address = url.rstrip("/"), api_address(url)
        self.is_app = bool(app_id)
        self._token, self._app, self._installation = token, (app_id, private_key), installation_id
        self._timeout, self._rate, self._limiter = timeout, rate, limiter
        self._local = threading.local()
        self._closed_until = 0.0
        self.skew: float | None = None

    def tenant(self) -> Tenant:
        """github.com or an Enterprise server; which repositories are read is listed by name."""
        return Tenant("", place(self.address), self.url)

    def get(self, path: str, **query: Any) -> Any:
        """The answer's JSON."""
        return self.ask(path, query).data

    def pages(self, path: str, query: Mapping[str, Any], *, rows: str | bool = True) -> Iterator[Answer]:
        """Answer after answer, along the links."""
        following: Mapping[str, Any] | None = {"per_page": PAGE_SIZE, **query}
        onward = Onward("github", path)
        while following is not None:
            onward.to(*sorted((name, str(value)) for name, value in following.items()))
            answer = self.ask(path, following, rows=rows)
            yield answer
            following = answer.next

    def rows(self, path: str, most: int, **query: Any) -> list[Any]:
        """The rows of all pages, or a little more than `most`."""
        found: list[Any] = []
        for answer in self.pages(path, query):
            found += answer.data
            if len(found) >= most:
                break
        return found

    def ask(self, path: str, query: Mapping[str, Any], etag: str = "", *, rows: str | bool = False) -> Answer:
        """One request, again where that helps. With `rows`, anything but a list (of that name) counts as no answer."""
        if (left := self._closed_until - time.time()) > 0:  # the hour's requests are used up; the next pull goes on
            raise _used_up(left)
        return retrying(lambda: self._once(path, query, etag, rows), self._limiter, _BUCKET, self._rate)

    def _once(self, path: str, query: Mapping[str, Any], etag: str, rows: str | bool) -> Answer:
        status, headers, body = self._request(path, query, etag)
        self._heard(headers)
        if status == 304:
            return Answer(None, etag, headers=headers)
        if not 200 <= status < 300:
            raise self._error(status, headers, body, path)
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            raise SourceUnavailable(
                "github", f"{self.address} answered with something that is not JSON.", "Check github.url."
            ) from None
        listed = data.get(rows) if isinstance(rows, str) and isinstance(data, dict) else data
        if rows and not isinstance(listed, list):
            raise SourceUnavailable("github", f"{path} answered without a list.")
        links = _links(headers.get("link", ""))
        last = links.get("last", {}).get("page", "1")
        return Answer(data, headers.get("etag", ""), links.get("next"), int(last) if last.isdigit() else 1, headers)

    def _request(self, path: str, query: Mapping[str, Any], etag: str) -> tuple[int, dict[str, str], str]:
        headers = {"If-None-Match": etag} if etag else {}
        try:
            answered: tuple[int, dict[str, str], str] = self._requester().requestJson("GET", path, dict(query), headers)
        except GithubException as error:  # only a new token for an app is asked for within
            raise self._error(error.status, error.headers or {}, json.dumps(error.data), "the app's token") from None
        except (OSError, HTTPError, UnicodeDecodeError) as error:  # requests' own are OSErrors
            raise no_answer(
                "github", f"no answer from {self.address}", error, "Check github.url and the network."
            ) from None
        except (RuntimeError, AssertionError):  # redirected to another host or scheme; the message names the path
            raise NotReachable(
                "github",
                f"{self.address} redirects to another address.",
                "Set github.url to the address it redirects to.",
            ) from None
        except (PyJWTError, ValueError) as error:  # the app's key is none
            if not self.is_app:
                raise
            raise CredentialError(
                "github",
                f"the app's private key cannot be read ({type(error).__name__}).",
                "Set github.private_key to the whole .pem file.",
            ) from None
        return answered

    def _requester(self) -> Any:
        """Without PyGithub's own retries and pauses: retries within retries would multiply."""
        if not hasattr(self._local, "requester"):
            self._local.requester = Github(
                auth=Auth.AppAuth(*self._app).get_installation_auth(self._installation)
                if self.is_app
                else Auth.Token(self._token),
                base_url=self.address,
                timeout=cast(int, self._timeout),
                user_agent="leeway",
                per_page=PAGE_SIZE,
                verify=bundle() or True,
                retry=None,
                seconds_between_requests=None,
                seconds_between_writes=None,
            ).requester
        return self._local.requester

    def _heard(self, headers: Mapping[str, str]) -> None:
        """Read the answer's headers: the server's clock, and whether this hour's requests are used up."""
        if "date" in headers:
            self.skew = skew_of(headers["date"])
        if headers.get("x-ratelimit-remaining") == "0":
            self._closed_until = time.time() + self._until_reset(headers)

    def _until_reset(self, headers: Mapping[str, str]) -> float:
        """Seconds until the hour is over, by the server's own clock."""
        reset = headers.get("x-ratelimit-reset", "")
        server = time.time() + (self.skew or 0.0)
        return min(max(float(reset) - server, 1.0), 3700.0) if reset.isdigit() else _SECONDARY_SECONDS

    def _error(self, status: int, headers: Mapping[str, Any], body: str, path: str) -> SourceError:
        said = _message(body)
        headers = {str(name).lower(): str(value) for name, value in headers.items()}
        if status == 401:
            return CredentialError(
                "github", "the token was rejected.", "It may have expired: create a new one and set github.token."
            )
        if status in (403, 429) and (limited := self._limited(headers, said)):
            return limited
        if status == 403:
            return self._forbidden(headers, said)
        if status == 404:
            return NotThere("github", f"{path} does not exist, or the token has no access to it.")
        if status == 410:
            return Gone("github", f"{path}: {said}")
        if status == 409 and "empty" in said.lower():
            return Empty("github", f"{path}: {said}")
        if status == 451:
            return NotReachable(
                "github", f"{path} is blocked: {said}", "Remove the repository from github.repositories."
            )
        if status >= 500:
            return SourceUnavailable("github", f"{self.address} answered {status}.")
        return BadAnswer("github", f"{path} answered {status}: {said}")

    def _limited(self, headers: Mapping[str, str], said: str) -> SourceError | None:
        """A 403 or 429 that only asks to wait."""
        if "retry-after" in headers:
            return RateLimited("github", seconds_of(headers["retry-after"], _SECONDARY_SECONDS))
        if headers.get("x-ratelimit-remaining") == "0":
            left = self._until_reset(headers)
            return RateLimited("github", left) if left <= LONGEST_WAIT_SECONDS else _used_up(left)
        if "rate limit" in said.lower() or "abuse" in said.lower():
            return RateLimited("github", _SECONDARY_SECONDS)
        return None

    def _forbidden(self, headers: Mapping[str, str], said: str) -> SourceError:
        if "x-github-sso" in headers or "SAML" in said:
            return NotReachable(
                "github",
                "the organisation requires the token to be authorised for its single sign-on (SAML).",
                "Settings, Developer settings, the token, Configure SSO.",
            )
        if "IP allow list" in said:
            return NotReachable(
                "github", "the organisation's IP allow list refuses this machine.", "Add its address there."
            )
        needed = headers.get("x-accepted-github-permissions") or headers.get("x-accepted-oauth-scopes") or "?"
        return ScopeError("github", needed, "Give the token that permission; docs/connectors.md lists all.")


def _used_up(seconds: float) -> SourceError:
    """No RateLimited, which would have all streams and workers stand still for so long."""
    return SourceError(
        "github",
        f"the token's requests of this hour are used up, for {seconds / 60:.0f} more minutes.",
        "The next pull continues.",
    )


def _message(body: str) -> str:
    """What GitHub says of an error, short."""
    try:
        answer = json.loads(body)
        return str(answer.get("message", ""))[:200] if isinstance(answer, dict) else ""
    except (ValueError, RecursionError):
        return ""


def _links(header: str) -> dict[str, dict[str, str]]:
    """Of a Link header (RFC 8288) each address's query, by relation."""
    found = requests.utils.parse_header_links(header) if header else []
    return {one["rel"]: dict(parse_qsl(urlsplit(one["url"]).query)) for one in found if "rel" in one}

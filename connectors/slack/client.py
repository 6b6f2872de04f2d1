"""Asking Slack: the vendor's client within the rates of its tiers, with retries; its errors become ours."""

import re
import ssl
from collections.abc import Mapping
from http.client import HTTPException
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

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
from connectors.limits import Limiter, Rate
from connectors.network import bundle, no_answer, proxy_of, trusted_by_system
from connectors.retry import retrying, seconds_of
from connectors.slack import codes
from connectors.tenant import Tenant, place
from connectors.times import skew_of

SOURCE = "slack"
SCOPE_PAGE = "https://api.slack.com/apps, your app, OAuth & Permissions, then reinstall the app"
PAGE_SIZE = 200
"""Rows asked for at once: messages, replies, members, channels."""
_CODE = re.compile(r"[a-z0-9_]{1,60}")
_ANSWERS = {
    "conversations.history": {"messages"},
    "conversations.replies": {"messages"},
    "users.list": {"members"},
    "conversations.list": {"channels"},
    "usergroups.list": {"usergroups"},
}


class SlackClient:
    """One workspace. After `auth.test`, `skew` is the server's clock less ours."""

    def __init__(self, api_url: str, token: str, timeout: int, requests_per_minute: float, limiter: Limiter) -> None:
        self.api_url = api_url
        self._vendor = vendor(token, api_url, timeout)
        self._limiter, self._rate = limiter, Rate.per_minute(requests_per_minute)
        self._lists_rate = Rate.per_minute(max(requests_per_minute * 0.4, 1))  # Tier 2
        self.skew: float | None = None
        self._granted: set[str] | None = None

    def ask(self, method: str, **query: Any) -> Any:
        """Call a method of the API; parameters that are empty are left out. Raises SourceError."""
        tier_three = method in ("conversations.history", "conversations.replies")
        rate = self._rate if tier_three else self._lists_rate
        return retrying(lambda: self._translated(method, query), self._limiter, f"slack {method}", rate)

    def tenant(self) -> Tenant:
        """The workspace; its id stays where it is called otherwise or joins an organisation. Raises SourceError."""
        answer = self.ask("auth.test")
        name, id_ = str(answer.get("team") or "?"), str(answer.get("team_id") or "")
        return Tenant(id_, place(answer.get("url")), f"the workspace {name} ({id_ or answer.get('url')})")

    def granted(self) -> set[str]:
        """The scopes of the token; Slack is asked once, where nothing asked before. Raises SourceError."""
        if self._granted is None:
            self.ask("auth.test")
        return self._granted or set()

    def _translated(self, method: str, query: Mapping[str, Any]) -> Any:
        try:
            self._vendor.ssl = _authorities()  # they may be renewed under a running worker
            answer = self._vendor.api_call(method, params={k: v for k, v in query.items() if v != ""})
        except SlackApiError as error:
            raise self._error(method, error) from None
        except (SlackClientError, OSError, ValueError, RecursionError, HTTPException) as error:
            raise no_answer(
                SOURCE, f"no usable answer from {self.api_url}", error, "Check slack.api_url and the network."
            ) from None
        if not isinstance(answer.data, dict):
            raise SourceUnavailable(SOURCE, f"{method} answered with something that is not JSON.")
        if method == "auth.test":
            self._granted = set((_header(answer.headers, "x-oauth-scopes") or "").replace(" ", "").split(","))
            self.skew = skew_of(_header(answer.headers, "date"))
        missing = _ANSWERS.get(method, set()) - set(answer.data)
        if missing:
            raise SourceUnavailable(SOURCE, f"{method} answered without {', '.join(sorted(missing))}.")
        return answer

    def _error(self, method: str, error: SlackApiError) -> SourceError:
        response = error.response
        if isinstance(response, Mapping) or not hasattr(response, "status_code"):
            return BadAnswer(SOURCE, f"{method} gave no readable answer.")
        if response.status_code == 429:
            return RateLimited(SOURCE, seconds_of(_header(response.headers, "retry-after"), 5))
        if response.status_code >= 500:
            return SourceUnavailable(SOURCE, f"{method} answered {response.status_code}.")
        data = response.data if isinstance(response.data, dict) else {}
        code = str(data.get("error", "unknown"))
        if not _CODE.fullmatch(code):  # the client puts a page that is not JSON there
            return SourceUnavailable(SOURCE, f"{method} answered with something that is not JSON.")
        if code in codes.NO_TOKEN:
            return CredentialError(
                SOURCE,
                f"the token was rejected ({codes.wrong_token(code)}).",
                f"Copy the bot token (xoxb-) from {SCOPE_PAGE}; slack.token.",
            )
        if code == "missing_scope":
            return ScopeError(SOURCE, str(data.get("needed", "?")), f"Add it at {SCOPE_PAGE}.")
        if code == "ratelimited":
            return RateLimited(SOURCE, 30)
        if code in ("thread_not_found", "message_not_found"):
            return NotFound(SOURCE, f"{method} answered {code}.")
        if code in ("not_in_channel", "channel_not_found", "is_archived"):
            return NotReachable(SOURCE, f"{method}: {code}.", "Invite the app to the channel: /invite.")
        if code in codes.TRANSIENT:
            moving = " The workspace is moving into an organisation." if code == "team_added_to_org" else ""
            return SourceUnavailable(SOURCE, f"{method} answered {code}.{moving}")
        if code in codes.ORGANISATION:
            fix = "Install the app in the workspace itself and use that token; the organisation's admins must allow it."
            return NotReachable(SOURCE, f"{method}: {code}; the organisation does not allow the app this way.", fix)
        if code in codes.REFUSED:
            return NotReachable(
                SOURCE, f"{method}: {code}; the workspace refuses this app or machine.", "Ask its admins."
            )
        return BadAnswer(SOURCE, f"{method} answered {code}.")


def vendor(token: str | None, api_url: str, timeout: int = 30) -> WebClient:
    """The vendor's client; by itself it knows no NO_PROXY and not every name of the file of certificates."""
    client = WebClient(token=token, base_url=api_url, timeout=timeout, ssl=_authorities())
    client.proxy = proxy_of(api_url)
    return client


def _authorities() -> ssl.SSLContext | None:
    return trusted_by_system() if bundle() else None


def next_of(answer: Any) -> str:
    """The cursor of the page that follows an answer; empty where none does."""
    return (answer.get("response_metadata") or {}).get("next_cursor") or ""


def _header(headers: Mapping[str, Any], name: str) -> str | None:
    """urllib keeps the server's spelling and slack_sdk may give a list, so neither case nor type is certain."""
    for key, value in headers.items():
        if key.lower() == name:
            return str(value[0] if isinstance(value, list) else value)
    return None

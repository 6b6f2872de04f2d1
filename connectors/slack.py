"""Slack, through `slack_sdk`: messages and threads of the listed channels; never a direct message.

`conversations.history` gives top-level messages only, so a reply to an old thread shows itself only by the
parent's `latest_reply`. Each pull therefore reads the parents of the last `thread_days` again and fetches the
replies of those that have news. A `ts` is an id, kept as a string.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from connectors.base import (
    Account,
    BadAnswer,
    Check,
    CredentialError,
    Cursor,
    Failure,
    Page,
    RateLimited,
    ScopeError,
    Signal,
    SourceError,
    SourceUnavailable,
    WorkItem,
)
from connectors.retry import retrying
from connectors.text import from_mrkdwn, issue_keys

PAGE_SIZE = 200
LONGEST_TEXT = 20_000
SCOPES = {
    "channels:read": "find the listed channels",
    "channels:history": "read their messages",
    "users:read": "tell people from bots",
    "users:read.email": "know one person across the sources",
    "chat:write": "post the alert",
}
SCOPE_PAGE = "https://api.slack.com/apps, your app, OAuth & Permissions, then reinstall the app"
_TOKEN_ERRORS = {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"}
_SKIPPED = {
    "channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name", "channel_archive",
    "group_join", "group_leave", "pinned_item", "huddle_thread", "tombstone", "reminder_add",
}  # fmt: skip


class SlackConnector:
    """Messages of the listed channels; a thread is a work item, a message without replies too."""

    name = "slack"

    def __init__(
        self, *, token: str, channels: list[str], api_url: str = "https://slack.com/api/", thread_days: int = 30,
        timeout: int = 30,
    ) -> None:  # fmt: skip
        self.channels = [channel.lstrip("#") for channel in channels]
        self.api_url = api_url.rstrip("/") + "/"
        self.thread_days = thread_days
        self.client = WebClient(token=token, base_url=self.api_url, timeout=timeout)
        self._ids: dict[str, str] = {}

    def check(self) -> list[Check]:
        """See connectors.base.Connector."""
        try:
            answer = self._ask("auth.test")
        except SourceError as error:
            return [Check("token", False, error.message, error.mend)]
        checks = [Check("token", True, f"{answer.get('user')} in {answer.get('team')}")]
        granted = set((_header(answer.headers, "x-oauth-scopes") or "").replace(" ", "").split(","))
        for scope, purpose in SCOPES.items():
            mend = "" if scope in granted else f"Add it at {SCOPE_PAGE}."
            checks.append(Check(f"scope {scope}", scope in granted, f"to {purpose}", mend))
        try:
            ids = self._channel_ids()
        except SourceError as error:
            return [*checks, Check("channels", False, error.message, error.mend)]
        for channel in self.channels:
            mend = "" if channel in ids else f"Check the name and invite the app: /invite in #{channel}."
            checks.append(
                Check(f"channel #{channel}", channel in ids, "found" if channel in ids else "not found", mend)
            )
        return checks

    def streams(self) -> list[str]:
        """`people`, and one stream a listed channel that exists."""
        self._ids = self._channel_ids()
        return ["people", *(f"channel {name}" for name in self.channels if name in self._ids)]

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        """Newest first within a pull. See connectors.base.Connector."""
        if stream == "people":
            yield from self._pull_people()
            return
        name = stream.removeprefix("channel ")
        if not self._ids:
            self._ids = self._channel_ids()
        yield from self._pull_channel(stream, name, self._ids[name], cursor, since)

    def _pull_people(self) -> Iterator[Page]:
        position = ""
        while True:
            answer = self._ask("users.list", limit=PAGE_SIZE, cursor=position)
            yield Page("people", {}, accounts=[parse_user(user) for user in answer["members"]])
            position = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not position:
                return

    def _pull_channel(
        self, stream: str, name: str, channel: str, cursor: Cursor | None, since: datetime
    ) -> Iterator[Page]:
        """`known` is the newest ts of the pull before, `latest` where the running walk back in time stands."""
        state = dict(cursor or {})
        known, newest, latest = state.get("known", ""), state.get("newest", ""), state.get("latest", "")
        first = f"{since.timestamp():.6f}"
        # Read back over old parents: only they tell of replies that are newer than what we know.
        oldest = max(first, f"{float(known) - self.thread_days * 86400:.6f}", key=float) if known else first
        while True:
            query = {"channel": channel, "limit": PAGE_SIZE, "oldest": oldest, **({"latest": latest} if latest else {})}
            answer = self._ask("conversations.history", **query)
            messages = answer["messages"]
            replies = [
                reply for parent in messages if _has_news(parent, known)
                for reply in self._replies(channel, parent["ts"], known)
            ]  # fmt: skip
            seen = [m["ts"] for m in (*messages, *replies) if isinstance(m.get("ts"), str)]
            newest = max([newest or "0", *seen], key=float)
            more = bool(answer.get("has_more")) and bool(messages)
            latest = min(seen_top, key=float) if more and (seen_top := [m["ts"] for m in messages]) else ""
            after = {"known": known, "newest": newest, "latest": latest} if more else {"known": newest}
            yield _page(stream, name, channel, [*messages, *replies], after)
            if not more:
                return

    def _replies(self, channel: str, root: str, known: str) -> Iterator[dict[str, Any]]:
        position = ""
        while True:
            query = {"channel": channel, "ts": root, "limit": PAGE_SIZE, **({"oldest": known} if known else {})}
            answer = self._ask("conversations.replies", **query, cursor=position)
            yield from (message for message in answer["messages"] if message.get("ts") != root)
            position = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not position:
                return

    def _channel_ids(self) -> dict[str, str]:
        found: dict[str, str] = {}
        position = ""
        while True:
            answer = self._ask(
                "conversations.list", types="public_channel", exclude_archived=True, limit=PAGE_SIZE, cursor=position
            )
            found |= {channel["name"]: channel["id"] for channel in answer["channels"]}
            position = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not position:
                return {name: found[name] for name in self.channels if name in found}

    def _ask(self, method: str, **query: Any) -> Any:
        return retrying(lambda: self._translated(method, query))

    def _translated(self, method: str, query: Mapping[str, Any]) -> Any:
        try:
            return self.client.api_call(method, params={k: v for k, v in query.items() if v != ""})
        except SlackApiError as error:
            raise self._error(method, error) from None
        except (SlackClientError, OSError, ValueError) as error:
            raise SourceUnavailable(
                self.name, f"no usable answer from {self.api_url} ({type(error).__name__}).",
                "Check slack.api_url and the network.",
            ) from None  # fmt: skip

    def _error(self, method: str, error: SlackApiError) -> SourceError:
        response = error.response
        if isinstance(response, Mapping) or not hasattr(response, "status_code"):
            return BadAnswer(self.name, f"{method} gave no readable answer.")
        if response.status_code == 429:
            return RateLimited(self.name, float(_header(response.headers, "retry-after") or 5))
        if response.status_code >= 500:
            return SourceUnavailable(self.name, f"{method} answered {response.status_code}.")
        data = response.data if isinstance(response.data, dict) else {}
        code = str(data.get("error", "unknown"))
        if code in _TOKEN_ERRORS:
            return CredentialError(
                self.name, f"the token is not accepted ({code}).", f"Copy the bot token from {SCOPE_PAGE}; slack.token."
            )
        if code == "missing_scope":
            return ScopeError(self.name, str(data.get("needed", "?")), f"Add it at {SCOPE_PAGE}.")
        if code == "ratelimited":
            return RateLimited(self.name, 30)
        if code in ("not_in_channel", "channel_not_found"):
            return BadAnswer(self.name, f"{method}: {code}.", "Invite the app to the channel: /invite.")
        return BadAnswer(self.name, f"{method} answered {code}.")


def _page(stream: str, name: str, channel: str, messages: list[dict[str, Any]], cursor: Cursor) -> Page:
    items: list[WorkItem] = []
    signals: list[Signal] = []
    failures: list[Failure] = []
    for message in messages:
        try:
            parsed = parse_message(message, name, channel)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            failures.append(Failure("slack", stream, str(message.get("ts", "?")), f"{type(error).__name__}: {error}"))
            continue
        if parsed:
            item, signal = parsed
            signals.append(signal)
            if item:
                items.append(item)
    return Page(stream, cursor, items, signals, (), failures)


def parse_message(message: Mapping[str, Any], name: str, channel: str) -> tuple[WorkItem | None, Signal] | None:
    """Read one message: a work item where it is no reply, and its signal. None for joins and the like."""
    subtype = message.get("subtype")
    if subtype in _SKIPPED:
        return None
    ts = str(message["ts"])
    root = str(message.get("thread_ts") or ts)
    text = from_mrkdwn(message.get("text"))[:LONGEST_TEXT]
    at = datetime.fromtimestamp(float(ts), UTC)
    bot = subtype == "bot_message" or bool(message.get("bot_id"))
    item = None
    if root == ts:
        item = WorkItem(
            "slack", f"{channel}:{ts}", "message", f"#{name}", None, text, mentions=issue_keys(text),
            created_at=at, updated_at=at, automated=bot,
        )  # fmt: skip
    author = message.get("user") or message.get("bot_id")
    return item, Signal(
        "slack", f"{channel}:{ts}", f"{channel}:{root}", "message", at, author, text=text, mentions=issue_keys(text)
    )


def parse_user(user: Mapping[str, Any]) -> Account:
    """Read one member of users.list."""
    profile = user.get("profile") or {}
    return Account(
        "slack", str(user["id"]), user.get("real_name") or user.get("name") or "", profile.get("email"),
        bool(user.get("is_bot")) or user["id"] == "USLACKBOT", user.get("tz"),
    )  # fmt: skip


def _has_news(parent: Mapping[str, Any], known: str) -> bool:
    latest = parent.get("latest_reply")
    if not parent.get("reply_count") or not isinstance(latest, str):
        return False
    return not known or float(latest) > float(known)


def _header(headers: Mapping[str, Any], name: str) -> str | None:
    """urllib keeps the server's spelling and slack_sdk may give a list, so neither case nor type is certain."""
    for key, value in headers.items():
        if key.lower() == name:
            return str(value[0] if isinstance(value, list) else value)
    return None

"""Slack's messages and members to work items, signals and accounts: pure functions of the JSON."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.base import Account, Signal, WorkItem
from connectors.text import from_blocks, from_mrkdwn, issue_keys

LONGEST_TEXT = 20_000
_SKIPPED = {
    "channel_join",
    "channel_leave",
    "channel_topic",
    "channel_purpose",
    "channel_name",
    "channel_archive",
    "group_join",
    "group_leave",
    "pinned_item",
    "huddle_thread",
    "reminder_add",
}


def parse_message(message: Mapping[str, Any], name: str, channel: str) -> tuple[WorkItem | None, Signal | None]:
    """Read one message: a work item where it is no reply, and its signal. Neither for joins and the like.

    A deleted message whose thread lives on leaves a tombstone: an item without words, for the replies to be about.
    """
    subtype = message.get("subtype")
    if subtype in _SKIPPED:
        return None, None
    ts = str(message["ts"])
    root = str(message.get("thread_ts") or ts)
    if not isinstance(message.get("text") or "", str):
        raise TypeError("the text is no string")
    text = (from_mrkdwn(message.get("text")) or from_blocks(message.get("blocks")))[:LONGEST_TEXT]
    if subtype == "tombstone":
        at = datetime.fromtimestamp(float(ts), UTC)
        return WorkItem("slack", f"{channel}:{ts}", "message", f"#{name}", created_at=at, updated_at=at), None
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


def parse_user(user: Mapping[str, Any], groups: Mapping[str, Sequence[str]] | None = None) -> Account:
    """Read one member of users.list; `groups` are the user groups' handles by user."""
    profile = user.get("profile") or {}
    return Account(
        "slack", str(user["id"]), user.get("real_name") or user.get("name") or "", profile.get("email"),
        bool(user.get("is_bot")) or user["id"] == "USLACKBOT", user.get("tz"),
        tuple((groups or {}).get(str(user["id"]), ())),
    )  # fmt: skip

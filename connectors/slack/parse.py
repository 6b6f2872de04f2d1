"""Slack's messages and members to work items, signals and accounts: pure functions of the JSON."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.base import Account, ItemKind, Signal, SignalKind, WorkItem
from connectors.slack.files import called
from connectors.text import from_blocks, from_mrkdwn, issue_keys

LONGEST_TEXT = 20_000
_NO_PREVIEW, _NO_TEXT = "[no preview", "This content can't be displayed."
"""What Slack writes where an attachment has no fallback, and where a message of blocks has no text."""
_LAID_OUT = {"section", "header", "context", "markdown", "container"}
"""Blocks of apps. Where they hold words these are what is seen, and the text is only what a notification shows."""
_WRITTEN = {None, "", "thread_broadcast", "reply_broadcast", "me_message", "file_share", "bot_message"}
"""Subtypes that are somebody's words. Slack keeps adding notices (a canvas was edited, a huddle began, someone was
added), so what is not known to be written is not: a list of those to ignore would lag behind."""


def parse_message(message: Mapping[str, Any], name: str, channel: str) -> tuple[WorkItem | None, Signal | None]:
    """Read one message: a work item where it is no reply, and its signal. Neither for joins and the like.

    A notice, or a deleted message, below which people answer is an item without words, for the replies to be about.
    """
    ts = str(message["ts"])
    root = str(message.get("thread_ts") or ts)
    at = datetime.fromtimestamp(float(ts), UTC)
    subtype = message.get("subtype")
    if subtype not in _WRITTEN:
        if root != ts or not (subtype == "tombstone" or message.get("reply_count") or message.get("thread_ts")):
            return None, None
        return WorkItem("slack", f"{channel}:{ts}", ItemKind.MESSAGE, f"#{name}", created_at=at, updated_at=at), None
    text = words_of(message)[:LONGEST_TEXT]
    bot = subtype == "bot_message" or bool(message.get("bot_id"))
    mentions = issue_keys(text)
    item = None
    if root == ts:
        item = WorkItem(
            "slack",
            f"{channel}:{ts}",
            ItemKind.MESSAGE,
            f"#{name}",
            None,
            text,
            mentions=mentions,
            created_at=at,
            updated_at=at,
            automated=bot,
        )
    author = message.get("user") or message.get("bot_id")
    own, of = f"{channel}:{ts}", f"{channel}:{root}"
    # A program that posts by a webhook is no user whose account would say what it is.
    detail = {"automated": True} if bot and not message.get("user") else {}
    return item, Signal("slack", own, of, SignalKind.MESSAGE, at, author, text=text, mentions=mentions, detail=detail)


def words_of(message: Mapping[str, Any]) -> str:
    """What a message says: its text, or its blocks where it has none or an app laid them out; the tables that were pasted into
    it; the mails and the names of the files that hang on it; what it forwards.

    A link's preview is another site's words; of the attachments only forwarded messages count, unless there are no
    other words, as in what many apps post. Raises TypeError where the text is no string.
    """
    if not isinstance(message.get("text") or "", str):
        raise TypeError("the text is no string")
    text, blocks = from_mrkdwn(message.get("text")), message.get("blocks")
    text = "" if text == _NO_TEXT else text
    laid_out = from_blocks(blocks) if not text or _of_kinds(blocks, _LAID_OUT) else ""
    own = laid_out or "\n".join(part for part in (text, from_blocks(_of_kinds(blocks, {"table"}))) if part)
    attachments = message.get("attachments")
    rows = [row for row in attachments if isinstance(row, Mapping)] if isinstance(attachments, list) else []
    marks = ("message_blocks", "is_share", "is_msg_unfurl")
    shared = [row for row in rows if any(row.get(mark) for mark in marks) or _of_kinds(row.get("blocks"), {"table"})]
    files = called(message.get("files"))
    said = [_attached(row) for row in (shared if own or files or shared else rows)]
    return "\n".join(dict.fromkeys(words for words in (own, *files, *said) if words))


def _of_kinds(blocks: Any, kinds: Collection[str]) -> list[Any]:
    """Those of the blocks. Tables are in no message's text: who pastes one says what is in it."""
    listed = blocks if isinstance(blocks, list) else []
    return [block for block in listed if isinstance(block, Mapping) and block.get("type") in kinds]


def _attached(attachment: Mapping[str, Any]) -> str:
    blocks = [
        block
        for one in attachment.get("message_blocks") or []
        if isinstance(one, Mapping) and isinstance(one.get("message"), Mapping)
        for block in one["message"].get("blocks") or []
    ]
    fields = attachment.get("fields")
    rows = [row for row in fields if isinstance(row, Mapping)] if isinstance(fields, list) else []
    texts = [attachment.get(key) for key in ("pretext", "title", "text")]
    texts += [row.get(key) for row in rows for key in ("title", "value")]
    plain = "\n".join(from_mrkdwn(text) for text in texts if isinstance(text, str) and text)
    fallback = attachment.get("fallback")
    last = from_mrkdwn(fallback) if isinstance(fallback, str) and not fallback.startswith(_NO_PREVIEW) else ""
    words = from_blocks(blocks) or plain or from_blocks(attachment.get("blocks")) or last
    return "\n".join([words, *called(attachment.get("files"))]).strip()


def parse_user(user: Mapping[str, Any], groups: Mapping[str, Sequence[str]] | None = None) -> list[Account]:
    """Read one member of users.list; `groups` are the user groups' handles by user. Who was there before the workspace joined an
    organisation has two ids, of which Slack's answers name either: an account for each.

    One that is deactivated has no zone and no name of its own any more; one that is forgotten has made-up ones.
    """
    profile = user.get("profile") or {}
    name = user.get("real_name") or (profile.get("real_name") if user.get("deleted") else user.get("name"))
    known = not user.get("is_forgotten")
    of_all = user.get("enterprise_user")
    ids = [str(user["id"]), str(of_all.get("id") or "") if isinstance(of_all, Mapping) else ""]
    own = Account(
        "slack",
        ids[0],
        (name or "") if known else "",
        profile.get("email") if known else None,
        bool(user.get("is_bot")) or user["id"] == "USLACKBOT",
        user.get("tz"),
        tuple(dict.fromkeys(group for id_ in ids for group in (groups or {}).get(id_, ()))),
    )
    return [replace(own, external_id=id_) for id_ in dict.fromkeys(ids) if id_]

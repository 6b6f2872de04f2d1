"""Slack's messages and members as its API shows them."""

from typing import Any

from simulator.api.slack_query import within
from simulator.company import Person
from simulator.world import Message

BOT_USER, BOT_ID = "UBOTVELORA", "BBOTVELORA"


def row_of(message: Message, replies: list[Message]) -> dict[str, Any]:
    """A message, with what tells of its replies."""
    row: dict[str, Any] = {"type": "message", "ts": message.ts, "text": _escape(message.text)}
    if message.user is not None and not message.tombstone:  # what people write comes twice, as text and as blocks
        row |= {
            "client_msg_id": f"00000000-0000-4000-8000-{message.ts.replace('.', ''):>12.12}",
            "team": "T00000001",
            "blocks": [
                {
                    "type": "rich_text",
                    "block_id": "aB1cD",
                    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": message.text}]}],
                }
            ],
        }
    if message.tombstone:
        row |= {"subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted."}
    elif message.user is None:
        row |= {"subtype": "bot_message", "bot_id": BOT_ID}
    else:
        row["user"] = user_id(message.user)
    if message.files:
        row |= {"files": message.files, "upload": False}
    if message.thread:
        row["thread_ts"] = message.thread
    if message.broadcast:
        row |= {"subtype": "thread_broadcast", "root": {"ts": message.thread}}
    if replies:
        users = sorted({user_id(m.user) for m in replies if m.user is not None})[:5]
        row |= {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users": users,
            "reply_users_count": len(users),
            "is_locked": False,
            "subscribed": False,
            "latest_reply": max((m.ts for m in replies), key=float),
        }
    return row


def own_rows(posted: list[dict[str, Any]], name: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    """What the app itself posted in the channel, by its name or id, newest first; metadata only where it is asked for."""
    with_metadata = str(query.get("include_all_metadata", "")).lower() in ("1", "true")
    rows = []
    for message in posted[::-1]:
        if (
            message["channel"] in (name, query["channel"])
            and not message.get("thread_ts")
            and within(message["ts"], query)
        ):
            row = {
                "type": "message",
                "subtype": "bot_message",
                "bot_id": BOT_ID,
                "ts": message["ts"],
                "text": message.get("text", ""),
            }
            rows.append(row | ({"metadata": message["metadata"]} if with_metadata and "metadata" in message else {}))
    return rows


def member(person: Person, *, with_address: bool, gone: str = "") -> dict[str, Any]:
    """A person as users.list shows them; of one that is `gone`, "deactivated" or then "forgotten", it says less, and of a
    "stranger" of another company no address."""
    profile = {"real_name": person.name}
    if with_address and gone != "stranger":
        profile["email"] = person.email
    row = {"id": user_id(person.number), "name": person.name.split()[0].lower(), "is_bot": False, "profile": profile}
    if gone == "stranger":
        row |= {"is_stranger": True, "team_id": "T00000002"}
    if gone in ("", "stranger"):
        return row | {"real_name": person.name, "deleted": False, "tz": "Europe/Berlin"}
    if gone == "forgotten":
        nobody = f"deactivateduser{800_000 + person.number}"
        profile |= {"real_name": "Deactivated User", "email": f"{nobody}-velora@slack-corp.example"}
        row |= {"name": nobody, "is_forgotten": True}
    return row | {"deleted": True}


def time_of(one: "Message | dict[str, Any]") -> float:
    """When it was posted, in seconds."""
    return float(one["ts"] if isinstance(one, dict) else one.ts)


def options_in(element: dict[str, Any]) -> list[int]:
    """How many options each list of a menu has, the list of its groups too: Slack takes 1 to 100."""
    groups = element.get("option_groups")
    lists = [element["options"]] if "options" in element else []
    return [
        len(some) for some in [*lists, *([groups, *(one["options"] for one in groups)] if groups is not None else [])]
    ]


def user_id(number: int) -> str:
    """Slack's id of a person."""
    return f"U{number:08d}"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

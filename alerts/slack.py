"""The alert in Slack: Block Kit, every outside text escaped, one message for each open drift."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackApiError

from alerts.view import ACTIONS, AlertView
from alerts.words import Name, Words, day, percent
from models import Drift
from pipeline.register.document import Register

if TYPE_CHECKING:
    from slack_sdk import WebClient

LONGEST_HEADER, LONGEST_SECTION = 150, 3000
CLAIM = timedelta(minutes=10)
"""A sender that died is taken to be dead after this long, and another one may try."""
METADATA = "leeway_drift"
GROUPED = 3
"""So many teams that fall at once are one message."""
FRESH = timedelta(days=14)
"""A shift between objectives that is older was before anybody watched: no news."""
MOVED = 5
"""Points by which a fall must have grown or shrunk to be said again."""


def escape(text: str) -> str:
    """Outside text as mrkdwn that shows as it is: https://docs.slack.dev/messaging/formatting-message-text"""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return " ".join(text.replace("*", "∗").replace("`", "'").replace("~", "∼").replace("_", "_\u2060").split())


def mrkdwn(words: Words) -> str:
    """A sentence with its names in bold."""
    return "".join(f"*{escape(one.text[:200]) or '–'}*" if isinstance(one, Name) else escape_own(one) for one in words)


def escape_own(text: str) -> str:
    """Our own text: nothing in it is markup, and its spaces stay."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def blocks(alert: AlertView) -> list[dict[str, Any]]:
    """The message's blocks, within Slack's limits for any text: title, story, what to decide, and what it rests on."""
    decide: Words = ("To decide: ", *alert.decision)
    return [
        {"type": "header", "text": _plain(_cut(alert.title, LONGEST_HEADER))},
        _section(" ".join(map(mrkdwn, alert.story))),
        _section(mrkdwn(decide).replace("To decide:", "*To decide:*", 1)),
        {"type": "context", "elements": [_mrkdwn(_cut(escape(alert.note), LONGEST_SECTION))]},
    ]


@dataclass(frozen=True, slots=True)
class Faces:
    """What an alert can lead to: the page's address, and whether somebody answers its buttons."""

    page: str = ""
    buttons: bool = False


def buttons(drift_id: int, faces: Faces) -> list[dict[str, Any]]:
    """The actions block; none where there is neither a page nor anybody to answer."""
    found: list[dict[str, Any]] = []
    for action in ACTIONS:
        one: dict[str, Any] = {"type": "button", "action_id": action.kind, "text": _plain(action.text)}
        if action.kind == "weeks" and faces.page:
            found.append(one | {"url": f"{faces.page}/drifts/{drift_id}"})
        elif action.kind != "weeks" and faces.buttons:
            sure = {
                "title": _plain(f"{action.text}?"),
                "text": _plain(action.sure),
                "confirm": _plain("Yes"),
                "deny": _plain("Not yet"),
            }
            found.append(one | {"value": str(drift_id)} | ({"confirm": sure} if action.sure else {}))
    return [{"type": "actions", "block_id": f"drift-{drift_id}", "elements": found}] if found else []


def message(alert: AlertView, drift_id: int, faces: Faces | None = None, picture: str | None = None) -> dict[str, Any]:
    """Arguments of chat.postMessage, but for the channel. The metadata names the drift, so a lost answer can be healed.

    `picture` is the id of an uploaded file.
    """
    whole = blocks(alert)
    if picture:
        whole.insert(2, {"type": "image", "slack_file": {"id": picture}, "alt_text": _cut(alert.picture, 2000)})
    whole[-1:-1] = buttons(drift_id, faces or Faces())
    return {
        "text": escape(alert.title),
        "blocks": whole,
        "metadata": _metadata([drift_id]),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def grouped(teams: Sequence[Drift], register: Register, faces: Faces | None) -> dict[str, Any]:
    """One message for many teams that fell at once, the largest fall first."""
    names = {team.key: team.name for team in register.teams}
    lines = []
    for drift in sorted(teams, key=lambda d: d.after - d.before):
        name = escape(names.get(drift.scope, drift.scope)[:120])
        linked = f"<{faces.page}/drifts/{drift.id}|{name}>" if faces and faces.page else name
        lines.append(f"• {linked}: {percent(drift.before)}% → {percent(drift.after)}% since {day(drift.start)}")
    head = f"In {len(teams)} teams work on the top priorities fell"
    whole = [
        {"type": "header", "text": _plain(head)}, _section("\n".join(lines)),
        _section("*To decide:* is there one cause? The leads of these teams can say what came between."),
    ]  # fmt: skip
    ids = [drift.id for drift in teams]
    return {"text": head, "blocks": whole, "metadata": _metadata(ids), "unfurl_links": False, "unfurl_media": False}


def plain_message(held: Sequence[Drift], text: str) -> dict[str, Any]:
    """A message of a sentence or two."""
    metadata = _metadata([drift.id for drift in held])
    return {"text": escape(text), "blocks": [_section(escape(text))], "metadata": metadata, "unfurl_links": False,
            "unfurl_media": False}  # fmt: skip


def _metadata(ids: Sequence[int]) -> dict[str, Any]:
    return {"event_type": METADATA, "event_payload": {"drift": ids[0], "drifts": list(ids)}}


def reply(client: "WebClient", drift: Drift, text: str) -> None:
    client.chat_postMessage(channel=str(drift.channel), thread_ts=drift.message_ts, text=text, unfurl_links=False)


def find_posted(client: "WebClient", channel: str, ids: Sequence[int]) -> Any:
    """The message about these drifts that a sender posted and did not live to record; None where there is none."""
    known = channel.lstrip("#")
    places = [c["id"] for c in client.conversations_list(limit=999)["channels"] if known in (c["id"], c["name"])]
    for id_ in places:
        for one in client.conversations_history(channel=id_, limit=100, include_all_metadata=True)["messages"]:
            about = one.get("metadata") or {}
            payload = about.get("event_payload", {})
            if about.get("event_type") == METADATA and {*payload.get("drifts", ()), payload.get("drift")} & set(ids):
                return {"channel": id_, "ts": one["ts"]}
    return None


def upload(client: "WebClient", picture: bytes) -> str | None:
    """Id of the uploaded chart. Without the scope files:write the alert goes without it."""
    try:
        answer = client.files_upload_v2(
            content=picture, filename="shares.png", title="Weekly share of the top priorities"
        )
        return str(answer["files"][0]["id"])
    except (SlackApiError, KeyError, IndexError):
        return None


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(_cut(text, LONGEST_SECTION))}


def _mrkdwn(text: str) -> dict[str, Any]:
    # verbatim: Slack must not turn @names, #channels or addresses in outside text into links.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"

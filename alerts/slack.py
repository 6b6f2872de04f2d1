"""The alert in Slack: Block Kit, every outside text escaped, one message for each open drift."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from alerts.block_kit import LONGEST_SECTION, context, cut, header, plain_text, section
from alerts.channel import GroupView, Notice, whole_lines
from alerts.naming import is_same
from alerts.view import ACTIONS, Action, AlertView
from alerts.words import Name, Words, isolated

METADATA = "leeway_drift"
MOST_NAMES = 20
_EMOJI = re.compile(r":(?=[\w+'-]+:)")
"""The start of an emoji's name, as in "API:on:prod": a word joiner after it keeps it plain text."""


def escape(text: str) -> str:
    """Outside text as mrkdwn that shows as it is: https://docs.slack.dev/messaging/formatting-message-text"""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = text.replace("*", "∗").replace("`", "'").replace("~", "∼").replace("_", "_\u2060")
    return " ".join(_no_emoji(text).split())


def _no_emoji(text: str) -> str:
    """A header takes the names of emoji for emoji, too."""
    return _EMOJI.sub(":\u2060", text)


def mrkdwn(words: Words) -> str:
    """A sentence with its names in bold."""
    return "".join(
        f"*{escape(isolated(one.text[:200])) or '–'}*" if isinstance(one, Name) else escape_own(one) for one in words
    )


def escape_own(text: str) -> str:
    """Escape our own text: nothing in it is markup, and its spaces stay."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def blocks(alert: AlertView) -> list[dict[str, Any]]:
    """The message's blocks, within Slack's limits for any text: title, story, what to decide, and what it rests on."""
    decide: Words = ("To decide: ", *alert.decision)
    return [
        header(_no_emoji(alert.title)),
        section(" ".join(map(mrkdwn, alert.story))),
        section(mrkdwn(decide).replace("To decide:", "*To decide:*", 1)),
        context(escape(alert.note)),
    ]


@dataclass(frozen=True, slots=True)
class Faces:
    """What an alert can lead to: the page's address, and whether somebody answers its buttons."""

    page: str = ""
    buttons: bool = False


def buttons(drift_id: int, faces: Faces, actions: Sequence[Action] = ACTIONS) -> list[dict[str, Any]]:
    """Return the actions block; none if there is neither a page nor a handler for the buttons."""
    found: list[dict[str, Any]] = []
    for action in actions:
        one: dict[str, Any] = {"type": "button", "action_id": action.kind, "text": plain_text(action.text)}
        if action.kind == "weeks" and faces.page:
            found.append(one | {"url": f"{faces.page}/drifts/{drift_id}"})
        elif action.kind != "weeks" and faces.buttons:
            sure = {
                "title": plain_text(f"{action.text}?"),
                "text": plain_text(action.sure),
                "confirm": plain_text("Yes"),
                "deny": plain_text("Not yet"),
            }
            found.append(one | {"value": str(drift_id)} | ({"confirm": sure} if action.sure else {}))
    return [{"type": "actions", "block_id": f"drift-{drift_id}", "elements": found}] if found else []


def message(
    alert: AlertView, drift_id: int, faces: Faces | None = None, picture: str | None = None, names: Sequence[str] = ()
) -> dict[str, Any]:
    """Arguments of chat.postMessage, but for the channel. The metadata names the drift, so a lost answer can be healed.

    `picture` is the id of an uploaded file.
    """
    whole = blocks(alert)
    if picture:
        whole.insert(2, {"type": "image", "slack_file": {"id": picture}, "alt_text": cut(alert.picture, 2000)})
    whole[-1:-1] = buttons(drift_id, faces or Faces(), alert.actions or ACTIONS)
    return {
        "text": escape(alert.title),
        "blocks": whole,
        "metadata": metadata([drift_id], names),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def grouped(
    group: GroupView, ids: Sequence[int], faces: Faces | None = None, names: Sequence[str] = ()
) -> dict[str, Any]:
    """One message for many teams that fell at once; as many as fit, and how many more there are."""
    lines = []
    for line in group.lines:
        name = escape(line.name[:120])
        linked = f"<{faces.page}/drifts/{line.drift}|{name}>" if faces and faces.page else name
        lines.append(f"• {linked}: {escape(line.change)}")
    whole = [
        header(_no_emoji(group.headline)),
        section(whole_lines(lines, LONGEST_SECTION, "and {n} more teams")),
        section(f"*To decide:* {escape(group.decision)}"),
    ]
    return {
        "text": escape(group.headline),
        "blocks": whole,
        "metadata": metadata(ids, names),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def plain_message(text: str, ids: Sequence[int], names: Sequence[str] = ()) -> dict[str, Any]:
    """A message of a sentence or two."""
    return {
        "text": escape(text),
        "blocks": [section(escape(text))],
        "metadata": metadata(ids, names),
        "unfurl_links": False,
        "unfurl_media": False,
    }


def metadata(ids: Sequence[int], names: Sequence[str] = ()) -> dict[str, Any]:
    """What names a message's drifts, so that it is found again."""
    named = {"names": list(names)[:MOST_NAMES]} if names else {}
    return {"event_type": METADATA, "event_payload": {"drift": ids[0], "drifts": list(ids)} | named}


def told_in(post: dict[str, Any], notice: Notice, tried: bool) -> frozenset[int]:
    """The drifts of the notice, by the database that has them now, that a post tells of."""
    about = post.get("metadata") or {}
    payload = about.get("event_payload") or {}
    if about.get("event_type") != METADATA or "reply" in payload:
        return frozenset()
    ids, names = {*payload.get("drifts", ()), payload.get("drift")} - {None}, payload.get("names") or []
    if names:  # a number may mean another finding by now
        pairs = zip(notice.drifts, notice.names, strict=True)
        same = {id_ for id_, name in pairs if any(is_same(name, str(other)) for other in names)}
        return frozenset(same | ids if same and tried else same)
    return frozenset(ids) if tried and ids & set(notice.drifts) else frozenset()

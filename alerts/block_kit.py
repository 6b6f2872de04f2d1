"""Slack's Block Kit: the few blocks that all messages and modals are made of, each within its limit."""

from typing import Any

LONGEST_HEADER, LONGEST_SECTION = 150, 3000


def plain_text(text: str) -> dict[str, Any]:
    """Text in which nothing is markup."""
    return {"type": "plain_text", "text": text}


def header(text: str) -> dict[str, Any]:
    """A message's first line."""
    return {"type": "header", "text": plain_text(cut(text, LONGEST_HEADER))}


def section(text: str) -> dict[str, Any]:
    """A paragraph in Slack's markup; text from outside must be escaped."""
    return {"type": "section", "text": _mrkdwn(text)}


def context(text: str) -> dict[str, Any]:
    """Small print, in Slack's markup as well."""
    return {"type": "context", "elements": [_mrkdwn(text)]}


def cut(text: str, longest: int) -> str:
    """The text, with an ellipsis where it is too long."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _mrkdwn(text: str) -> dict[str, Any]:
    # verbatim: Slack must not turn @names, #channels or addresses in outside text into links.
    return {"type": "mrkdwn", "text": cut(text, LONGEST_SECTION), "verbatim": True}

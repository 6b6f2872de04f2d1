"""Rich text of three vendors to plain text: Atlassian Document Format, Slack mrkdwn, HubSpot's HTML.

Code blocks and quoted mail are dropped: they say little about what the work is for. Mentions of work
items are found by `issue_keys`; links keep their label, people their place but not their name.
"""

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import emoji
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from connectors.registry import all_traits
from connectors.replies import forwards, newest
from connectors.wiki import unmarked

_MARKED = re.compile(r"[<>&`:]")
_ANGLE = re.compile(r"<([^<>]*)>")
_QUOTE_TO_THE_END = re.compile(r"^>>>", re.MULTILINE)
_PLAIN = re.compile(
    r"""[^<>&]*(?:</?(?:p|div|br|span|b|strong|i|em|u)(?:\s+(?:style|dir|data-[\w-]+)="[^"<>&]*")*\s*/?>[^<>&]*)*""",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?(\w+)[^<>]*>")
_SLACK_LINES = {"rich_text_section", "section", "header", "context", "table", "container"}
_UNSAID = {"rich_text_preformatted", "rich_text_quote", "actions", "context_actions", "input"}
"""Blocks of Slack with code, with others' words, or with buttons and fields, whose captions nobody said."""
_BLOCKS = {"paragraph", "heading", "listItem", "tableRow", "tableHeader", "tableCell", "caption", "blockquote", "panel"}
_BLOCKS |= {"taskItem", "decisionItem", "rule"}


def issue_keys(*texts: str | None) -> tuple[str, ...]:
    """Keys of issues (of any source: Traits.keys) that the texts name, in order of appearance, each once."""
    found: list[str] = []
    for text in texts:
        if text:
            for one in all_traits().values():
                found += one.keys(text)
    return tuple(dict.fromkeys(found)) if found else ()


def hours_of(seconds: Any) -> float:
    """Hours of a stated duration in seconds. Raises ValueError for what is none: not finite, negative, over a year."""
    hours = float(seconds) / 3600
    if not 0 <= hours <= 8784:
        raise ValueError(f"not a duration: {seconds!r} s")
    return hours


def tidy(text: str) -> str:
    """Collapse spaces and empty lines; drop what cannot be stored (NUL, lone surrogates)."""
    if "\x00" in text or not text.isascii():
        text = text.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    return "\n".join([line for raw in text.splitlines() if (line := " ".join(raw.split()))])


def from_adf(node: Any) -> str:
    """Plain text of an Atlassian Document Format tree; a string is wiki markup (Data Center).

    https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/
    """
    if node is None:
        return ""
    if isinstance(node, str):
        return from_wiki(node)
    parts: list[str] = []
    stack: list[Any] = [node]
    while stack:  # iterative: a hostile document may be nested deeper than Python's stack
        current = stack.pop()
        if isinstance(current, str):
            parts.append(current)
            continue
        if not isinstance(current, dict):
            continue
        kind, children = current.get("type"), current.get("content")
        if kind == "codeBlock":
            continue
        if kind == "paragraph" or kind == "doc":
            pass
        elif kind == "text":
            marks = current.get("marks")
            if not marks and children is None:  # most of what there is
                parts.append(str(current.get("text", "")))
                continue
            links = [mark.get("attrs") for mark in marks if isinstance(mark, dict)] if isinstance(marks, list) else []
            target = next((str(one["href"]) for one in links if isinstance(one, dict) and one.get("href")), "")
            parts.append(linked(str(current.get("text", "")), target) if target else str(current.get("text", "")))
        elif kind == "hardBreak":
            parts.append("\n")
        else:
            parts.append(_words_of_node(kind, current.get("attrs") or {}))
        if kind in _BLOCKS:
            stack.append("\n")
        if isinstance(children, list):
            stack.extend(reversed(children))
    return tidy("".join(parts))


def _words_of_node(kind: Any, attrs: Mapping[str, Any]) -> str:
    """The words that stand in a node's attributes."""
    if kind == "emoji":
        return str(attrs.get("text", ""))
    if kind == "status":
        return f" {attrs.get('text', '')} "
    if kind == "date":
        return _day(attrs.get("timestamp"))
    if kind in ("expand", "nestedExpand"):
        return f"{attrs.get('title') or ''}\n"
    return f" {_place(attrs)} " if kind in ("inlineCard", "blockCard", "embedCard") else ""


def _day(timestamp: Any) -> str:
    """The day of a date that somebody picked, which is kept as its midnight in UTC, in milliseconds or in seconds."""
    try:
        number = int(timestamp)
        return f"{datetime.fromtimestamp(number / 1000 if number > 10**11 else number, UTC):%Y-%m-%d}"
    except (TypeError, ValueError, OverflowError, OSError):
        return ""


def _place(attrs: Mapping[str, Any]) -> str:
    """Where a card leads; it may hold a description of the place instead."""
    data = attrs.get("data")
    kept = [data.get("url"), data.get("@id")] if isinstance(data, Mapping) else []
    return next((str(one) for one in (attrs.get("url"), *kept) if one), "")


def from_wiki(text: str) -> str:
    """Plain text of Jira's wiki markup, without code."""
    return tidy(unmarked(text, linked))


def linked(label: str, target: str) -> str:
    """A link's label; where it leads to an issue, with that issue's key, since that is what it says."""
    keys = [key for key in issue_keys(target) if key not in label]
    return " ".join([label or target, *keys]) if label else target


def _slack_reference(match: re.Match[str]) -> str:
    target, _, label = match.group(1).partition("|")
    if target.startswith(("@", "!subteam")):
        return "@someone"
    if target.startswith("#"):
        return f"#{label or 'channel'}"
    if target.startswith("!"):  # <!here>, <!channel>
        return label if target.startswith("!date^") else ""
    return linked(label, target)


def from_mrkdwn(text: str | None) -> str:
    """Plain text of a Slack message. https://docs.slack.dev/messaging/formatting-message-text"""
    if not text:
        return ""
    if not _MARKED.search(text):  # most messages are plain words
        return tidy(text)
    text = re.sub(r"```.*?```", " ", text, flags=re.DOTALL)
    text = _ANGLE.sub(_slack_reference, text)
    text = html.unescape(text)
    text = _QUOTE_TO_THE_END.split(text, maxsplit=1)[0]
    lines = [line for line in text.splitlines() if not line.startswith(">")]
    return tidy(emoji.emojize("\n".join(lines), language="alias"))


def from_blocks(blocks: Any) -> str:
    """Plain text of Slack's blocks, for words that stand only there.

    https://docs.slack.dev/reference/block-kit/blocks
    """
    parts: list[str] = []
    stack: list[Any] = list(reversed(blocks)) if isinstance(blocks, list) else []
    while stack:
        current = stack.pop()
        if isinstance(current, str):
            parts.append(current)
        elif isinstance(current, list):  # a row of a table
            stack += ["\n", *(part for cell in reversed(current) if isinstance(cell, dict) for part in (" ", cell))]
        elif isinstance(current, dict) and current.get("type") not in _UNSAID:
            parts.append(_words_of_block(current))
            if current.get("type") in _SLACK_LINES:
                stack.append("\n")
            held = [current["text"]] if isinstance(current.get("text"), dict) else []
            lists = (current.get(name) for name in ("fields", "elements", "rows", "child_blocks"))
            held += [one for some in lists if isinstance(some, list) for one in some]
            stack.extend(reversed(held))
    return tidy("".join(parts))


def _words_of_block(block: dict[str, Any]) -> str:
    kind, text = block.get("type"), block.get("text")
    if kind == "link":
        return linked(str(text or ""), str(block.get("url") or ""))
    if kind in ("user", "usergroup"):
        return "@someone"
    if kind == "channel":
        return "#channel"
    if kind == "date":
        return str(block.get("fallback") or "")
    if not isinstance(text, str):
        return ""
    if kind in ("mrkdwn", "markdown"):
        return f"{from_mrkdwn(text)}\n"
    return f"{text}\n" if kind == "plain_text" else text


def from_html(markup: str | None, *, mail: bool = True, subject: str | None = None) -> str:
    """Plain text of a HubSpot body, without scripts; of a mail, of that subject, also without quoted replies and signature."""
    if not markup:
        return ""
    if ("<" not in markup and "&" not in markup) or _PLAIN.fullmatch(
        markup
    ):  # most notes: paragraphs, and nothing that is to be left out
        text = _TAG.sub(lambda tag: "\n" if tag[1].lower() in ("p", "div", "br") else "", markup)
        return from_mail(text, subject) if mail else tidy(text)
    tree = HTMLParser(markup)
    for tag in tree.css(f"script, style, pre, head, title{', .gmail_signature' if mail else ''}"):
        tag.decompose()
    quotes = tree.css("blockquote, .gmail_quote, .yahoo_quoted, .hs_reply") if mail else []
    for tag in reversed(quotes):  # the innermost first
        if not forwards(tag.text(separator="\n", strip=True)):
            tag.decompose()
    for tag in tree.css("br, p, div, li, tr"):
        tag.insert_after("\n")
    for tag in tree.css("p, div, li, tr"):  # words that stand before it are not one with its own
        tag.insert_before("\n")
    for tag in tree.css("a[href]"):
        for key in issue_keys(tag.attributes.get("href")):
            if key not in tag.text():
                tag.insert_after(f" {key}")
    for tag in tree.css("td, th"):
        tag.insert_after(" ")
    text = tree.body.text() if tree.body else ""
    return from_mail(text, subject) if mail else tidy(text)


def from_mail(text: str | None, subject: str | None = None) -> str:
    """Plain text of what a mail says and forwards: no mails that it answers, no signature (connectors.replies)."""
    if not text:
        return ""
    return tidy(newest(text, subject or ""))

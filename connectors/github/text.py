"""GitHub's Markdown to plain text, and the names of issues in it."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from connectors.github.traits import references
from connectors.text import from_html, issue_keys, linked, tidy

LONGEST_TEXT = 20_000
_LONGEST_MARKDOWN = 100_000
_PARSER = MarkdownIt("commonmark")
_BRANCH_KEY = re.compile(r"(?:^|[/_-])([A-Z][A-Z0-9]{1,9}-[1-9]\d{0,6})(?![A-Za-z0-9])")
_LOOSE_KEYS = (
    re.compile(r"(?:^|/)([A-Za-z][A-Za-z0-9]{1,9}-[1-9]\d{0,6})(?![A-Za-z0-9.])"),
    re.compile(r"[-_]([A-Za-z][A-Za-z0-9]{1,9}-[1-9]\d{0,6})$"),
)
"""Keys in small letters, where a branch's name has them: at the beginning of a part, or at its end."""
_LOOSE_SUBJECT = re.compile(r"^\W{0,2}([A-Za-z][A-Za-z0-9]{1,9}-[1-9]\d{0,6})(?=[\])\s:]|$)")
_COUNTED = re.compile(
    "issue|gh|pr|release|sprint|version|fix|hotfix|feature|bug|rc|phase|step|part|week|day|task|patch|test|v",
    re.IGNORECASE,
)
"""Words that people count with in such places."""
_TRAILER = re.compile(r"^(Co-authored-by|Signed-off-by|Reviewed-by|Change-Id):.*$", re.IGNORECASE | re.MULTILINE)


def from_markdown(text: str | None) -> str:
    """Plain text without code blocks, quotes and the comments of a template. https://github.github.com/gfm/"""
    if not text:
        return ""
    parts: list[str] = []
    quoted = 0
    for token in _PARSER.parse(text[:_LONGEST_MARKDOWN].replace("\x00", "")):
        quoted += token.nesting if token.type.startswith("blockquote") else 0
        if quoted:
            continue
        if token.type == "inline":
            parts.append("".join(_inline(token.children or [])))
        elif token.type == "html_block":
            parts.append(from_html(token.content))
    return tidy("\n".join(parts))[:LONGEST_TEXT]


def _inline(children: list[Token]) -> Iterator[str]:
    target, label = "", ""
    for child in children:
        if child.type == "link_open":
            target, label = str(child.attrs.get("href", "")), ""
        elif child.type == "link_close":
            yield linked(label, target)
            target = ""
        elif child.type in ("text", "code_inline", "softbreak", "hardbreak"):
            words = child.content or "\n"
            label += words
            if not target:
                yield words


def from_message(message: str) -> tuple[str, str]:
    """A commit's subject and the rest of its message, without trailers."""
    subject, _, rest = message.strip().partition("\n")
    return tidy(subject)[:1_000], tidy(_TRAILER.sub("", rest))[:LONGEST_TEXT]


def mentions(repository: str, *texts: str | None, branch: str = "") -> tuple[str, ...]:
    """Issues that are named: Jira's keys first, in the branch's name too, then GitHub's, then what may be a key in small letters.

    `texts` are the title and the rest.
    """
    own = [key for text in texts for key in references(text or "", repository)]
    named = [key for key in issue_keys(*texts) if key not in own]
    loose = [key for pattern in _LOOSE_KEYS for key in pattern.findall(branch)]
    loose += _LOOSE_SUBJECT.findall((texts[0] if texts else "") or "")
    small = [key.upper() for key in loose if not _COUNTED.fullmatch(key.partition("-")[0])]
    return tuple(dict.fromkeys([*named, *issue_keys(*_BRANCH_KEY.findall(branch)), *own, *issue_keys(*small)]))

"""Jira's wiki markup (Data Center) without its marks and without code.

https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all
"""

import html
import re
from collections.abc import Callable

# Each pattern is bounded, or what is never closed would be looked for to the end of the line at every beginning.
_MACROS = "color|panel|quote|info|note|tip|warning|expand|anchor|status|section|column|div|span|html|task|toc|center|align|adf"
"""Those that lay words out. Other braces are words: "GET /users/{id}"."""
_MACRO = re.compile(rf"\{{(?:{_MACROS})(?::([^{{}}\n]{{0,500}}))?\}}")
_TITLE = re.compile(r"(?:^|\|)title=([^|]*)")
_LINK = re.compile(r"\[([^\[\]|\n]{1,500})\|([^\]|\n]{1,2000})(?:\|[^\]\n]{0,200})?\]")
_CODE = re.compile(r"\{(code|noformat)(:[^}]{0,300})?\}.*?\{\1\}", re.DOTALL)
_BEFORE = [
    (re.compile(pattern, re.MULTILINE), with_)
    for pattern, with_ in (
        (r"(?<!\\)\\\\(?!\\)", "\n"),
        (r"\[~[^\]\n]{1,200}\]", "@someone"),
        (r"\[\^[^\]\n]{1,200}\]", " "),  # an attachment
        (r"\[(?:mailto:)?([^\[\]|\s@]{1,100}@[^\[\]|\s]{1,100}|https?://[^\]|\s]{1,2000})\]", r"\1"),
        (r"\{([*_+~^-])\}", r"\1"),
        (r"\{\{([^\n]{0,200}?)\}\}", r"\1"),
    )
]
_AFTER = [
    (re.compile(pattern, re.MULTILINE), with_)
    for pattern, with_ in (
        (r"^\s*(h[1-6]\.|bq\.|[*#-]{1,6})\s+", ""),
        (r"^\s*-{4,}\s*$", ""),
        (r"![^!\s|]{1,300}\.\w{2,4}(\|[^!\n]{0,200})?!", " "),
        (r"(?<!\w)([*_+])(\S[^\n]{0,300}?\S|\S)\1(?!\w)", r"\2"),
        (r"\\([\[\]{}*_+!|#^~?()-])", r"\1"),
    )
]
_ROW = re.compile(r"^[ \t]*\|.*$", re.MULTILINE)


def unmarked(text: str, linked: Callable[[str, str], str]) -> str:
    """The words; `linked` gives those of a link from its label and where it leads."""
    text = _CODE.sub(" ", text)
    for pattern, with_ in _BEFORE:
        text = pattern.sub(with_, text)
    text = _MACRO.sub(_titled, text)
    text = _LINK.sub(lambda match: linked(match[1], match[2]), text)
    text = _ROW.sub(lambda row: row[0].replace("|", " "), text)
    for pattern, with_ in _AFTER:
        text = pattern.sub(with_, text)
    return html.unescape(text)


def _titled(macro: re.Match[str]) -> str:
    title = _TITLE.search(macro[1] or "")
    return f" {title[1]}\n" if title and not macro[0].startswith("{status") else f" {title[1]} " if title else " "

"""What the files on a Slack message say of it.

A mail that came into a channel, or was forwarded there, is such a file, and its words are the message's. Of all others only what
they are called is read: what stands in them is not asked for, and left out where Slack shows the beginning.
"""

import re
from collections.abc import Mapping
from typing import Any

from connectors.text import from_mail, tidy

_ENDING = re.compile(r"\.(?!\d)\w{1,5}$")
_LETTERS = re.compile(r"[^\W_]+")
_UNNAMED = re.compile(
    r"images?|imagen|img|bild|fotos?|photos?|pic|pictures?|screen|shot|screenshot|screencast|recording|untitled|unnamed|file|download"
    r"|scan(?:ned)?|video|movie|audio|clip|voice|message|sound|memo|pasted|attachment|canvas|copy|kopie|dscn?|pxl|mvimg|cam|camera"
    r"|snap|snip|new|whatsapp|signal|telegram|bildschirm(?:foto|aufnahme)|schermafbeelding|schermata|captura|pantalla|capture|[ée]cran"
    r"|skärmavbild|skjermbilde|skærmbillede|zrzut|ekranu|at|on|am|pm|um|uhr|de|le|à",
    re.IGNORECASE,
)
"""What cameras, telephones and computers call a file that nobody called anything."""


def called(files: Any) -> list[str]:
    """The words of each, of those that have any."""
    rows = [row for row in files if isinstance(row, Mapping)] if isinstance(files, list) else []
    return [words for row in rows if (words := _mail(row) if _is_mail(row) else _name(row))]


def _is_mail(file: Mapping[str, Any]) -> bool:
    return "email" in (file.get("mode"), file.get("filetype"))


def _mail(file: Mapping[str, Any]) -> str:
    """Subject and newest words; neither who wrote it nor to whom."""
    subject = _text(file, "subject") or _text(file, "title") or _text(file, "name")
    body = from_mail(_text(file, "plain_text") or _text(file, "preview_plain_text"), subject)
    return tidy(f"{subject}\n{body}")


def _name(file: Mapping[str, Any]) -> str:
    """What somebody called it, without the ending; nothing where a machine did."""
    name = _ENDING.sub("", _text(file, "title") or _text(file, "name")).replace("_", " ")
    words = (word for word in _LETTERS.findall(name) if len(word) > 1 and word.isalpha())
    return tidy(name) if any(not _UNNAMED.fullmatch(word) for word in words) else ""


def _text(file: Mapping[str, Any], key: str) -> str:
    value = file.get(key)
    return value if isinstance(value, str) else ""

"""Invisible characters in identifiers: a key or address pasted with one does not match the one without."""

import unicodedata
from collections.abc import Iterator
from typing import Any

from pipeline.register.yaml_nodes import Document, LintError, path_of

_FOUND_BY = {"key", "owner", "lead", "email", "formerly", "leadership", "members", "team", "teams", "parent", "goal"}
_FOUND_BY |= {"items", "labels", "containers", "source", "container"}
NEVER = "\u00ad\u180e\u200b\u2060\ufeff"
"""No script needs these; joiners and direction marks are needed by some."""


def unseen_faults(document: Document) -> Iterator[LintError]:
    """Yield every identifier with an invisible character, and the fix. Titles and descriptions may have them: some scripts and
    emoji need them."""
    for loc, text in _texts(document.data, ()):
        name = next((one for one in reversed(loc) if isinstance(one, str)), "")
        plain = "".join(c for c in text if unicodedata.category(c) != "Cf")
        hidden = next((c for c in text if c in NEVER or (unicodedata.category(c) == "Cf" and plain.isascii())), None)
        if (name in _FOUND_BY or "metric" in loc) and hidden is not None:
            seen = f"contains an invisible character (U+{ord(hidden):04X})"
            said = f"{seen}, so nothing matches it; type {plain!r} again."
            yield LintError(document.line(loc), path_of(loc), said)


def _texts(value: Any, loc: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], str]]:
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, (*loc, name))
    elif isinstance(value, list):
        for n, one in enumerate(value):
            yield from _texts(one, (*loc, n))

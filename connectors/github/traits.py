"""What the stages need to know of GitHub."""

import re
from collections.abc import Iterable

from connectors.base import ItemKind, Traits, Words

_NUMBER = r"([1-9]\d{0,6})(?!\w)"
_REFERENCE = re.compile(rf"(?<![\w/.&#-])([A-Za-z0-9][\w-]*/[\w.-]+)?#{_NUMBER}")
_ADDRESS = re.compile(rf"https?://[^/\s]+/([\w-]+/[\w.-]+)/(?:issues|pull)/{_NUMBER}")


def references(text: str, repository: str = "") -> list[str]:
    """Issues and pull requests named as owner/name#12 or by their address; with `repository`, its own as #12 too."""
    if "#" not in text and "/" not in text:
        return []
    named = ((name or repository, number) for name, number in _REFERENCE.findall(text))
    return [f"{name}#{number}" for name, number in [*named, *_ADDRESS.findall(text)] if name]


def keys_in(text: str) -> Iterable[str]:
    """Issues and pull requests named in anybody's text."""
    return references(text)


TRAITS = Traits(
    "github",
    "GitHub",
    keys=keys_in,
    words=Words.ITEM,
    evidence=frozenset({ItemKind.PULL_REQUEST, ItemKind.COMMIT}),
    loggers=("github", "urllib3"),
)

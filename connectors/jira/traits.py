"""What the stages need to know of Jira."""

import re
from collections.abc import Iterable

from connectors.base import Traits, Words
from connectors.jira.metric_words import METRICS

_KEY = re.compile(r"(?:(?<=/browse/)|(?<![A-Za-z0-9_/-]))([A-Z][A-Z0-9_]{1,29}-[1-9]\d{0,6})(?![A-Za-z0-9_-])")
_NOT_KEYS = {"UTF", "SHA", "ISO", "COVID", "RFC", "AES", "WCAG", "HTTP", "TLS", "SOC", "CVE"}


def keys_in(text: str) -> Iterable[str]:
    """Issue keys named in a text, in order, as often as they are named."""
    return [key for key in _KEY.findall(text) if key.split("-")[0] not in _NOT_KEYS] if "-" in text else ()


TRAITS = Traits("jira", "Jira", keys=keys_in, words=Words.ITEM, loggers=("jira", "urllib3"), metrics=METRICS)

"""What the stages need to know of calendars."""

from connectors.base import ItemKind, Traits, Words

TRAITS = Traits(
    "calendar",
    "calendar",
    words=Words.ITEM,
    evidence=frozenset({ItemKind.MEETING}),
    loggers=("httpx", "httpcore"),  # they print the address, which is the password
)

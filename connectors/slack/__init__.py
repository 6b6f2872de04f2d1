"""Slack."""

from typing import TYPE_CHECKING, Any

from connectors.slack.traits import TRAITS

if TYPE_CHECKING:
    from connectors.slack.connector import SlackConnector

__all__ = ["TRAITS", "SlackConnector"]


def __getattr__(name: str) -> Any:
    """Import the connector, and the vendor's client with it, on first use: most commands need only the traits."""
    if name != "SlackConnector":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from connectors.slack.connector import SlackConnector

    return SlackConnector

"""Jira Cloud and Data Center."""

from typing import TYPE_CHECKING, Any

from connectors.jira.traits import TRAITS

if TYPE_CHECKING:
    from connectors.jira.connector import JiraConnector

__all__ = ["TRAITS", "JiraConnector"]


def __getattr__(name: str) -> Any:
    """Import the connector, and the vendor's client with it, on first use: most commands need only the traits."""
    if name != "JiraConnector":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from connectors.jira.connector import JiraConnector

    return JiraConnector

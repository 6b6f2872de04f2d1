"""GitHub and GitHub Enterprise."""

from typing import TYPE_CHECKING, Any

from connectors.github.traits import TRAITS

if TYPE_CHECKING:
    from connectors.github.connector import GitHubConnector

__all__ = ["TRAITS", "GitHubConnector"]


def __getattr__(name: str) -> Any:
    """Import the connector, and the vendor's client with it, on first use: most commands need only the traits."""
    if name != "GitHubConnector":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from connectors.github.connector import GitHubConnector

    return GitHubConnector

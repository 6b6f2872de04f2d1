"""HubSpot CRM."""

from typing import TYPE_CHECKING, Any

from connectors.hubspot.traits import TRAITS

if TYPE_CHECKING:
    from connectors.hubspot.connector import HubSpotConnector

__all__ = ["TRAITS", "HubSpotConnector"]


def __getattr__(name: str) -> Any:
    """Import the connector, and the vendor's client with it, on first use: most commands need only the traits."""
    if name != "HubSpotConnector":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from connectors.hubspot.connector import HubSpotConnector

    return HubSpotConnector

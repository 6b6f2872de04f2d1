"""Calendars by their iCalendar address (Google, Outlook, Nextcloud and others)."""

from typing import TYPE_CHECKING, Any

from connectors.calendar.traits import TRAITS

if TYPE_CHECKING:
    from connectors.calendar.connector import CalendarConnector

__all__ = ["TRAITS", "CalendarConnector"]


def __getattr__(name: str) -> Any:
    """Import the connector, and its parser with it, on first use: most commands need only the traits."""
    if name != "CalendarConnector":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from connectors.calendar.connector import CalendarConnector

    return CalendarConnector

"""A shared mailbox over IMAP."""

from typing import TYPE_CHECKING, Any

from connectors.mailbox.traits import TRAITS

if TYPE_CHECKING:
    from connectors.mailbox.connector import MailboxConnector

__all__ = ["TRAITS", "MailboxConnector"]


def __getattr__(name: str) -> Any:
    """Import the connector, and the client with it, on first use: most commands need only the traits."""
    if name != "MailboxConnector":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from connectors.mailbox.connector import MailboxConnector

    return MailboxConnector

"""The sources there are. A further source is one module and one line here."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from connectors.base import Connector

SOURCES: dict[str, str] = {
    "jira": "connectors.jira:JiraConnector",
    "slack": "connectors.slack:SlackConnector",
    "hubspot": "connectors.hubspot:HubSpotConnector",
    "mailbox": "connectors.mailbox:MailboxConnector",
}


def connector(name: str, **settings: Any) -> Connector:
    """Build the connector of a source from its settings. The vendor's client is imported only now."""
    module, _, attribute = SOURCES[name].partition(":")
    build = cast(Callable[..., Connector], getattr(import_module(module), attribute))
    return build(**settings)

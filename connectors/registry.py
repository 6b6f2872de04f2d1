"""The available sources. Adding one takes one folder or module and one line here."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from typing import Any, cast

from connectors.base import Connector, Traits

SOURCES: dict[str, str] = {
    "jira": "connectors.jira:JiraConnector",
    "slack": "connectors.slack:SlackConnector",
    "hubspot": "connectors.hubspot:HubSpotConnector",
    "github": "connectors.github:GitHubConnector",
    "calendar": "connectors.calendar:CalendarConnector",
    "mailbox": "connectors.mailbox:MailboxConnector",
}
"""Module and class by source; the module also holds its `TRAITS`."""


def connector(name: str, **settings: Any) -> Connector:
    """Build the connector of a source from its settings. The vendor's client is imported only now."""
    module, _, attribute = SOURCES[name].partition(":")
    build = cast(Callable[..., Connector], getattr(import_module(module), attribute))
    return build(**settings)


def traits_of(source: str) -> Traits:
    """The traits of a source; those of one that is no longer there, of which an old database holds items, are plain."""
    return all_traits().get(source) or Traits(source, source)


def all_traits() -> Mapping[str, Traits]:
    """Traits by source, in the order of the registry."""
    return _traits(tuple(SOURCES.values()))


@cache
def _traits(places: Iterable[str]) -> Mapping[str, Traits]:
    found = [cast(Traits, import_module(place.partition(":")[0]).TRAITS) for place in places]
    return {one.source: one for one in found}

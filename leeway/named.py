"""Look up teams and sources by a typed name; an error suggests the nearest match."""

from collections.abc import Collection

from connectors.base import Connector
from connectors.registry import SOURCES
from leeway.app import App, NotReady
from leeway.settings.names import nearest
from pipeline.register.document import Register


def known_team(register: Register, key: str, *others: str) -> None:
    """Raise NotReady unless a team has this key or it is one of `others`."""
    known = [*(team.key for team in register.teams), *others]
    if key not in known:
        raise NotReady(f"there is no team {key!r} in the register. {_instead(key, known)}")


def configured(app: App, source: str) -> Connector:
    """Return a source's connector. Raises NotReady if there is no such source, or it is not configured."""
    if source not in SOURCES:
        raise NotReady(f"there is no source {source!r}. {_instead(source, SOURCES)}")
    if source not in app.connectors:
        raise NotReady(f"{source} is not configured. Add its section to leeway.toml.")
    return app.connectors[source]


def _instead(typed: str, known: Collection[str]) -> str:
    near = nearest(typed, known)
    return f"Did you mean {near}?" if near else f"There are {', '.join(known) or 'none'}."

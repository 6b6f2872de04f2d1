"""Teams and sources by the names that somebody typed; a wrong one is said with the nearest that there is."""

from collections.abc import Collection

from connectors.base import Connector
from connectors.registry import SOURCES
from leeway.app import App, NotReady
from leeway.settings.names import nearest
from pipeline.register.document import Register


def known_team(register: Register, key: str, *others: str) -> None:
    """Raise NotReady where no team has this key, which may also be one of `others`."""
    known = [*(team.key for team in register.teams), *others]
    if key not in known:
        raise NotReady(f"there is no team {key!r} in the register. {_instead(key, known)}")


def configured(app: App, source: str) -> Connector:
    """The connector of a source. Raises NotReady where there is no such source, or the settings have none."""
    if source not in SOURCES:
        raise NotReady(f"there is no source {source!r}. {_instead(source, SOURCES)}")
    if source not in app.connectors:
        raise NotReady(f"{source} is not configured. Add its section to leeway.toml.")
    return app.connectors[source]


def _instead(typed: str, known: Collection[str]) -> str:
    near = nearest(typed, known)
    return f"Did you mean {near}?" if near else f"There are {', '.join(known) or 'none'}."

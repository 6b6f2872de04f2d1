"""A field by the name that people write: an id is one field, a name may be that of several, of which none is guessed at."""

from collections.abc import Iterable, Mapping
from typing import Any

from connectors.base import BadAnswer
from connectors.jira.client import SOURCE


def named_field(rows: Iterable[Any], named: str, fix: str) -> str:
    """The id of the field with this id, else of the one with this name, `fix` being what to write else. Raises BadAnswer."""
    known = [one for one in rows if isinstance(one, Mapping) and "id" in one]
    plain = named.casefold()
    found = [str(one["id"]) for one in known if str(one["id"]).casefold() == plain]
    found = found or [str(one["id"]) for one in known if str(one.get("name")).casefold() == plain]
    if not found:
        raise BadAnswer(SOURCE, f"there is no field {named!r}.", fix)
    if len(found) > 1:
        raise BadAnswer(
            SOURCE, f"{len(found)} fields are called {named!r}.", f"Write the id of one: {', '.join(found)}."
        )
    return found[0]

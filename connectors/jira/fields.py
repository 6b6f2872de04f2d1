"""Fields whose filling is read (`jira.fields`): when each was filled or emptied, never what stands in it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from connectors.base import Signal, SignalKind
from connectors.jira.client import JiraClient
from connectors.records import UNREADABLE
from connectors.times import read_time


class NamedFields:
    """The listed fields by their ids; each site numbers its own."""

    def __init__(self, client: JiraClient, names: Sequence[str]) -> None:
        self._client, self.names = client, list(names)
        self._found: dict[str, str] | None = None

    @property
    def mark(self) -> dict[str, list[str]]:
        """What a cursor keeps of them."""
        return {"fields": self.names} if self.names else {}

    @property
    def ids(self) -> dict[str, str]:
        """The name that the settings have, by the field's id; without those that the site does not have."""
        if self._found is None:
            self._found = {}
            wanted = {name.casefold(): name for name in self.names}
            for field in self._client.get("field") if wanted else ():
                for known in (str(field.get("name", "")), str(field.get("id", ""))):
                    if known.casefold() in wanted:
                        self._found[str(field["id"])] = wanted[known.casefold()]
        return self._found


def filled(issue: Mapping[str, Any], fields: Mapping[str, str], author: Any) -> Iterator[Signal]:
    """A signal each time that one of the fields (names by id) was filled or emptied. `author` gives the account of a user.

    What was filled when the issue was created has no change of its own.
    """
    id_, values = str(issue["id"]), issue["fields"]
    names = {name: field for field, name in fields.items()}
    first: dict[str, tuple[datetime, bool]] = {}
    for history in (issue.get("changelog") or {}).get("histories") or []:
        with suppress(*UNREADABLE):  # said where the history itself is read
            for number, change in enumerate(history["items"]):
                field = str(change.get("fieldId") or names.get(change["field"]))
                if field not in fields:
                    continue
                before, after = _there(change, "from"), _there(change, "to")
                at = read_time(history["created"])
                if field not in first or at < first[field][0]:
                    first[field] = (at, before)
                if before != after:
                    name = f"field:{history['id']}:{number}"
                    yield _signal(name, id_, at, author(history.get("author")), fields[field], there=after)
    for field, name in fields.items():
        at_first = first[field][1] if field in first else values.get(field) not in (None, "", [], {})
        if at_first:
            who = author(values.get("creator") or values.get("reporter"))
            yield _signal(f"issue:{id_}:field:{field}", id_, read_time(values["created"]), who, name, there=True)


def _there(change: Mapping[str, Any], side: str) -> bool:
    return bool(change.get(f"{side}String") or change.get(side))


def _signal(name: str, item: str, at: datetime, who: str | None, field: str, *, there: bool) -> Signal:
    return Signal("jira", name, item, SignalKind.FIELD, at, who, detail={"field": field, "filled": there})

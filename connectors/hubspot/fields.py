"""Properties whose filling is read (`hubspot.fields`): when each was filled or emptied, never what stands in it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.base import Signal, SignalKind
from connectors.hubspot.client import HubSpotClient
from connectors.times import plausible

BATCH = 50
"""Records that are asked for at once where their properties' histories are wanted; HubSpot takes no more."""


class Fields:
    """The listed properties of deals and tickets, by their internal names."""

    def __init__(self, client: HubSpotClient, names: Sequence[str]) -> None:
        self._client, self.names = client, list(names)

    @property
    def mark(self) -> dict[str, list[str]]:
        """What a cursor keeps of them."""
        return {"fields": self.names} if self.names else {}

    def of(self, stream: str, records: Sequence[Mapping[str, Any]]) -> dict[str, list[Signal]]:
        """By record, a signal each time that one of them was filled or emptied. Raises SourceError."""
        found: dict[str, list[Signal]] = {}
        if not self.names or stream not in ("deals", "tickets"):
            return found
        ids = [str(record["id"]) for record in records]
        for first in range(0, len(ids), BATCH):
            for record in self._client.histories(stream, ids[first : first + BATCH], self.names):
                histories = record.get("propertiesWithHistory") or {}
                item = f"{stream}:{record['id']}"
                found[str(record["id"])] = [
                    signal for name in self.names for signal in _changes(item, name, histories.get(name) or [])
                ]
        return found


def _changes(item: str, name: str, history: Sequence[Mapping[str, Any]]) -> list[Signal]:
    """Nobody is named: HubSpot says which user changed a property, and work is known by owners."""
    found, before = [], False
    for at, there in sorted((_time(row["timestamp"]), row.get("value") not in (None, "")) for row in history):
        if there != before:
            name_ = f"{item}:field:{name}:{int(at.timestamp())}"
            detail = {"field": name, "filled": there}
            found.append(Signal("hubspot", name_, item, SignalKind.FIELD, at, None, detail=detail))
        before = there
    return found


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return plausible((at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC))

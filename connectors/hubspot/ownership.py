"""Whose a deal or ticket was when. HubSpot says in the record itself only whose it is and since when; who had it before is asked
for, and only of those that changed hands."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.fields import BATCH
from connectors.hubspot.parse import created_at, time_of
from connectors.records import UNREADABLE

OWNER, ASSIGNED = "hubspot_owner_id", "hubspot_owner_assigneddate"
_AT_ONCE = timedelta(minutes=1)
"""An owner who is set that soon after something had it already: creating a deal is several steps."""


class Owners:
    """The owners of a record over time."""

    def __init__(self, today: str | None, past: Sequence[tuple[datetime, str | None]] = ()) -> None:
        self._today, self._past = today, sorted(past, key=lambda row: row[0])

    def at(self, at: datetime) -> str | None:
        """Whose it was then: nobody's before its first owner, and today's owner's where nothing is known of the past."""
        if not self._past:
            return self._today
        return next((owner for since, owner in reversed(self._past) if since <= at + _AT_ONCE), None)


def owners_of(client: HubSpotClient, stream: str, records: Sequence[Mapping[str, Any]]) -> dict[str, Owners]:
    """By id, of deals and tickets. Raises SourceError."""
    if stream not in ("deals", "tickets"):
        return {}
    today = {str(one["id"]): _properties(one).get(OWNER) or None for one in records if "id" in one}
    found = {id_: Owners(owner) for id_, owner in today.items()}
    given = [str(one["id"]) for one in records if "id" in one and _changed_hands(_properties(one))]
    for first in range(0, len(given), BATCH):
        for record in client.histories(stream, given[first : first + BATCH], [OWNER]):
            id_ = str(record["id"])
            with suppress(*UNREADABLE):
                found[id_] = Owners(today[id_], _rows(record))
    return found


def _properties(record: Mapping[str, Any]) -> Mapping[str, Any]:
    properties = record.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def _changed_hands(properties: Mapping[str, Any]) -> bool:
    """Return True if somebody got it later than it was created."""
    try:
        return bool(properties.get(ASSIGNED)) and time_of(properties[ASSIGNED]) > created_at(properties) + _AT_ONCE
    except UNREADABLE:  # set aside when it is parsed
        return False


def _rows(record: Mapping[str, Any]) -> list[tuple[datetime, str | None]]:
    return [(time_of(row["timestamp"]), row.get("value") or None) for row in record["propertiesWithHistory"][OWNER]]

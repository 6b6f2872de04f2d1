"""HubSpot's search: one kind of record, gone through by object id."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from connectors.base import SourceError, SourceUnavailable
from connectors.hubspot.client import SOURCE, HubSpotClient
from connectors.hubspot.links import Pipelines
from connectors.hubspot.ownership import ASSIGNED
from connectors.hubspot.parse import ENTERED, PROPERTIES
from connectors.onward import Onward
from connectors.records import UNREADABLE
from connectors.times import millis

PAGE_SIZE = 200


class Search:
    """Records with the properties that are read of them. `now` gives the time in seconds; errors are SourceError."""

    def __init__(self, client: HubSpotClient, pipelines: Pipelines, now: Callable[[], float]) -> None:
        self._client, self._pipelines, self._now = client, pipelines, now

    def walk(
        self, stream: str, filters: list[dict[str, str]], last: str
    ) -> Iterator[tuple[list[dict[str, Any]], str, bool]]:
        """Pages by object id above `last`: (records, the last id, whether more follow)."""
        onward = Onward(SOURCE, f"the search of {stream}")
        while True:
            above = {"propertyName": "hs_object_id", "operator": "GT", "value": last}
            query = {
                "limit": PAGE_SIZE,
                "properties": self.properties(stream),
                "sorts": ["hs_object_id"],
                "filterGroups": [{"filters": [*filters, above]}],
            }
            try:
                answer = self._client.search(stream, query)
                found = answer["results"]
            except SourceUnavailable as error:
                # One record may break the whole answer: without their properties, then each by itself.
                answer = self._client.search(stream, {**query, "properties": []})
                found = [self._alone(stream, str(record["id"]), error) for record in answer["results"]]
            onward.to(last)
            last = str(found[-1]["id"]) if found else last
            # A page may hold fewer than were asked for and have more behind it.
            more = len(found) == PAGE_SIZE or bool((answer.get("paging") or {}).get("next"))
            yield found, last, more
            if not more:
                return

    def _alone(self, stream: str, id_: str, error: SourceError) -> dict[str, Any]:
        try:
            found, archived = self._client.by_id(stream, [id_], self.properties(stream))
            return found[0] if found else {"id": id_, "gone" if id_ in archived else "unreadable": error.message}
        except SourceUnavailable:
            return {"id": id_, "unreadable": error.message}

    def newest_change(self, stream: str, before: int | None = None) -> int:
        """Time of the newest change that can be read, in milliseconds; 0 where there is none.

        One record without a time, or two, stop nobody.
        """
        name = "hs_lastmodifieddate"
        query: dict[str, Any] = {
            "limit": 10,
            "properties": [name],
            "sorts": [{"propertyName": name, "direction": "DESCENDING"}],
        }
        if before is not None:
            query["filterGroups"] = [{"filters": [{"propertyName": name, "operator": "LT", "value": str(before)}]}]
        found = self._client.search(stream, query)["results"]
        for record in found:  # one without a time stops nobody
            with suppress(*UNREADABLE):
                newest = millis(datetime.fromisoformat(record["properties"][name]))
                return min(newest, int(self._now() * 1000))  # one dated ahead must not hide what comes before it
        # Where none can be read nothing is skipped: the past is gone through, and what is new is read again.
        return before - 1 if found and before is not None else 0

    def properties(self, stream: str) -> list[str]:
        """Names of the properties that are asked for; of deals and tickets also when each stage was entered."""
        names = [*PROPERTIES[stream], "hs_lastmodifieddate", "hs_createdate", "createdate", "hubspot_owner_id"]
        if stream in ("deals", "tickets"):
            stages = (s["id"] for p in self._pipelines.of(stream).values() for s in p["stages"])
            names += [ASSIGNED, *(f"{ENTERED}{stage}" for stage in stages)]
        return names

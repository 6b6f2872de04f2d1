"""HubSpot's search: one kind of record, gone through by object id."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from connectors.base import BadAnswer, SourceError, SourceUnavailable
from connectors.hubspot.client import BATCH, SOURCE, HubSpotClient
from connectors.hubspot.links import Pipelines
from connectors.hubspot.ownership import ASSIGNED
from connectors.hubspot.parse import ENTERED, PROPERTIES
from connectors.onward import Onward
from connectors.records import UNREADABLE
from connectors.times import millis

PAGE_SIZE = 200
_MANY = 60
"""Properties; a search that names more may be refused for its length."""


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
            query: dict[str, Any] = {
                "limit": PAGE_SIZE,
                "properties": self.properties(stream),
                "sorts": ["hs_object_id"],
                "filterGroups": [{"filters": [*filters, above]}],
            }
            try:
                answer = self._client.search(stream, query)
                found = answer["results"]
            except BadAnswer:
                if len(query["properties"]) < _MANY:
                    raise
                # More than a search takes: asked for by id, which may name any number.
                answer = self._client.search(stream, {**query, "properties": []})
                found = self._whole(stream, answer["results"], query["properties"])
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

    def _whole(self, stream: str, rows: list[dict[str, Any]], names: list[str]) -> list[dict[str, Any]]:
        """These records with their properties; those that are archived meanwhile are said to be gone."""
        there: dict[str, dict[str, Any]] = {}
        ids = [str(row["id"]) for row in rows]
        for first in range(0, len(ids), BATCH):
            found, archived = self._client.by_id(stream, ids[first : first + BATCH], names)
            there |= {str(record["id"]): record for record in found}
            there |= {id_: {"id": id_, "gone": "archived"} for id_ in archived}
        return [there.get(id_, {"id": id_, "unreadable": "it is missing from HubSpot's answers"}) for id_ in ids]

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
            read = (p for p in self._pipelines.of(stream).values() if self._pipelines.is_listed(p))
            stages = (stage["id"] for pipeline in read for stage in pipeline["stages"])
            names += [ASSIGNED, *(f"{ENTERED}{stage}" for stage in stages)]
        return names

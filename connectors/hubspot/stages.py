"""When deals and tickets entered their stages.

HubSpot keeps a property for each stage in the dearer accounts alone. Elsewhere what stood in the record's stage, and since when,
is asked for, fifty records a request.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.fields import BATCH
from connectors.hubspot.parse import ENTERED, time_of
from connectors.records import UNREADABLE

STAGE = {"deals": "dealstage", "tickets": "hs_pipeline_stage"}
Entered = Mapping[str, Sequence[datetime]]
"""By stage, each time that it was entered."""


def entered(
    client: HubSpotClient,
    stream: str,
    records: Sequence[Mapping[str, Any]],
    is_read: Callable[[Mapping[str, Any]], bool],
) -> dict[str, Entered]:
    """By id, of those records that are read and say no time for the stage in which they are. Raises SourceError."""
    name = STAGE.get(stream)
    if name is None:
        return {}
    lacking = [str(r["id"]) for r in records if "id" in r and _says_none(r.get("properties"), name) and is_read(r)]
    found: dict[str, Entered] = {}
    for first in range(0, len(lacking), BATCH):
        for record in client.histories(stream, lacking[first : first + BATCH], [name]):
            with suppress(*UNREADABLE):
                times: dict[str, list[datetime]] = {}
                for row in record["propertiesWithHistory"][name]:
                    if row.get("value"):
                        times.setdefault(str(row["value"]), []).append(time_of(row["timestamp"]))
                found[str(record["id"])] = times
    return found


def _says_none(properties: Any, name: str) -> bool:
    if not isinstance(properties, Mapping):
        return False
    stage = properties.get(name)
    return bool(stage) and not properties.get(f"{ENTERED}{stage}")

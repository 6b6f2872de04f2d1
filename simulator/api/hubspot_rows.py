"""HubSpot's records as its API shows them."""

from datetime import datetime
from typing import Any

from simulator.world import Record

_ENTERED = "hs_v2_date_entered_"


def row_of(record: Record, wanted: list[str]) -> dict[str, Any]:
    """The record with the wanted properties."""
    known = record.properties | {
        "hs_lastmodifieddate": _iso(record.modified),
        "hs_object_id": str(record.id),
        "hs_createdate": _iso(record.created),
    }
    if known.get("hubspot_owner_id"):  # kept by HubSpot itself: when the present owner got it
        given = [at for at, _ in record.histories.get("hubspot_owner_id", [])]
        known["hubspot_owner_assigneddate"] = _iso(max(given, default=record.created))
    names = {*wanted, "hs_object_id", "hs_lastmodifieddate", "hs_createdate"}
    return {
        "id": str(record.id),
        "properties": {name: known.get(name) for name in sorted(names)},
        "createdAt": _iso(record.created),
        "updatedAt": _iso(record.modified),
        "archived": False,
    }


def past_of(record: Record, wanted: list[str]) -> dict[str, Any]:
    """What stood in properties and since when, newest first; one without a history of its own was filled at creation."""
    found = {}
    for name in wanted:
        filled = [(record.created, record.properties[name])] if name in record.properties else []
        if name in ("dealstage", "hs_pipeline_stage"):
            filled = [(datetime.fromisoformat(at), key.removeprefix(_ENTERED)) for key, at in _stages(record)] or filled
        rows = sorted(record.histories.get(name, filled), reverse=True)
        found[name] = [{"value": value, "timestamp": _iso(at), "sourceType": "CRM_UI"} for at, value in rows]
    return {"propertiesWithHistory": found} if wanted else {}


def _stages(record: Record) -> list[tuple[str, str]]:
    return [(key, at) for key, at in record.properties.items() if key.startswith(_ENTERED)]


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"

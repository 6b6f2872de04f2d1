"""The words of mails of which HubSpot keeps the markup alone, as programs log them.

It is asked for by itself, for those that lack plain text: of all others it would say the same again, at many times the length.
"""

from collections.abc import Mapping
from typing import Any

from connectors.hubspot.client import BATCH, HubSpotClient

TEXT, MARKUP = "hs_email_text", "hs_email_html"


def with_bodies(client: HubSpotClient, stream: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same records; mails that have no plain text have their markup in its place. Raises SourceError."""
    lacking = [str(record["id"]) for record in records if _lacks(record)] if stream == "emails" else []
    found: dict[str, Any] = {}
    for first in range(0, len(lacking), BATCH):
        there, _ = client.by_id(stream, lacking[first : first + BATCH], [MARKUP])
        found |= {str(record["id"]): (record.get("properties") or {}).get(MARKUP) for record in there}
    return [
        {**record, "properties": {**record["properties"], TEXT: markup}}
        if isinstance(record, dict) and (markup := found.get(str(record.get("id"))))
        else record
        for record in records
    ]


def _lacks(record: Any) -> bool:
    properties = record.get("properties") if isinstance(record, dict) and "id" in record else None
    return isinstance(properties, Mapping) and not properties.get(TEXT)

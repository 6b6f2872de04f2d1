"""What the stages need to know of HubSpot."""

import re
from collections.abc import Iterable

from connectors.base import Traits
from connectors.hubspot.metric_words import METRICS

_ADDRESS = re.compile(r"\bapp[\w-]*\.hubspot\.com/contacts/\d+/(?:record/)?(0-3|0-5|deal|ticket)/(\d{1,20})")
_TYPES = {"0-3": "deals", "deal": "deals", "0-5": "tickets", "ticket": "tickets"}


def records_in(text: str) -> Iterable[str]:
    """Deals and tickets whose addresses stand in a text, as source and id: people know no other names of them."""
    return [f"hubspot:{_TYPES[kind]}:{id_}" for kind, id_ in _ADDRESS.findall(text)] if "hubspot" in text else ()


TRAITS = Traits("hubspot", "HubSpot", keys=records_in, customers=True, loggers=("hubspot", "urllib3"), metrics=METRICS)

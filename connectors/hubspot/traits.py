"""What the stages need to know of HubSpot."""

from connectors.base import Traits
from connectors.hubspot.metric_words import METRICS

TRAITS = Traits("hubspot", "HubSpot", customers=True, loggers=("hubspot", "urllib3"), metrics=METRICS)

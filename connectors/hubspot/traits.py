"""What the stages need to know of HubSpot."""

from connectors.base import Traits

TRAITS = Traits("hubspot", "HubSpot", customers=True, loggers=("hubspot", "urllib3"))

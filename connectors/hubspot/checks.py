"""What `leeway check` says of HubSpot."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from connectors.base import Check, ScopeError, SourceError
from connectors.checks import after_pages, clock_row, listed_rows
from connectors.hubspot.client import HubSpotClient
from connectors.hubspot.links import Pipelines
from connectors.hubspot.parse import ENGAGEMENTS
from connectors.hubspot.search import PAGE_SIZE
from connectors.limits import Rate
from connectors.times import millis

TYPES = ("deals", "tickets", *ENGAGEMENTS)
SCOPES = {
    "crm.objects.deals.read": ("deals", "read deals"),
    "tickets": ("tickets", "read tickets"),
    "crm.objects.contacts.read": ("calls", "read calls, meetings, messages, notes and tasks"),
    "sales-email-read": ("emails", "read e-mails' text"),
    "crm.objects.owners.read": ("owners", "recognise one person across the sources"),
}


def check(client: HubSpotClient, pipelines: Pipelines, rate: Rate, since: datetime) -> list[Check]:
    """The scopes, the listed pipelines and how much there is since then."""
    checks: list[Check] = []
    for scope, (type_, purpose) in SCOPES.items():
        try:
            client.owners(1, None) if type_ == "owners" else client.search(type_, {"limit": 1, "properties": []})
            checks.append(Check(f"scope {scope}", True, f"to {purpose}"))
        except ScopeError as error:
            checks.append(Check(f"scope {scope}", False, f"to {purpose}", error.fix))
        except SourceError as error:
            return [Check("token", False, error.message, error.fix)]
    checks.append(clock_row(client.skew))
    labels: dict[str, str] = {}
    for kind in ("deals", "tickets"):
        with suppress(ScopeError):  # said above, as a scope
            labels |= {id_: str(pipeline["label"]) for id_, pipeline in pipelines.of(kind).items()}
    listed, names = [labels.get(name, name) for name in pipelines.listed], sorted({*labels.values()})
    checks += listed_rows("pipeline", listed, names, f"Existing ones: {', '.join(names)}.")
    if all(check.ok for check in checks):
        checks.append(_volume(client, rate, since))
        checks += _ownerless(client, since)
    return checks


def _ownerless(client: HubSpotClient, since: datetime) -> Iterator[Check]:
    """What nobody's work is counted of: apps that log calls and book meetings often set no owner."""
    lacking = {"calls": ["hubspot_owner_id"], "meetings": ["hubspot_owner_id", "hs_attendee_owner_ids"]}
    for type_, names in lacking.items():
        filters = [_changed(since), *({"propertyName": name, "operator": "NOT_HAS_PROPERTY"} for name in names)]
        answer = client.search(type_, {"limit": 1, "properties": [], "filterGroups": [{"filters": filters}]})
        if count := int(answer.get("total", 0)):
            found = f"{count:,} in the window, which count for nobody; let the app that logs them set hubspot_owner_id"
            yield Check(f"{type_} without owners", True, found)


def _changed(since: datetime) -> dict[str, str]:
    return {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(millis(since))}


def _volume(client: HubSpotClient, rate: Rate, since: datetime) -> Check:
    query = {"limit": 1, "properties": [], "filterGroups": [{"filters": [_changed(since)]}]}
    count = sum(int(client.search(type_, query).get("total", 0)) for type_ in TYPES)
    return after_pages("records", count, PAGE_SIZE, rate)

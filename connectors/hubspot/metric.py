"""The number that a metric asks HubSpot for: how many records meet its conditions, the sum of a property, or median days between
two dates. Only records of the listed pipelines count. A sum goes through all records by id, so that the search's cap of 10,000
results is never met."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from statistics import median
from typing import Any

from connectors.base import BadAnswer
from connectors.hubspot.client import SOURCE, HubSpotClient
from connectors.hubspot.links import Pipelines
from connectors.hubspot.metric_words import condition_of
from connectors.times import millis

PAGE_SIZE = 200
MOST_PAGES = 250
"""Pages that a sum or median may take: fifty thousand records, about a minute of the searches that HubSpot allows."""
_DAY_SECONDS = 86_400
_CURRENCY = "deal_currency_code"
_MONEY = {
    "amount",
    "hs_acv",
    "hs_arr",
    "hs_mrr",
    "hs_tcv",
    "hs_closed_amount",
    "hs_forecast_amount",
    "hs_projected_amount",
}
"""Properties of a deal that are in its own currency."""


def measured(client: HubSpotClient, pipelines: Pipelines, metric: Mapping[str, Any]) -> float:
    """The number. Raises SourceError."""
    type_ = str(metric["hubspot"])
    filters = [_listed(pipelines, type_), *map(_filter, metric.get("where") or [])]
    if "sum" in metric:
        return _sum(client, type_, filters, str(metric["sum"]))
    if "median_days" in metric:
        return _median_days(client, type_, filters, metric["median_days"])
    answer = client.search(type_, {"limit": 1, "properties": [], "filterGroups": [{"filters": filters}]})
    if not isinstance(answer.get("total"), int):
        raise BadAnswer(SOURCE, "the search returns no total.")
    return float(answer["total"])


def _listed(pipelines: Pipelines, type_: str) -> dict[str, Any]:
    ids = [id_ for id_, one in pipelines.of(type_).items() if pipelines.is_listed(one)]
    if not ids:
        raise BadAnswer(SOURCE, f"none of hubspot.pipelines holds {type_}.", "List one that does.")
    return {"propertyName": "pipeline" if type_ == "deals" else "hs_pipeline", "operator": "IN", "values": ids}


def _filter(text: str) -> dict[str, Any]:
    name, operator, value = condition_of(text)
    with suppress(ValueError):  # a day is its first moment in UTC, in milliseconds, as the search wants it
        value = str(millis(datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)))
    return {"propertyName": name, "operator": operator, "value": value}


def _sum(client: HubSpotClient, type_: str, filters: list[dict[str, Any]], name: str) -> float:
    money = type_ == "deals" and name.lower() in _MONEY
    total, currencies = 0.0, set[str]()
    for properties in _records(client, type_, filters, [name, *([_CURRENCY] if money else ())]):
        try:
            value = float(properties.get(name) or 0)
        except ValueError:
            raise BadAnswer(SOURCE, f"{name} of {type_} is not a number.", "Name a number property.") from None
        total += value
        if value and properties.get(_CURRENCY):
            currencies.add(str(properties[_CURRENCY]))
    if len(currencies) > 1:
        several = ", ".join(sorted(currencies))
        fix = f"Name amount_in_home_currency or the like, or add a condition such as {_CURRENCY} = {min(currencies)}."
        raise BadAnswer(
            SOURCE, f"{name} of these deals is in several currencies ({several}), so it cannot be summed.", fix
        )
    return total


def _median_days(client: HubSpotClient, type_: str, filters: list[dict[str, Any]], names: Sequence[str]) -> float:
    days = []
    for properties in _records(client, type_, filters, names):
        first, last = (_time(properties.get(name), name) for name in names)
        if first is not None and last is not None:
            days.append((last - first).total_seconds() / _DAY_SECONDS)
    if not days:
        raise BadAnswer(SOURCE, f"none of the {type_} has both {names[0]} and {names[1]}, so there is no median.")
    return median(days)


def _time(value: Any, name: str) -> datetime | None:
    if not value:
        return None
    try:
        if str(value).isdigit():
            return datetime.fromtimestamp(int(value) / 1000, UTC)
        found = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError, OSError):
        raise BadAnswer(SOURCE, f"{name} is not a date.", "Name a date property.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _records(
    client: HubSpotClient, type_: str, filters: list[dict[str, Any]], names: Sequence[str]
) -> Iterator[Mapping[str, Any]]:
    last = "0"
    for _ in range(MOST_PAGES):
        above = {"propertyName": "hs_object_id", "operator": "GT", "value": last}
        query = {
            "limit": PAGE_SIZE,
            "properties": list(names),
            "sorts": ["hs_object_id"],
            "filterGroups": [{"filters": [*filters, above]}],
        }
        answer = client.search(type_, query)
        found = answer["results"]
        yield from ((one.get("properties") or {}) for one in found)
        # A page may hold fewer than were asked for and have more behind it.
        if not found or (len(found) < PAGE_SIZE and not (answer.get("paging") or {}).get("next")):
            return
        last = str(found[-1]["id"])
    raise BadAnswer(
        SOURCE, f"more than {MOST_PAGES * PAGE_SIZE} {type_} meet the conditions.", "Add one, such as a date."
    )

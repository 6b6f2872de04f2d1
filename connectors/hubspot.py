"""HubSpot CRM, through `hubspot-api-client`: deals, tickets, calls, meetings, emails, notes and tasks.

The search answers at most 10,000 results a query, so each walk goes by object id above a lower bound of the
modification time: every page is a new query, no cap is ever near, many changes in one millisecond do no harm
and what changes during the walk is neither lost nor doubled. The next walk starts where this one's newest
change stood at its beginning, less an overlap, because the search lags behind writes.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from hubspot import HubSpot
from urllib3.exceptions import HTTPError

from connectors.base import (
    BadAnswer,
    Check,
    CredentialError,
    Cursor,
    Failure,
    Page,
    RateLimited,
    ScopeError,
    SourceError,
    SourceUnavailable,
)
from connectors.hubspot_parse import ENGAGEMENTS, PROPERTIES, parse_engagement, parse_owner, parse_record
from connectors.retry import retrying

OVERLAP = timedelta(minutes=5)
PAGE_SIZE = 200
BATCH = 100
TYPES = ("deals", "tickets", *ENGAGEMENTS)
SCOPES = {
    "crm.objects.deals.read": ("deals", "read deals"),
    "tickets": ("tickets", "read tickets"),
    "crm.objects.contacts.read": ("calls", "read calls, meetings, notes and tasks"),
    "sales-email-read": ("emails", "read e-mails' text"),
    "crm.objects.owners.read": ("owners", "know one person across the sources"),
}
SCOPE_PAGE = "HubSpot, Settings, Integrations, Private Apps, your app, Scopes"


class HubSpotConnector:
    """Deals and tickets of the listed pipelines, and the engagements on them."""

    name = "hubspot"

    def __init__(self, *, token: str, pipelines: list[str], api_url: str = "https://api.hubapi.com") -> None:
        self.api_url, self.pipelines = api_url.rstrip("/"), pipelines
        self.client = HubSpot(access_token=token, host=self.api_url)
        self._pipelines: dict[str, dict[str, Any]] = {}

    def check(self) -> list[Check]:
        """See connectors.base.Connector."""
        checks: list[Check] = []
        for scope, (type_, purpose) in SCOPES.items():
            try:
                self._owners(1, None) if type_ == "owners" else self._search(type_, {"limit": 1, "properties": []})
                checks.append(Check(f"scope {scope}", True, f"to {purpose}"))
            except ScopeError as error:
                checks.append(Check(f"scope {scope}", False, f"to {purpose}", error.mend))
            except SourceError as error:
                return [Check("token", False, error.message, error.mend)]
        names: set[str] = set()
        for kind in ("deals", "tickets"):
            try:
                names |= {pipeline["label"] for pipeline in self._known_pipelines(kind).values()}
            except ScopeError:
                continue  # said above, as a scope
        for name in self.pipelines:
            mend = "" if name in names else f"Existing ones: {', '.join(sorted(names))}."
            checks.append(Check(f"pipeline {name}", name in names, "found" if name in names else "not found", mend))
        return checks

    def streams(self) -> list[str]:
        """Owners first, then deals and tickets, then what hangs on them."""
        return ["owners", *TYPES]

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        """See connectors.base.Connector."""
        if stream == "owners":
            yield from self._pull_owners()
            return
        state = dict(cursor or {"modified": int(since.timestamp() * 1000)})
        overlap = int(OVERLAP.total_seconds() * 1000) if cursor and "id" not in state else 0
        start = int(state["modified"]) - overlap
        last = str(state.get("id", "0"))
        newest = int(state["newest"]) if "newest" in state else max(start, self._newest_change(stream))
        while True:
            found = self._search(stream, {
                "limit": PAGE_SIZE, "properties": self._properties(stream), "sorts": ["hs_object_id"],
                "filterGroups": [{"filters": [
                    {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(start)},
                    {"propertyName": "hs_object_id", "operator": "GT", "value": last},
                ]}],
            })["results"]  # fmt: skip
            if found:
                last = str(found[-1]["id"])
            more = len(found) == PAGE_SIZE
            after = {"modified": start, "id": last, "newest": newest} if more else {"modified": newest}
            yield self._page(stream, found, after)
            if not more:
                return

    def _page(self, stream: str, records: list[dict[str, Any]], cursor: Cursor) -> Page:
        pipelines = self._known_pipelines("tickets" if stream == "tickets" else "deals")
        links = self._associations(stream, records) if stream in ENGAGEMENTS else {}
        items, signals, failures = [], [], []
        for record in records:
            try:
                if stream in ENGAGEMENTS:
                    item, its_signals = parse_engagement(record, stream, links.get(str(record["id"])))
                else:
                    item, its_signals = parse_record(record, stream, pipelines, self.pipelines)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                name = str(record.get("id", "?")) if isinstance(record, dict) else "?"
                failures.append(Failure(self.name, stream, name, f"{type(error).__name__}: {error}"))
                continue
            items += [item] if item else []
            signals += its_signals
        return Page(stream, cursor, items, signals, (), failures)

    def _pull_owners(self) -> Iterator[Page]:
        for archived in (False, True):  # deals keep owners who have left
            after = None
            while True:
                answer = self._owners(100, after, archived)
                yield Page("owners", {}, accounts=[parse_owner(owner) for owner in answer["results"]])
                after = ((answer.get("paging") or {}).get("next") or {}).get("after")
                if not after:
                    break

    def _newest_change(self, stream: str) -> int:
        query = {
            "limit": 1, "properties": ["hs_lastmodifieddate"],
            "sorts": [{"propertyName": "hs_lastmodifieddate", "direction": "DESCENDING"}],
        }  # fmt: skip
        found = self._search(stream, query)["results"]
        if not found:
            return 0
        return int(datetime.fromisoformat(found[0]["properties"]["hs_lastmodifieddate"]).timestamp() * 1000)

    def _associations(self, stream: str, records: list[dict[str, Any]]) -> dict[str, str]:
        """External id of the deal, else the ticket, that each engagement hangs on."""
        ids = [str(record["id"]) for record in records]
        found: dict[str, str] = {}
        for target in ("tickets", "deals"):  # deals last: where a call has both, the deal is the work
            for first in range(0, len(ids), BATCH):
                query = {"inputs": [{"id": id_} for id_ in ids[first : first + BATCH]]}
                answer = self._ask(lambda query=query, target=target: self.client.crm.associations.v4.batch_api.get_page(
                    stream, target, query, _preload_content=False
                ))  # fmt: skip
                for row in answer.get("results", []):
                    if row.get("to"):
                        found[str(row["from"]["id"])] = f"{target}:{row['to'][0]['toObjectId']}"
        return found

    def _known_pipelines(self, kind: str) -> dict[str, Any]:
        if kind not in self._pipelines:
            answer = self._ask(lambda: self.client.crm.pipelines.pipelines_api.get_all(kind, _preload_content=False))
            self._pipelines[kind] = {pipeline["id"]: pipeline for pipeline in answer["results"]}
        return self._pipelines[kind]

    def _properties(self, stream: str) -> list[str]:
        names = [*PROPERTIES[stream], "hs_lastmodifieddate", "hs_createdate", "createdate", "hubspot_owner_id"]
        if stream in ("deals", "tickets"):
            stages = (s["id"] for p in self._known_pipelines(stream).values() for s in p["stages"])
            names += [f"hs_v2_date_entered_{stage}" for stage in stages]
        return names

    def _owners(self, limit: int, after: str | None, archived: bool = False) -> Any:
        query = {"limit": limit, "archived": archived, **({"after": after} if after else {})}
        return self._ask(lambda: self.client.crm.owners.owners_api.get_page(**query, _preload_content=False))

    def _search(self, type_: str, query: dict[str, Any]) -> Any:
        return self._ask(lambda: self.client.crm.objects.search_api.do_search(type_, query, _preload_content=False))

    def _ask(self, call: Any) -> Any:
        return retrying(lambda: self._translated(call))

    def _translated(self, call: Any) -> Any:
        """`_preload_content=False` gives the raw answer: the client's models drop properties they do not know."""
        try:
            return json.loads(call().data)
        except HTTPError as error:
            raise SourceUnavailable(
                self.name,
                f"no answer from {self.api_url} ({type(error).__name__}).",
                "Check hubspot.api_url, the network.",
            ) from None
        except ValueError:
            raise SourceUnavailable(self.name, f"{self.api_url} answered with something that is not JSON.") from None
        except Exception as error:  # every API of the client has an ApiException class of its own, without a base
            if not hasattr(error, "status") or not hasattr(error, "body"):
                raise
            raise self._error(error) from None

    def _error(self, error: Any) -> SourceError:
        status = int(error.status or 0)
        if status == 401:
            return CredentialError(
                self.name, "the token is not accepted.", f"Copy it from {SCOPE_PAGE}; hubspot.token."
            )
        if status == 403:
            return ScopeError(self.name, _missing_scopes(error.body), f"Add it at {SCOPE_PAGE}.")
        if status == 429:
            return RateLimited(self.name, float((error.headers or {}).get("Retry-After") or 10))
        if status == 0 or status >= 500:
            return SourceUnavailable(self.name, f"{self.api_url} answered {status}.")
        return BadAnswer(self.name, f"{self.api_url} answered {status}: {str(error.body)[:200]}")


def _missing_scopes(body: Any) -> str:
    try:
        answer: Mapping[str, Any] = json.loads(body)
        context = answer.get("context") or (answer.get("errors") or [{}])[0].get("context") or {}
        scopes = context.get("requiredGranularScopes") or context.get("requiredScopes")
        return ", ".join(scopes) if scopes else "?"
    except (ValueError, TypeError, AttributeError, IndexError):
        return "?"

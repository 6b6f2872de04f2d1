"""Asking HubSpot: the vendor's client within its limits, with retries; its errors become ours."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from hubspot import HubSpot
from urllib3 import Retry, make_headers
from urllib3.exceptions import HTTPError

from connectors.base import (
    BadAnswer,
    CredentialError,
    NotFound,
    RateLimited,
    ScopeError,
    SourceError,
    SourceUnavailable,
)
from connectors.limits import Limiter, Rate
from connectors.network import bundle, is_page, no_answer, proxy_of, stopped_before
from connectors.retry import retrying, seconds_of
from connectors.tenant import UNSAID, Tenant
from connectors.times import skew_of

SOURCE = "hubspot"
TIMEOUT_SECONDS = 30
BATCH = 100
_ONCE = Retry(total=None, connect=0, read=0, status=0, other=0, redirect=3)
"""Trying again is for `retrying`, which says nothing while it does; the client's own would multiply with it."""
_LOCKED, _MOVING = 423, 477
_NOT_FOUND = {"OBJECT_NOT_FOUND", "NOT_FOUND"}
SCOPE_PAGE = "HubSpot, Settings, Integrations, Private Apps, your app, Scopes"


class HubSpotClient:
    """One account. `skew` is the server's clock less ours in seconds, None until it has answered with a Date."""

    def __init__(self, api_url: str, token: str, search_rate: Rate, rate: Rate, limiter: Limiter) -> None:
        self.api_url = api_url
        crm = HubSpot(access_token=token, host=api_url, ssl_ca_cert=bundle(), retry=_ONCE, **_proxy(api_url)).crm
        # Each mention of one of these would make it again, with a pool of connections of its own: a handshake a request.
        self._owners, self._search = crm.owners.owners_api, crm.objects.search_api
        self._batch, self._basic = crm.objects.batch_api, crm.objects.basic_api
        self._links, self._pipelines = crm.associations.v4.batch_api, crm.pipelines.pipelines_api
        self._search_rate, self._rate, self._limiter = search_rate, rate, limiter
        self.skew: float | None = None

    def tenant(self) -> Tenant | None:
        """The account, which any token may ask for. Its id stays where it is moved to another region. Raises SourceError."""
        call = self._owners.api_client.call_api  # the vendor's client has no API for it
        try:
            answer = self._ask(lambda: call("/account-info/v3/details", "GET", auth_settings=["oauth2"], **_raw()))
        except UNSAID:
            return None
        id_ = str(answer.get("portalId") or "")
        kind = str(answer.get("accountType") or "").replace("_", " ").lower()
        return Tenant(id_, id_, f"the account {id_}{f' ({kind})' if kind else ''}") if id_ else None

    def owners(self, limit: int, after: str | None, archived: bool = False) -> Any:
        """One page of the owners. Raises SourceError, as all that follow."""
        query = {"limit": limit, "archived": archived, **({"after": after} if after else {})}
        return self._ask(lambda: self._owners.get_page(**query, **_raw()), wants="results")

    def search(self, type_: str, query: dict[str, Any]) -> Any:
        """One page of a search."""
        return self._ask(lambda: self._search.do_search(type_, query, **_raw()), search=True, wants="results")

    def batch_read(self, type_: str, query: dict[str, Any]) -> Any:
        """Records by id, at most a hundred."""
        return self._ask(lambda: self._batch.read(type_, query, **_raw()))

    def read(self, type_: str, id_: str) -> Any:
        """One record by its id, archived or not. Raises NotFound where HubSpot says that it is not there."""
        return self._ask(lambda: self._basic.get_by_id(type_, id_, **_raw()))

    def is_gone(self, type_: str, id_: str) -> bool:
        """Return True only if HubSpot answers 404 to a question for this one record, that it is archived, or with the one that
        it was merged into."""
        try:
            found = self.read(type_, id_)
            return bool(found.get("archived")) or str(found.get("id", id_)) != id_
        except NotFound:
            return True
        except (BadAnswer, SourceUnavailable):
            return False

    def by_id(self, stream: str, ids: Sequence[str], properties: list[str]) -> tuple[list[dict[str, Any]], set[str]]:
        """The records that are there, and the ids of those that HubSpot says are archived or not found.

        What is in neither failed for some other reason, or was left out, and is taken for neither.
        """
        query = {"inputs": [{"id": id_} for id_ in ids], "properties": properties, "propertiesWithHistory": []}
        answer = self.batch_read(stream, query)
        rows = [record for record in answer.get("results") or [] if isinstance(record, dict) and "id" in record]
        gone = {str(record["id"]) for record in rows if record.get("archived")} | not_found(answer)
        return [record for record in rows if not record.get("archived")], gone

    def histories(self, stream: str, ids: Sequence[str], names: Sequence[str]) -> list[dict[str, Any]]:
        """The records that are there, with what stood in these properties and since when."""
        query = {"inputs": [{"id": id_} for id_ in ids], "properties": [], "propertiesWithHistory": list(names)}
        rows = self.batch_read(stream, query).get("results") or []
        return [record for record in rows if isinstance(record, dict) and "id" in record]

    def associations(self, type_: str, target: str, inputs: Sequence[Mapping[str, str]]) -> Any:
        """What records hang on, at most a hundred."""
        return self._ask(lambda: self._links.get_page(type_, target, {"inputs": inputs}, **_raw()))

    def pipeline(self, type_: str, id_: str) -> Any:
        """One pipeline. Raises NotFound where HubSpot says that it is not there."""
        return self._ask(lambda: self._pipelines.get_by_id(type_, id_, **_raw()))

    def pipelines(self, type_: str) -> Any:
        """The pipelines of deals or of tickets, with their stages."""
        return self._ask(lambda: self._pipelines.get_all(type_, **_raw()), wants="results")

    def _ask(self, call: Any, *, search: bool = False, wants: str = "") -> Any:
        bucket, rate = ("hubspot search", self._search_rate) if search else ("hubspot", self._rate)
        return retrying(lambda: self._translated(call, bucket, wants), self._limiter, bucket, rate)

    def _heard(self, headers: Mapping[str, str], bucket: str) -> None:
        """Read the answer's headers: the server's clock, and whether its ten seconds are used up."""
        if "Date" in headers:
            self.skew = skew_of(headers["Date"])
        if headers.get("X-HubSpot-RateLimit-Remaining") == "0":
            millis = headers.get("X-HubSpot-RateLimit-Interval-Milliseconds", "")
            self._limiter.pause(bucket, min(int(millis) / 1000, 60.0) if millis.isdigit() else 1.0)

    def _translated(self, call: Any, bucket: str, wants: str) -> Any:
        try:
            response = call()
            answer = json.loads(response.data)
        except (HTTPError, OSError) as error:  # or a file of certificates that is not there
            raise no_answer(
                SOURCE, f"no answer from {self.api_url}", error, "Check hubspot.api_url and the network."
            ) from None
        except (ValueError, RecursionError):
            raise SourceUnavailable(SOURCE, f"{self.api_url} answered with something that is not JSON.") from None
        except Exception as error:  # every API of the client has an ApiException class of its own, without a base
            if not hasattr(error, "status") or not hasattr(error, "body"):
                raise
            raise self._error(error) from None
        self._heard(response.headers, bucket)
        if not isinstance(answer, dict) or (wants and not isinstance(answer.get(wants), list)):
            raise SourceUnavailable(SOURCE, f"{self.api_url} answered without {wants or 'an object'}.")
        return answer

    def _error(self, error: Any) -> SourceError:
        status = int(error.status or 0)
        if status == 401:
            return CredentialError(SOURCE, "the token was rejected.", f"Copy it from {SCOPE_PAGE}; hubspot.token.")
        if status == 403 and is_page(str(error.body)):
            return stopped_before(SOURCE, self.api_url)
        if status == 403:
            return ScopeError(SOURCE, _missing_scopes(error.body), f"Add it at {SCOPE_PAGE}.")
        if status == 429 and '"DAILY"' in str(error.body):
            # No pause of seconds helps, nor does one that others wait for.
            return SourceError(
                SOURCE,
                "HubSpot's daily request limit for the account is used up, until its midnight.",
                "The next pull continues; other apps of the account use them too.",
            )
        if status == 429:
            return RateLimited(SOURCE, seconds_of((error.headers or {}).get("Retry-After"), 10))
        if status == _MOVING:
            return SourceUnavailable(
                SOURCE,
                "the account is being moved to another region, for up to a day (477).",
                "The next pull continues.",
            )
        if status in (0, _LOCKED) or status >= 500:
            return SourceUnavailable(SOURCE, f"{self.api_url} answered {status}.")
        if status == 404:
            return NotFound(SOURCE, f"{self.api_url} has no such record.")
        return BadAnswer(SOURCE, f"{self.api_url} answered {status}: {str(error.body)[:200]}")


def not_found(answer: Mapping[str, Any]) -> set[str]:
    """Ids of which a batch's answer says that they are not there; its other errors are no deletions."""
    found: set[str] = set()
    for error in answer.get("errors") or []:
        if isinstance(error, Mapping) and error.get("category") in _NOT_FOUND:
            context = error.get("context") or {}
            for name in ("ids", "id", "fromObjectId"):
                ids = context.get(name) or []
                found |= {str(one) for one in (ids if isinstance(ids, list) else [ids])}
    return found


def _missing_scopes(body: Any) -> str:
    try:
        answer: Mapping[str, Any] = json.loads(body)
        context = answer.get("context") or (answer.get("errors") or [{}])[0].get("context") or {}
        scopes = context.get("requiredGranularScopes") or context.get("requiredScopes")
        return ", ".join(scopes) if scopes else "?"
    except (ValueError, TypeError, AttributeError, IndexError):
        return "?"


def _proxy(api_url: str) -> dict[str, Any]:
    """The vendor's client reads no proxy from the environment, and no login from a proxy's address."""
    proxy = proxy_of(api_url)
    if not proxy:
        return {}
    parts = urlsplit(proxy)
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    return {"proxy": proxy, "proxy_headers": make_headers(proxy_basic_auth=login)}


def _raw() -> dict[str, Any]:
    """The answer as it came: the client's models drop properties they do not know."""
    return {"_preload_content": False, "_request_timeout": TIMEOUT_SECONDS}

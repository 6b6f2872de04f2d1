"""HubSpot CRM v3/v4 as `hubspot-api-client` sees it."""

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.api.config import HUBSPOT_TOKEN, ApiConfig
from simulator.api.hubspot_filters import holds
from simulator.api.hubspot_rows import past_of, row_of
from simulator.api.limits import Limits
from simulator.company import TEAM_NAMES
from simulator.crm import STAGES, owner_id, stage_id
from simulator.world import Record, World

_NEEDS = {
    "deals": "crm.objects.deals.read",
    "tickets": "tickets",
    "emails": "sales-email-read",
    "calls": "crm.objects.contacts.read",
    "meetings": "crm.objects.contacts.read",
    "notes": "crm.objects.contacts.read",
    "tasks": "crm.objects.contacts.read",
    "communications": "crm.objects.contacts.read",
}
_CAP = 10_000
_MOST_LINKS = 100


class HubSpotApi:
    """Answers from a World."""

    def __init__(self, world: World, config: ApiConfig) -> None:
        self.world, self.config = world, config
        self.searches = Limits(rate=5, burst=5, speed=config.speed)
        self.others = Limits(rate=10, burst=100, speed=config.speed)
        self.requests = 0
        self.archived_owners: list[dict[str, Any]] = []
        self.longest_search: int | None = None
        self._kept: dict[str, list[Record]] = {}
        self._columns: dict[str, dict[str, NDArray[np.float64]]] = {}
        self._ids: dict[str, dict[str, Record]] = {}
        self.app = Starlette(
            routes=[
                Route("/crm/v3/objects/{type}/search", self._guarded(self._search, search=True), methods=["POST"]),
                Route("/crm/v3/objects/{type}/batch/read", self._guarded(self._read), methods=["POST"]),
                Route("/crm/v3/objects/{type}/{id}", self._guarded(self._one)),
                Route("/crm/v3/objects/{type}", self._guarded(self._list)),
                Route("/account-info/v3/details", self._guarded(self._details)),
                Route("/crm/v3/owners", self._guarded(self._owners)),
                Route("/crm/v3/owners/", self._guarded(self._owners)),
                Route("/crm/v3/pipelines/{type}", self._guarded(self._pipelines)),
                Route("/crm/v3/pipelines/{type}/{id}", self._guarded(self._one_pipeline)),
                Route(
                    "/crm/v4/associations/{source}/{target}/batch/read", self._guarded(self._links), methods=["POST"]
                ),
            ]
        )

    def _guarded(self, handler: Any, *, search: bool = False) -> Any:
        async def answer(request: Request) -> Response:
            self.requests += 1
            if request.headers.get("authorization") != f"Bearer {HUBSPOT_TOKEN}":
                return _error(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.")
            wait = (self.searches if search else self.others).take()
            if wait:
                limited = _error(429, "RATE_LIMITS", "You have reached your secondly limit.")
                limited.headers["Retry-After"] = str(wait)
                return limited
            type_ = request.path_params.get("type") or request.path_params.get("source")
            needed = "crm.objects.owners.read" if "owners" in request.url.path else _NEEDS.get(str(type_))
            if needed and needed not in self.config.hubspot_scopes:
                return _error(
                    403,
                    "MISSING_SCOPES",
                    "This app hasn't been granted all required scopes.",
                    {"requiredGranularScopes": [needed]},
                )
            response = cast(Response, await handler(request))
            if not search:  # the search's own limit is in no header
                response.headers["X-HubSpot-RateLimit-Remaining"] = str(self.others.left())
                response.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] = "10000"
            return response

        return answer

    def _of(self, type_: str) -> list[Record]:
        """The type's records by id; kept where the world does not change."""
        if type_ not in self._kept or not self.config.frozen:
            found = [record for record in self.world.records if record.type == type_ and not record.archived]
            self._kept[type_] = sorted(found, key=lambda record: record.id)
            self._ids[type_] = {str(record.id): record for record in self._kept[type_]}
        return self._kept[type_]

    def _numbers(self, type_: str) -> dict[str, NDArray[np.float64]]:
        """Ids and times of change of the type's records, in their order."""
        records = self._of(type_)
        if type_ not in self._columns or not self.config.frozen:
            self._columns[type_] = {
                "hs_object_id": np.array([r.id for r in records], float),
                "hs_lastmodifieddate": np.array([int(r.modified.timestamp() * 1000) for r in records], float),
            }
        return self._columns[type_]

    async def _read(self, request: Request) -> Response:
        """Reads the records themselves, not the index; what is archived or deleted is left out."""
        query = await request.json()
        ids = [str(row["id"]) for row in query["inputs"]]
        if len(ids) > 100:
            return _error(400, "VALIDATION_ERROR", "The maximum number of inputs is 100.")
        self._of(request.path_params["type"])
        known = self._ids[request.path_params["type"]]
        past = query.get("propertiesWithHistory") or []
        if past and len(ids) > 50:
            return _error(400, "VALIDATION_ERROR", "The maximum number of inputs with history is 50.")
        rows = [
            row_of(known[id_], query.get("properties") or []) | past_of(known[id_], past) for id_ in ids if id_ in known
        ]
        lost = [id_ for id_ in ids if id_ not in known]
        return _batch(
            rows, "Could not get some objects, they may be deleted or not exist.", {"ids": lost} if lost else {}
        )

    async def _one(self, request: Request) -> Response:
        self._of(request.path_params["type"])
        found = self._ids[request.path_params["type"]].get(request.path_params["id"])
        return JSONResponse(row_of(found, [])) if found else _error(404, "OBJECT_NOT_FOUND", "Object not found.")

    async def _search(self, request: Request) -> Response:
        query = await request.json()
        if self.longest_search is not None and len(await request.body()) > self.longest_search:
            return _error(400, "VALIDATION_ERROR", "The request is too long.")
        limit, after = int(query.get("limit") or 10), int(query.get("after") or 0)
        if limit > 200:
            return _error(400, "VALIDATION_ERROR", "limit may be at most 200")
        if after + limit > _CAP:
            return _error(400, "VALIDATION_ERROR", "There is a limit of 10000 results a query.")
        records = self._of(request.path_params["type"])
        columns = self._numbers(request.path_params["type"])
        masks = [
            np.logical_and.reduce([holds(columns, records, one) for one in group["filters"]])
            for group in query.get("filterGroups") or []
        ]
        places = np.flatnonzero(np.logical_or.reduce(masks)) if masks else np.arange(len(records))
        for sort in (query.get("sorts") or [])[:1]:
            name = sort if isinstance(sort, str) else sort["propertyName"]
            if name == "hs_lastmodifieddate":
                places = places[np.argsort(columns[name][places], kind="stable")]
            if isinstance(sort, dict) and sort.get("direction") == "DESCENDING":
                places = places[::-1]
        found: Any = places
        if self.config.unindexed:
            found = [place for place in places if str(records[place].id) not in self.config.unindexed]
        wanted = query.get("properties") or []
        answer: dict[str, Any] = {
            "total": len(found),
            "results": [row_of(records[place], wanted) for place in found[after : after + limit]],
        }
        if after + limit < len(found):
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return JSONResponse(answer)

    async def _list(self, request: Request) -> Response:
        limit, after = int(request.query_params.get("limit", 10)), int(request.query_params.get("after", 0))
        type_ = request.path_params["type"]
        found = self._of(type_)
        if request.query_params.get("archived") == "true":
            found = [record for record in self.world.records if record.type == type_ and record.archived]
        wanted = [name for value in request.query_params.getlist("properties") for name in value.split(",")]
        answer: dict[str, Any] = {"results": [row_of(record, wanted) for record in found[after : after + limit]]}
        if after + limit < len(found):
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return JSONResponse(answer)

    async def _details(self, request: Request) -> Response:
        return JSONResponse(
            {"portalId": self.config.hubspot_portal, "accountType": "STANDARD", "timeZone": "Europe/Berlin"}
        )

    async def _owners(self, request: Request) -> Response:
        if request.query_params.get("archived") == "true":
            return JSONResponse({"results": self.archived_owners})
        limit, after = int(request.query_params.get("limit", 100)), int(request.query_params.get("after", 0))
        people = [person for person in self.world.people if person.team in ("sales", "care", "iberia")]
        rows = []
        for person in people[after : after + limit]:
            first, _, last = person.name.partition(" ")
            team = {"id": str(list(TEAM_NAMES).index(person.team)), "name": person.team, "primary": True}
            rows.append(
                {
                    "id": owner_id(person.number),
                    "type": "PERSON",
                    "email": person.email,
                    "firstName": first,
                    "lastName": last,
                    "archived": False,
                    "teams": [team],
                }
            )
        answer: dict[str, Any] = {"results": rows}
        if after + limit < len(people):
            answer["paging"] = {"next": {"after": str(after + limit)}}
        return JSONResponse(answer)

    async def _pipelines(self, request: Request) -> Response:
        return JSONResponse({"results": self._all_pipelines(request.path_params["type"])})

    async def _one_pipeline(self, request: Request) -> Response:
        rows = self._all_pipelines(request.path_params["type"])
        found = next((row for row in rows if row["id"] == request.path_params["id"]), None)
        return JSONResponse(found) if found else _error(404, "OBJECT_NOT_FOUND", "Pipeline not found.")

    def _all_pipelines(self, type_: str) -> list[dict[str, Any]]:
        wanted = ["Support"] if type_ == "tickets" else ["Employers", "Iberia"]
        rows = []
        for name in wanted:
            stages = []
            for number, label in enumerate(STAGES[name]):
                last = len(STAGES[name]) - (1 if name == "Support" else 2)
                metadata = {"isClosed": str(number >= last).lower()}
                if name == "Support":
                    metadata = {"ticketState": "CLOSED" if number >= last else "OPEN"}
                stages.append({"id": stage_id(name, number), "label": label, "metadata": metadata})
            rows.append({"id": f"{list(STAGES).index(name) + 90}", "label": name, "stages": stages})
        return rows

    async def _links(self, request: Request) -> Response:
        inputs = (await request.json())["inputs"]
        ids = [str(row["id"]) for row in inputs]
        if len(ids) > 100:
            return _error(400, "VALIDATION_ERROR", "The maximum number of inputs is 100.")
        target = request.path_params["target"]
        self._of(request.path_params["source"])
        records = self._ids[request.path_params["source"]]
        results, without = [], []
        for row in inputs:
            id_, first = str(row["id"]), int(row.get("after") or 0)
            to = [
                {"toObjectId": linked, "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": 1}]}
                for type_, linked in (records[id_].links if id_ in records else [])
                if type_ == target
            ]
            if to:
                found: dict[str, Any] = {"from": {"id": id_}, "to": to[first : first + _MOST_LINKS]}
                if first + _MOST_LINKS < len(to):
                    found["paging"] = {"next": {"after": str(first + _MOST_LINKS)}}
                results.append(found)
            else:
                without.append(id_)
        return _batch(results, f"No {target} is associated.", *({"fromObjectId": [id_]} for id_ in without))


def _batch(results: list[Any], message: str, *contexts: dict[str, Any]) -> JSONResponse:
    """A batch's answer: 207 with an error for each context that says what is not there."""
    answer: dict[str, Any] = {"status": "COMPLETE", "results": results}
    errors = [
        {"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": one}
        for one in contexts
        if one
    ]
    return JSONResponse(
        answer | ({"numErrors": len(errors), "errors": errors} if errors else {}), 207 if errors else 200
    )


def _error(status: int, category: str, message: str, context: dict[str, Any] | None = None) -> JSONResponse:
    body = {
        "status": "error",
        "message": message,
        "correlationId": "00000000-0000-0000-0000-000000000000",
        "category": category,
        "context": context or {},
    }
    return JSONResponse(body, status)

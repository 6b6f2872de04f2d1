"""The baseline for our pull: the vendor's own client, only reading, one request after the other.

`read_the_same` makes exactly the requests of a pull; `read_the_least` makes those of a hand-written script: no time slices for
results beyond a search's cap, fewer properties, no pipelines of the deals that a call is about.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from hubspot import HubSpot
from jira import JIRA
from slack_sdk import WebClient
from sqlalchemy.orm import sessionmaker

import migrations
from connectors.hubspot.client import HubSpotClient
from connectors.jira.client import JiraClient
from connectors.registry import connector
from connectors.slack.client import SlackClient
from models import connect
from pipeline.ingest.pull import pull

_FIELDS = (
    "summary,description,issuetype,status,project,parent,assignee,creator,reporter,labels,created,updated,"
    "comment,worklog,issuelinks"
)


def _least_jira(given: dict[str, Any]) -> int:
    """Every issue with its changelog, by page token."""
    client = JIRA(given["url"], basic_auth=(given["email"], given["token"]), options={"rest_api_version": "3"})
    token, seen = None, 0
    while True:
        answer: Any = client.enhanced_search_issues(
            f"project in ({','.join(given['projects'])}) AND updated >= 1000000000000 ORDER BY updated ASC",
            nextPageToken=token,
            maxResults=100,
            fields=_FIELDS,
            expand="changelog",
            json_result=True,
        )
        seen += len(answer["issues"])
        token = answer.get("nextPageToken")
        if not token:
            return seen


def _least_slack(given: dict[str, Any]) -> int:
    """Every message, and the replies of each thread."""
    client = WebClient(token=given["token"], base_url=given["api_url"])
    ids = {c["name"]: c["id"] for c in client.conversations_list(limit=200)["channels"]}
    seen = 0
    for name in given["channels"]:
        cursor = ""
        while True:
            answer = client.conversations_history(channel=ids[name], limit=200, cursor=cursor)
            seen += len(answer["messages"])
            for message in answer["messages"]:
                if message.get("reply_count"):
                    seen += (
                        len(client.conversations_replies(channel=ids[name], ts=message["ts"], limit=200)["messages"])
                        - 1
                    )
            cursor = answer["response_metadata"]["next_cursor"]
            if not cursor:
                break
    return seen


def _least_hubspot(given: dict[str, Any]) -> int:
    """Every record by search, and the deals that engagements hang on."""
    client = HubSpot(access_token=given["token"], host=given["api_url"])
    seen = 0
    for type_ in ("deals", "tickets", "calls", "meetings", "emails", "notes", "tasks"):
        after = "0"
        while True:
            query = {
                "limit": 200,
                "after": after,
                "properties": [
                    "hs_timestamp",
                    "dealname",
                    "hs_call_body",
                    "hs_note_body",
                    "hs_email_text",
                    "hs_email_subject",
                    "hubspot_owner_id",
                ],
                "sorts": ["hs_object_id"],
            }
            page = json.loads(client.crm.objects.search_api.do_search(type_, query, _preload_content=False).data)
            seen += len(page["results"])
            ids = [row["id"] for row in page["results"]]
            for first in range(0, len(ids), 100):
                if type_ not in ("deals", "tickets"):
                    inputs = {"inputs": [{"id": id_} for id_ in ids[first : first + 100]]}
                    client.crm.associations.v4.batch_api.get_page(type_, "deals", inputs, _preload_content=False)
            after = ((page.get("paging") or {}).get("next") or {}).get("after", "")
            if not after:
                break
    return seen


read_the_least: dict[str, Callable[[dict[str, Any]], int]] = {
    "jira": _least_jira,
    "slack": _least_slack,
    "hubspot": _least_hubspot,
}
"""By source: reads all that the settings name, and returns how many objects that were."""

_CLIENTS: dict[str, Any] = {"jira": JiraClient, "slack": SlackClient, "hubspot": HubSpotClient}
_REQUESTS: dict[str, Callable[..., Any]] = {
    "jira": lambda _client, call: call(),
    "slack": lambda client, method, query: client._vendor.api_call(
        method, params={k: v for k, v in query.items() if v}
    ),
    "hubspot": lambda _client, call, *_: json.loads(call().data),
}
"""By source: what is left of one of our requests without us, the vendor's client and the reading of its answer."""


def requests_of_a_pull(name: str, settings: Mapping[str, Any], since: datetime, now: float) -> list[Callable[[], Any]]:
    """The requests of one pull in their order, to be made again. `now` is the time in seconds."""
    made: list[Callable[[], Any]] = []
    client = _CLIENTS[name]
    ours = client._translated

    def noted(self: Any, *call: Any) -> Any:
        made.append(partial(_REQUESTS[name], self, *call))
        return ours(self, *call)

    client._translated = noted
    try:
        with tempfile.TemporaryDirectory() as folder:
            engine = connect(f"sqlite:///{Path(folder)}/asked.db")
            migrations.upgrade(engine)
            pull(connector(name, **settings, now=lambda: now), sessionmaker(engine), since)
            engine.dispose()
    finally:
        client._translated = ours
    return made

"""The owners of an account's records: who works with HubSpot."""

from collections.abc import Iterator

from connectors.base import Page
from connectors.hubspot.client import SOURCE, HubSpotClient
from connectors.hubspot.parse import parse_owner
from connectors.onward import Onward
from connectors.records import set_aside


def pull_owners(client: HubSpotClient) -> Iterator[Page]:
    """All of them, a page at a time; archived ones too, since records keep owners who have left. Raises SourceError."""
    for archived in (False, True):
        after, onward = None, Onward(SOURCE, "the list of owners")
        while True:
            answer = client.owners(100, after, archived)
            accounts, failures = [], []
            for owner in answer["results"]:
                try:
                    accounts.append(parse_owner(owner))
                except Exception as error:  # the border around one record
                    id_ = str(owner.get("id", "?")) if isinstance(owner, dict) else "?"
                    failures.append(set_aside(SOURCE, "owners", id_, error))
            yield Page("owners", {}, accounts=accounts, failures=failures, read=[a.external_id for a in accounts])
            after = ((answer.get("paging") or {}).get("next") or {}).get("after")
            if not after:
                break
            onward.to(after)

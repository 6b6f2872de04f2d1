"""The members of a workspace, with the user groups that they are in."""

from collections.abc import Iterator

from connectors.base import Account, Failure, Page
from connectors.onward import Onward
from connectors.records import set_aside
from connectors.slack.client import PAGE_SIZE, SOURCE, SlackClient, next_of
from connectors.slack.parse import parse_user


def pull_people(client: SlackClient) -> Iterator[Page]:
    """All members, a page at a time. Raises SourceError."""
    groups = _groups(client)
    position, onward = "", Onward(SOURCE, "users.list")
    while True:
        answer = client.ask("users.list", limit=PAGE_SIZE, cursor=position)
        accounts: list[Account] = []
        failures: list[Failure] = []
        for user in answer["members"]:
            try:
                if not user.get("is_stranger"):  # of another company; nobody whose work is counted
                    accounts += parse_user(user, groups)
            except Exception as error:  # the border around one record
                id_ = str(user.get("id", "?")) if isinstance(user, dict) else "?"
                failures.append(set_aside(SOURCE, "people", id_, error))
        yield Page("people", {}, accounts=accounts, failures=failures, read=[a.external_id for a in accounts])
        position = next_of(answer)
        if not position:
            return
        onward.to(position)


def _groups(client: SlackClient) -> dict[str, list[str]]:
    """Handles of the user groups that each user is in; none without the scope."""
    if "usergroups:read" not in client.granted():
        return {}
    found: dict[str, list[str]] = {}
    for group in client.ask("usergroups.list", include_users="true")["usergroups"]:
        for user in group.get("users") or []:
            found.setdefault(user, []).append(str(group.get("handle") or group.get("name")))
    return found

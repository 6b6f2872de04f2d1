"""Whatever a vendor's own description allows in an answer is read or set aside by name, and costs its neighbours nothing."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from connectors.base import Page
from models import Account, Failure, Signal, StreamCursor, WorkItem
from pipeline.ingest import pull as ingest
from simulator.server import Simulator
from tests.conftest import LONG_AGO
from tests.connectors.few import Puller, served
from tests.connectors.shapes import made_of

EXAMPLES = 3
"""Each of some records; a few, since each is a whole pull."""
some = settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), phases=[Phase.generate])


@pytest.fixture(scope="module")
def company() -> Iterator[Simulator]:
    with served() as company:
        yield company


@pytest.fixture(scope="module")
def puller(company: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Puller:
    return Puller(company, tmp_path_factory.mktemp("recorded"))


@pytest.fixture(scope="module")
def there(puller: Puller) -> dict[str, set[str]]:
    """What is kept of each source where nothing strange is among its answers."""
    found = {}
    for source in ("jira", "slack", "hubspot", "github"):
        puller.pull(source)
        found[source] = puller.kept(source)
        assert len(found[source]) > 8
    return found


def many(vendor: str, name: str, most: int = 8) -> st.SearchStrategy[list[Any]]:
    return st.lists(made_of(vendor, name), min_size=1, max_size=most)


def pulled(puller: Puller, source: str, change: Callable[[str, Any], Any]) -> list[Page]:
    """The pages of a pull from the beginning, stored, while `change` may replace each answer."""
    with puller.sessions.begin() as session:
        for table in (StreamCursor, Signal, WorkItem, Failure, Account):
            session.execute(delete(table))
    connector, pages = puller.connector(source), []

    def kept(walk: Callable[..., Iterator[Page]]) -> Callable[..., Iterator[Page]]:
        def walked(*given: Any) -> Iterator[Page]:
            for page in walk(*given):
                pages.append(page)
                yield page

        return walked

    for name in ("pull", "earlier"):
        setattr(connector, name, kept(getattr(connector, name)))
    faults = puller.company.config.faults

    def changed(path: str, body: bytes) -> bytes:
        try:
            return json.dumps(change(path, json.loads(body))).encode()
        except ValueError:
            return body

    faults.change = changed
    try:
        ingest.pull(connector, puller.sessions, LONG_AGO)
    finally:
        faults.change = None
    return pages


def named(pages: Sequence[Page]) -> set[str]:
    """Records that were read or set aside."""
    aside = {failure.external_id for page in pages for failure in page.failures}
    return aside | {record for page in pages for record in page.read}


def mixed(neighbours: Sequence[Any], made: Sequence[Any]) -> list[Any]:
    """The made ones among the others."""
    first = len(neighbours) // 2
    return [*neighbours[:first], *made, *neighbours[first:]]


# Jira


@some
@given(made=many("jira", "IssueBean"))
def test_any_issue_that_jira_describes(puller: Puller, there: dict[str, set[str]], made: list[Any]) -> None:
    for number, issue in enumerate(made):
        if "id" in issue:
            issue["id"] = str(880_000 + number)

    def change(path: str, answer: Any) -> Any:
        if "/search/jql" in path and answer.get("issues") and not answer.get("nextPageToken"):
            answer["issues"] = mixed(answer["issues"], made)
        return answer

    pages = pulled(puller, "jira", change)
    assert {issue.get("id", "?") for issue in made} <= named(pages)
    assert there["jira"] <= puller.kept("jira")


@some
@given(statuses=many("jira", "StatusDetails"), projects=many("jira", "Project"), issues=many("jira", "IssueBean"))
def test_any_list_of_statuses_and_projects_and_any_parent(
    puller: Puller, there: dict[str, set[str]], statuses: list[Any], projects: list[Any], issues: list[Any]
) -> None:
    def change(path: str, answer: Any) -> Any:
        if path.split("?")[0].endswith("/status"):
            return [*answer, *statuses]
        if path.split("?")[0].endswith("/project"):
            return [*answer, *projects]
        if "bulkfetch" in path:
            return {"issues": [*answer["issues"], *issues]}
        return answer

    pulled(puller, "jira", change)
    assert there["jira"] <= puller.kept("jira")


# Slack


@some
@given(made=many("slack", "Message"))
def test_any_message_that_slack_describes(puller: Puller, there: dict[str, set[str]], made: list[Any]) -> None:
    expected: set[str] = set()

    def change(path: str, answer: Any) -> Any:
        if "conversations.history" in path and answer.get("messages"):
            second = answer["messages"][-1]["ts"].partition(".")[0]
            for number, message in enumerate(made):
                message["ts"] = f"{second}.{900_000 + number:06d}"
                expected.add(f"{message.get('thread_ts') or message['ts']}/{message['ts']}")
            answer["messages"] = sorted([*answer["messages"], *made], key=lambda m: float(m["ts"]), reverse=True)
        return answer

    pages = pulled(puller, "slack", change)
    assert expected <= named(pages)
    assert there["slack"] <= puller.kept("slack")


@some
@given(made=many("slack", "Message"))
def test_any_reply_that_slack_describes(puller: Puller, there: dict[str, set[str]], made: list[Any]) -> None:
    expected: set[str] = set()

    def change(path: str, answer: Any) -> Any:
        if "conversations.replies" in path and answer.get("messages"):
            root = answer["messages"][0]["ts"]
            second = int(answer["messages"][-1]["ts"].partition(".")[0])
            for number, message in enumerate(made):
                message |= {"ts": f"{second}.{900_000 + number:06d}", "thread_ts": root}
                expected.add(f"{root}/{message['ts']}")
            answer["messages"] = [*answer["messages"], *made]
        return answer

    pages = pulled(puller, "slack", change)
    assert expected <= named(pages)
    assert there["slack"] <= puller.kept("slack")


@some
@given(made=many("slack", "User"))
def test_any_member_that_slack_describes(puller: Puller, there: dict[str, set[str]], made: list[Any]) -> None:
    def change(path: str, answer: Any) -> Any:
        if "users.list" in path:
            answer["members"] = mixed(answer["members"], made)
        return answer

    pages = pulled(puller, "slack", change)
    assert {user["id"] for user in made} <= named(pages)
    assert len(named([page for page in pages if page.stream == "people"])) > 40
    assert there["slack"] <= puller.kept("slack")


# HubSpot


@some
@given(
    made=many("hubspot", "SimplePublicObject"), stream=st.sampled_from(["deals", "calls", "meetings", "tasks", "notes"])
)
def test_any_record_that_hubspot_describes(
    puller: Puller, there: dict[str, set[str]], made: list[Any], stream: str
) -> None:
    deal = next(int(record.id) for record in puller.company.world.records if record.type == "deals")
    made = [record | {"id": str(9_000_000_000 + number)} for number, record in enumerate(made)]

    def change(path: str, answer: Any) -> Any:
        if f"/{stream}/search" in path:
            answer["results"] = [*answer["results"], *made]
        if f"/associations/{stream}/deals" in path:
            on = [{"toObjectId": deal, "associationTypes": []}]
            answer["results"] += [{"from": {"id": record["id"]}, "to": on} for record in made]
        return answer

    pages = pulled(puller, "hubspot", change)
    assert {record["id"] for record in made} <= named(pages)
    assert there["hubspot"] <= puller.kept("hubspot")


@some
@given(
    owners=many("hubspot", "PublicOwner"), links=many("hubspot", "Association"), errors=many("hubspot", "StandardError")
)
def test_any_owner_and_any_association_that_hubspot_describes(
    puller: Puller, there: dict[str, set[str]], owners: list[Any], links: list[Any], errors: list[Any]
) -> None:
    def change(path: str, answer: Any) -> Any:
        if "/owners" in path:
            answer["results"] = mixed(answer["results"], owners)
        if "/associations/" in path:
            answer = {**answer, "results": mixed(answer["results"], links)}
            answer["errors"] = [*answer.get("errors", []), *errors]
        return answer

    pages = pulled(puller, "hubspot", change)
    assert {owner["id"] for owner in owners} <= named(pages)
    assert there["hubspot"] <= puller.kept("hubspot")


# GitHub


@some
@given(made=many("github", "Issue", 3), events=many("github", "Event"), comments=many("github", "IssueComment", 3))
def test_any_issue_timeline_and_comment_that_github_describes(
    puller: Puller, there: dict[str, set[str]], made: list[Any], events: list[Any], comments: list[Any]
) -> None:
    made = [issue | {"number": 7_000 + number} for number, issue in enumerate(made)]
    comments = [comment | {"id": 60_000 + number} for number, comment in enumerate(comments)]

    def change(path: str, answer: Any) -> Any:
        where = path.split("?")[0]
        if where.endswith("/issues/comments"):
            return mixed(answer, comments)
        if where.endswith("/issues"):
            return mixed(answer, made)
        if "/timeline" in where:
            return events if "/issues/70" in where else answer
        return answer

    pages = pulled(puller, "github", change)
    # An issue of which GitHub has nothing more to say (404) is taken for deleted since the list.
    assert {str(comment["id"]) for comment in comments} <= named(pages)
    assert there["github"] <= puller.kept("github")


@some
@given(events=many("github", "Event", 8))
def test_any_event_in_the_timeline_of_an_issue(puller: Puller, there: dict[str, set[str]], events: list[Any]) -> None:
    """What cannot be read costs that event, and not the issue."""

    def change(path: str, answer: Any) -> Any:
        return [*answer, *events] if "/timeline" in path else answer

    pulled(puller, "github", change)
    assert there["github"] <= puller.kept("github")


@some
@given(
    pull=made_of("github", "PullRequest"), lines=many("github", "LineComment"), comments=many("github", "LineComment")
)
def test_any_pull_request_and_any_comment_on_a_line_that_github_describes(
    puller: Puller, there: dict[str, set[str]], pull: dict[str, Any], lines: list[Any], comments: list[Any]
) -> None:
    """What cannot be read of a pull request costs that one, and what cannot be read of a comment only the comment."""
    lines, comments = (
        [comment | {"id": first + number} for number, comment in enumerate(some_)]
        for first, some_ in ((60_000, lines), (70_000, comments))
    )
    number = ""

    def change(path: str, answer: Any) -> Any:
        nonlocal number
        where = path.split("?")[0]
        if where.endswith("/pulls/comments"):
            return mixed(answer, comments)
        if where.endswith("/issues") and not number:
            number = next(str(row["number"]) for row in answer if row.get("pull_request"))
        if where.endswith(f"/pulls/{number}"):
            return {**pull, "commits": answer["commits"], "review_comments": 1}
        if where.endswith(f"/pulls/{number}/comments"):
            return mixed(answer, lines)
        return answer

    pages = pulled(puller, "github", change)
    assert {number, *(str(comment["id"]) for comment in comments)} <= named(pages)
    assert there["github"] <= puller.kept("github")


@some
@given(found=made_of("github", "PublicUser"), pulls=many("github", "PullRequestSimple"))
def test_any_account_and_any_pull_request_of_a_commit_that_github_describes(
    puller: Puller, there: dict[str, set[str]], found: dict[str, Any], pulls: list[Any]
) -> None:
    def change(path: str, answer: Any) -> Any:
        where = path.split("?")[0]
        if "/user/" in where or "/users/" in where:
            return found
        return mixed(answer, pulls) if "/commits/" in where and where.endswith("/pulls") else answer

    pulled(puller, "github", change)
    assert there["github"] <= puller.kept("github")


@some
@given(made=many("github", "Commit"))
def test_any_commit_that_github_describes(puller: Puller, there: dict[str, set[str]], made: list[Any]) -> None:
    made = list({commit["sha"]: commit for commit in made}.values())

    def change(path: str, answer: Any) -> Any:
        where = path.split("?")[0]
        if where.endswith("/commits") and "per_page=1&" not in f"{path}&":
            return mixed(answer, made)
        return [] if where.endswith("/pulls") and "/commits/" in where and not isinstance(answer, list) else answer

    pulled(puller, "github", change)
    assert there["github"] <= puller.kept("github")

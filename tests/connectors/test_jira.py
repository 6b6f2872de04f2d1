"""Jira through its own client: against the simulator, and against answers no simulator gives."""

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
import responses

from connectors.base import CredentialError, Page, ScopeError, SourceUnavailable
from connectors.jira import JiraConnector
from connectors.jira.parse import parse_issue
from simulator.server import Simulator
from tests.conftest import LONG_AGO, connect_to, walk
from tests.connectors.issues import issue

URL = "https://jira.example"
INFO = {"versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"}


def connect(company: Simulator, **changes: object) -> JiraConnector:
    return cast(JiraConnector, connect_to(company, "jira", **changes))


def pull(connector: JiraConnector, cursor: object = None, since: datetime = LONG_AGO) -> list[Page]:
    return walk(connector, "issues", cursor, since)  # type: ignore[arg-type]


def test_every_issue_comment_change_and_worklog_arrives(company: Simulator) -> None:
    pages = pull(connect(company))
    issues = company.world.issues
    assert {i.external_id for p in pages for i in p.items} == {str(i.id) for i in issues}
    ids = {s.external_id for p in pages for s in p.signals}
    expected = len(issues) + sum(len(i.changes) + len(i.comments) + len(i.worklogs) for i in issues)
    assert len(ids) == expected
    assert not any(p.failures for p in pages)


def test_a_second_pull_brings_only_what_is_new(company: Simulator) -> None:
    connector = connect(company)
    cursor = pull(connector)[-1].cursor
    issue = company.world.issues[-1]
    later = max(i.updated for i in company.world.issues) + timedelta(hours=1)
    issue.comments.append((later, 0, "one more thing"))
    signals = [s for p in pull(connector, cursor) for s in p.signals]
    assert "one more thing" in [s.text for s in signals]
    assert {s.item for s in signals if s.at == later} == {str(issue.id)}
    assert len({s.item for s in signals}) < 10


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_an_account_in_another_time_zone_loses_nothing(company: Simulator, zone: str) -> None:
    company.config.jira_time_zone = zone
    since = max(i.updated for i in company.world.issues) - timedelta(hours=2)
    found = {i.external_id for p in pull(connect(company), since=since) for i in p.items}
    assert {str(i.id) for i in company.world.issues if i.updated >= since} <= found


def test_more_histories_comments_and_worklogs_than_the_search_gives(company: Simulator) -> None:
    issue = company.world.issues[-1]
    at = issue.updated
    for n in range(130):
        at += timedelta(minutes=1)
        issue.changes.append((at, 1, "status", "To Do", "In Progress"))
        issue.comments.append((at, 1, f"comment {n}"))
        issue.worklogs.append((at, 1, 0.5))
    signals = [s for p in pull(connect(company)) for s in p.signals if s.item == str(issue.id)]
    count = {kind: sum(s.kind == kind for s in signals) for kind in ("transition", "comment", "worklog")}
    assert count["transition"] >= 130
    assert count["comment"] >= 130
    assert count["worklog"] >= 130


def test_an_epic_from_before_the_window_comes_with_its_stories(company: Simulator) -> None:
    child = next(i for i in company.world.issues if i.parent)
    assert child.parent is not None
    since = child.updated - timedelta(seconds=1)
    assert child.parent.updated < since
    pages = pull(connect(company), since=since)
    assert str(child.parent.id) in {i.external_id for p in pages for i in p.items}


def test_resuming_at_any_page_loses_nothing(company: Simulator) -> None:
    connector = connect(company)
    pages = pull(connector)
    assert len(pages) > 1
    whole = {s.external_id for p in pages for s in p.signals}
    again = pull(connect(company), pages[0].cursor)
    seen = {s.external_id for p in [pages[0], *again] for s in p.signals}
    assert seen == whole


def test_a_wrong_token_is_named_without_showing_it(company: Simulator) -> None:
    with pytest.raises(CredentialError) as caught:
        pull(connect(company, token="sekret-token"))
    assert "rejected" in str(caught.value)
    assert "sekret" not in str(caught.value)


def test_check_names_the_project_that_cannot_be_seen(company: Simulator) -> None:
    rows = connect(company, projects=["APP", "NOPE"]).check(LONG_AGO)
    assert [r.name for r in rows if not r.ok] == ["project NOPE"]
    assert "Browse Projects" in next(r for r in rows if not r.ok).fix


@responses.activate
def test_html_with_status_200_is_unavailable_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.retry.ATTEMPTS", 1)
    responses.get(f"{URL}/rest/api/3/serverInfo", json=INFO)
    responses.get(f"{URL}/rest/api/3/field", json=[])
    responses.get(f"{URL}/rest/api/3/search/jql", body="<html>maintenance</html>")
    connector = JiraConnector(url=URL, email="a@b.example", token="t", projects=["A"])
    with pytest.raises(SourceUnavailable, match="not JSON"):
        pull(connector)


@responses.activate
def test_forbidden_names_what_to_grant() -> None:
    responses.get(f"{URL}/rest/api/3/serverInfo", json=INFO)
    responses.get(f"{URL}/rest/api/3/field", json=[])
    responses.get(f"{URL}/rest/api/3/search/jql", json={}, status=403)
    connector = JiraConnector(url=URL, email="a@b.example", token="t", projects=["A"])
    with pytest.raises(ScopeError, match="Browse Projects"):
        pull(connector)


@responses.activate
def test_one_broken_issue_is_set_aside_and_the_rest_goes_on() -> None:
    given = {"issuetype": {"name": "Task"}, "status": {"id": "1", "name": "To Do"}}
    good, broken = issue("2", created="2026-07-01T10:00:00.000+0200", **given), issue("1", created=17, **given)
    responses.get(f"{URL}/rest/api/3/serverInfo", json=INFO)
    responses.get(f"{URL}/rest/api/3/field", json=[])
    responses.get(f"{URL}/rest/api/3/status", json=[{"id": "1", "statusCategory": {"key": "new"}}])
    responses.get(f"{URL}/rest/api/3/search/jql", json={"issues": [broken, good]})
    page = pull(JiraConnector(url=URL, email="a@b.example", token="t", projects=["A"]))[0]
    assert [i.key for i in page.items] == ["A-2"]
    assert [f.external_id for f in page.failures] == ["1"]
    assert page.items[0].created_at == datetime(2026, 7, 1, 8, tzinfo=UTC)


def test_parse_reads_states_and_assignees() -> None:
    user = {"accountId": "u1", "displayName": "Ann"}
    history = {
        "id": "9",
        "created": "2026-07-01T12:00:00+00:00",
        "author": user,
        "items": [
            {"field": "status", "from": "1", "to": "3"},
            {"field": "assignee", "from": None, "to": "u1"},
            {"field": "rank"},
        ],
    }
    item, signals, accounts = parse_issue(issue(assignee=user, changelog=[history]), {"1": "new", "3": "indeterminate"})
    assert item.assignee == "u1"
    assert [(s.kind, dict(s.detail)) for s in signals[1:]] == [
        ("transition", {"from": "new", "to": "indeterminate"}),
        ("assignment", {"from": None, "to": "u1"}),
    ]
    assert {a.external_id for a in accounts} == {"u1"}

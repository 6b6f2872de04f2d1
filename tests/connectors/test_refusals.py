"""A refusal is said for what it is: wrong advice costs an afternoon.

Reported of others: gioboa/jira-plugin #26, palashkulsh/jira-cmd #38 (CAPTCHA), raycast/extensions #11212, kovetskiy/mark #917
(a scope that is missing is a 401), ankitpokhrel/jira-cli #850, obsidian-jira-issue #178 (scoped tokens, dead links),
ParabolInc/parabol #7503 (IP allowlist), amp-labs/connectors PR #2884 (HubSpot's 477), wee-slack #910, #949 (Enterprise Grid).
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import responses
from slack_sdk.errors import SlackApiError

from connectors.base import (
    CredentialError,
    NotReachable,
    ScopeError,
    SourceError,
    SourceUnavailable,
)
from connectors.hubspot import HubSpotConnector
from connectors.jira import JiraConnector
from connectors.slack.client import SlackClient
from simulator.api.config import JIRA_GATEWAY, JIRA_SCOPED_TOKEN
from simulator.server import Simulator
from tests.conftest import LONG_AGO
from tests.connectors.few import Puller

URL = "https://velora.atlassian.net"
PAGE = "<!DOCTYPE html><title>Access denied</title><p>Your request was blocked. Ray ID 7a1"
FORBIDDEN = {
    "captcha": (
        "",
        {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://x"},
        CredentialError,
        "CAPTCHA",
    ),
    "allowlist": (
        '{"message": "The IP address has been rejected because it is not on the allowlist. See your admin."}',
        {},
        NotReachable,
        "IP allowlist",
    ),
    "firewall": (PAGE, {"Content-Type": "text/html"}, NotReachable, "its own page"),
    "password": (
        '{"message": "Basic auth with password is not allowed on this instance"}',
        {},
        CredentialError,
        "token",
    ),
    "permission": ('{"errorMessages": ["You do not have permission"]}', {}, ScopeError, "Browse Projects"),
}


@responses.activate
@pytest.mark.parametrize("kind", FORBIDDEN)
def test_what_jira_means_by_403(kind: str) -> None:
    body, headers, type_, words = FORBIDDEN[kind]
    responses.get(f"{URL}/rest/api/3/serverInfo", json={"versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"})
    responses.get(f"{URL}/rest/api/3/myself", body=body, status=403, headers=headers)
    (row,) = JiraConnector(url=URL, email="a@b.example", token="t", projects=["A"]).check(LONG_AGO)
    assert words in f"{row.found} {row.fix}"
    with pytest.raises(type_):
        JiraConnector(url=URL, email="a@b.example", token="t", projects=["A"]).streams()


@responses.activate
def test_a_missing_scope_is_a_401_at_the_gateway_and_a_scoped_token_one_at_the_site() -> None:
    gateway = "https://api.atlassian.com/ex/jira/1"
    for url in (URL, gateway):
        responses.get(f"{url}/rest/api/3/serverInfo", json={"versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"})
    said = {"code": 401, "message": "Unauthorized; scope does not match"}
    responses.get(f"{gateway}/rest/api/3/myself", json=said, status=401)
    responses.get(f"{URL}/rest/api/3/myself", body="Client must be authenticated", status=401)
    with pytest.raises(ScopeError, match="read:jira-user"):
        JiraConnector(url=gateway, email="a@b.example", token="t", projects=["A"]).streams()
    with pytest.raises(CredentialError, match=r"https://velora.atlassian.net/_edge/tenant_info"):
        JiraConnector(url=URL, email="a@b.example", token="t", projects=["A"]).streams()


@responses.activate
def test_a_date_that_a_proxy_wrote_says_nothing_of_the_clock_and_stops_nothing() -> None:
    odd = {"Date": "Heute, 12:00"}
    info = {"versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"}
    responses.get(f"{URL}/rest/api/3/serverInfo", json=info, headers=odd)
    responses.get(f"{URL}/rest/api/3/myself", json={}, headers=odd)
    assert JiraConnector(url=URL, email="a@b.example", token="t", projects=["A"]).client.get("myself") == {}


@responses.activate
def test_an_address_that_was_copied_from_the_browser_is_said_to_be_no_jira() -> None:
    for version in (2, 3):
        responses.get(f"{URL}/jira/your-work/rest/api/{version}/serverInfo", body="<html>dead link", status=404)
    with pytest.raises(NotReachable, match=r"there is no Jira at .*jira.url is the base address"):
        JiraConnector(url=f"{URL}/jira/your-work", email="a@b.example", token="t", projects=["A"]).streams()


def test_a_scoped_token_reads_all_at_the_gateway_and_links_lead_to_the_site(few: Simulator, tmp_path: Path) -> None:
    puller = Puller(few, tmp_path)
    puller.pull("jira")
    whole = puller.kept("jira")
    (tmp_path / "gateway").mkdir()
    other = Puller(few, tmp_path / "gateway")
    other.pull("jira", url=few.addresses["jira"] + JIRA_GATEWAY, token=JIRA_SCOPED_TOKEN)
    assert other.kept("jira") == whole
    with other.sessions() as session:
        from models import WorkItem

        urls = {item.url for item in session.query(WorkItem)}
    assert all(str(url).startswith(f"{few.addresses['jira']}/browse/") for url in urls)
    assert "the token was rejected" in str(other.connector("jira", token=JIRA_SCOPED_TOKEN).check(LONG_AGO)[0].found)


HUBSPOT = {
    "page": (403, PAGE, NotReachable, "its own page"),
    "scope": (
        403,
        json.dumps({"category": "MISSING_SCOPES", "errors": [{"context": {"requiredGranularScopes": ["tickets"]}}]}),
        ScopeError,
        "tickets",
    ),
    "moving": (477, '{"message": "migration in progress"}', SourceUnavailable, "another region"),
    "locked": (423, '{"message": "locked"}', SourceUnavailable, "423"),
    "cloudflare": (524, PAGE, SourceUnavailable, "524"),
}


@pytest.mark.parametrize("kind", HUBSPOT)
def test_what_hubspot_means_by_its_status(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    status, body, type_, words = HUBSPOT[kind]
    monkeypatch.setattr("connectors.retry.ATTEMPTS", 1)

    class Error(Exception):
        def __init__(self) -> None:
            self.status, self.body, self.headers = status, body, {"Retry-After": "86400"}

    def refuses(*_: object, **__: object) -> None:
        raise Error

    client = HubSpotConnector(token="t", pipelines=["Sales"]).client
    monkeypatch.setattr(client._pipelines, "get_all", refuses)
    with pytest.raises(type_, match=words):
        client.pipelines("deals")


SLACK: dict[str, tuple[type[SourceError], str]] = {
    "not_allowed_token_type": (CredentialError, "xoxb-"),
    "org_login_required": (NotReachable, "organisation"),
    "team_access_not_granted": (NotReachable, "organisation"),
    "access_denied": (NotReachable, "refuses"),
    "enterprise_is_restricted": (NotReachable, "organisation"),
    "team_added_to_org": (SourceUnavailable, "moving"),
    "missing_argument": (NotReachable, "organisation"),
    "invalid_auth": (CredentialError, "xoxb-"),
}


@pytest.mark.parametrize("code", SLACK)
def test_what_slack_means_by_its_codes(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from connectors.limits import Limiter

    monkeypatch.setattr("connectors.retry.ATTEMPTS", 1)
    type_, words = SLACK[code]
    client = SlackClient("https://slack.invalid/api/", "xoxb-1", 1, 100, Limiter())
    monkeypatch.setattr(client, "_vendor", _Says(code))
    with pytest.raises(type_, match=words):
        client.ask("conversations.list")


class _Says:
    def __init__(self, code: str) -> None:
        self.code = code

    def api_call(self, *_: object, **__: object) -> Callable[[], None]:
        class Response:
            status_code, headers = 200, {}  # type: ignore[var-annotated]

        response = Response()
        response.data = {"ok": False, "error": self.code}  # type: ignore[attr-defined]
        raise SlackApiError("said", response)

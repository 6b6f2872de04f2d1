"""The vendors' own clients work against the simulator unchanged, also where the product does not use them yet."""

import pytest
from hubspot import HubSpot
from hubspot.crm.deals import ApiException
from jira import JIRA
from jira.exceptions import JIRAError
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from simulator.api.config import HUBSPOT_TOKEN, JIRA_EMAIL, JIRA_TOKEN
from simulator.server import Simulator


def slack(company: Simulator) -> WebClient:
    return WebClient(token=company.settings()["slack"]["token"], base_url=company.addresses["slack"])


def test_a_message_is_posted_updated_and_a_picture_uploaded(company: Simulator) -> None:
    client = slack(company)
    posted = client.chat_postMessage(channel="leadership", text="first")
    client.chat_update(channel=posted["channel"], ts=posted["ts"], text="second")
    assert [message["text"] for message in company.world.posted] == ["second"]
    client.files_upload_v2(content=b"\x89PNG picture", filename="shares.png", channel=posted["channel"])
    assert b"\x89PNG picture" in b"".join(company.slack.uploads.values())


def test_slack_refuses_as_slack_does(company: Simulator) -> None:
    with pytest.raises(SlackApiError, match="channel_not_found"):
        slack(company).chat_postMessage(channel="nowhere", text="x")
    with pytest.raises(SlackApiError, match="invalid_blocks"):
        slack(company).chat_postMessage(channel="leadership", text="x", blocks=[{"type": "divider"}] * 51)
    with pytest.raises(SlackApiError, match="thread_not_found"):
        slack(company).conversations_replies(channel=next(iter(company.slack.channels)), ts="1.0")
    company.config.slack_scopes -= {"chat:write"}
    with pytest.raises(SlackApiError) as caught:
        slack(company).chat_postMessage(channel="leadership", text="x")
    assert caught.value.response["needed"] == "chat:write"


def test_jira_pages_by_token_and_has_removed_the_old_search(company: Simulator) -> None:
    client = JIRA(
        company.addresses["jira"], basic_auth=(JIRA_EMAIL, JIRA_TOKEN), options={"rest_api_version": "3"}, max_retries=0
    )
    found = client.enhanced_search_issues(
        "project in (APP) AND updated >= 1000000000000", maxResults=7, json_result=True
    )
    assert len(found["issues"]) == 7
    assert "total" not in found
    after = client.enhanced_search_issues(
        "project in (APP) AND updated >= 1000000000000",
        nextPageToken=found["nextPageToken"],
        maxResults=7,
        json_result=True,
    )
    assert {i["id"] for i in found["issues"]}.isdisjoint({i["id"] for i in after["issues"]})
    with pytest.raises(JIRAError) as caught:
        client._get_json("search")
    assert caught.value.status_code == 410
    assert client.myself()["timeZone"] == "Europe/Berlin"


def test_jira_without_fields_gives_ids_only(company: Simulator) -> None:
    client = JIRA(
        company.addresses["jira"], basic_auth=(JIRA_EMAIL, JIRA_TOKEN), options={"rest_api_version": "3"}, max_retries=0
    )
    found = client._get_json("search/jql", params={"jql": "project in (APP) AND updated >= 1000000000000"})
    assert all("fields" not in issue for issue in found["issues"])


def test_hubspot_models_read_the_answers_and_limits_hold(company: Simulator) -> None:
    client = HubSpot(access_token=HUBSPOT_TOKEN, host=company.addresses["hubspot"])
    page = client.crm.deals.search_api.do_search(public_object_search_request={"limit": 3, "properties": ["dealname"]})
    assert len(page.results) == 3
    assert page.results[0].properties["dealname"]
    assert len(client.crm.owners.owners_api.get_page(limit=5).results) == 5
    with pytest.raises(ApiException) as caught:
        client.crm.deals.search_api.do_search(public_object_search_request={"limit": 200, "after": "9900"})
    assert caught.value.status == 400
    company.config.hubspot_scopes -= {"crm.objects.deals.read"}
    with pytest.raises(ApiException) as caught:
        client.crm.deals.search_api.do_search(public_object_search_request={"limit": 3})
    assert "MISSING_SCOPES" in str(caught.value.body)

"""What users of other connectors reported of how servers answer, each tried on whole pulls: nothing lost, nothing endless."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors.base import SourceError
from connectors.github.client import Answer, Client
from models import Signal
from simulator.world import Message, Record
from tests.conftest import NOW
from tests.connectors.few import Puller
from tests.connectors.test_sources_as_they_are import answering


class Asked:
    """Passes answers through and changes those of one path; a walk that never ends is stopped by an error."""

    def __init__(self, path: str, change: Callable[[Any], Any], most: int = 200) -> None:
        self.path, self.change, self.count, self.most = path, change, 0, most

    def __call__(self, path: str, answer: Any) -> Any:
        if self.path not in path:
            return answer
        self.count += 1
        if self.count > self.most:
            raise AssertionError(f"{self.path} is asked for without end")
        return self.change(answer)


def with_cursor(answer: Any) -> Any:
    return answer | {"has_more": True, "response_metadata": {"next_cursor": "MA=="}}


# A way on that leads back


def emptied(answer: Any) -> Any:
    return with_cursor(answer | {"messages": []})


def with_token(answer: Any) -> Any:
    return answer | {"nextPageToken": "MA=="}


def with_after(answer: Any) -> Any:
    return answer | {"results": [], "paging": {"next": {"after": "100"}}}


def with_links(answer: Any) -> Any:
    for row in answer["results"]:
        row["paging"] = {"next": {"after": "100"}}
    return answer


@pytest.mark.parametrize(
    ("source", "path", "change"),
    [
        ("slack", "conversations.list", with_cursor),
        ("slack", "conversations.history", emptied),
        ("slack", "conversations.replies", with_cursor),
        ("slack", "users.list", with_cursor),
        ("jira", "search/jql", with_token),
        ("hubspot", "/crm/v3/owners", with_after),
        ("hubspot", "/notes/search", with_after),
        ("hubspot", "/associations/", with_links),
    ],
)
def test_a_cursor_that_repeats_ends_that_walk_slacrawl_159_and_169_localslackirc_381_prowler_12539_airbyte_cdk_1148(
    puller: Puller, source: str, path: str, change: Callable[[Any], Any]
) -> None:
    """It is said, the other streams are read, and the next pull that is answered well has everything."""
    asked = Asked(path, change)
    answering(puller.company, asked)
    try:
        puller.pull(source)
    except SourceError as error:
        said = [*puller.errors().values(), str(error)]
    else:
        said = list(puller.failures().values())
    assert asked.count < asked.most
    assert any("leads back" in one for one in said), said
    puller.company.config.faults.change = None
    puller.pull(source)
    puller.retry(source)
    whole = puller.kept(source)
    assert len(whole) > 8
    assert puller.errors() == {}
    assert puller.failures() == {}


def test_a_link_to_the_next_page_that_is_the_same_page_ends_that_walk(
    puller: Puller, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = Client.ask

    def again(client: Client, path: str, *given: Any, **more: Any) -> Answer:
        answer = asks(client, path, *given, **more)
        return replace(answer, next={"page": "2"}) if path.endswith("/timeline") else answer

    with monkeypatch.context() as patch:
        patch.setattr(Client, "ask", again)
        puller.pull("github")
    assert any("leads back" in one for one in puller.failures().values())
    puller.retry("github")
    assert puller.failures() == {}


# Pages that hold fewer than were asked for


@pytest.mark.parametrize("held", [1, 100])
def test_a_page_of_hubspots_search_may_hold_fewer_than_were_asked_for_activepieces_10160(
    puller: Puller, held: int
) -> None:
    """Before September 2024 it held 100, whatever `limit` said; what follows is in `paging`."""

    def fewer(path: str, answer: Any) -> Any:
        if path.split("?")[0].endswith("/search") and len(answer["results"]) > held:
            answer |= {"results": answer["results"][:held], "paging": {"next": {"after": str(held)}}}
        return answer

    puller.pull("hubspot")
    whole = puller.kept("hubspot")
    puller.company.world.records.reverse()
    answering(puller.company, fewer)
    other = Puller(puller.company, _beside(puller))
    other.pull("hubspot")
    assert other.kept("hubspot") == whole


def _beside(puller: Puller) -> Path:
    folder = Path(str(puller.sessions.kw["bind"].url.database)).parent / "again"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("held", [2, 5])
def test_a_page_of_jiras_search_may_hold_fewer_and_its_token_may_skip_atlassian_mcp_server_221_jira_assistant_405(
    puller: Puller, held: int
) -> None:
    puller.pull("jira")
    whole = puller.kept("jira")

    def fewer(path: str, answer: Any) -> Any:
        if "search/jql" in path and len(answer["issues"]) > held:
            answer |= {"issues": answer["issues"][:held], "nextPageToken": "OTk5", "isLast": True}
        return answer

    answering(puller.company, fewer)
    other = Puller(puller.company, _beside(puller))
    other.pull("jira")
    assert other.kept("jira") == whole


def test_a_total_that_promises_more_than_there_is_ends_elastic_integrations_7898_n8n_16493(puller: Puller) -> None:
    puller.pull("jira")
    whole = puller.kept("jira")

    def more(path: str, answer: Any) -> Any:
        for issue in answer.get("issues", []) if isinstance(answer, dict) else []:
            for name in ("comment", "worklog"):
                if issue.get("fields", {}).get(name):
                    issue["fields"][name]["total"] += 7
        if path.split("?")[0].endswith(("/comment", "/worklog")):
            answer["total"] += 7
        return answer

    asked = Asked("/issue/", lambda answer: answer)
    answering(puller.company, lambda path, answer: more(path, asked(path, answer)))
    other = Puller(puller.company, _beside(puller))
    other.pull("jira")
    assert other.kept("jira") == whole


# Links that come later


def test_a_call_that_is_put_on_a_deal_after_it_was_read_counts_from_the_next_sweep_on_airbyte_27199_and_44554(
    puller: Puller,
) -> None:
    """HubSpot changes no time of a call when it is linked, unlinked or put on another deal."""
    world = puller.company.world
    deals = [record for record in world.records if record.type == "deals"]
    late, moved, cut = [record for record in world.records if record.links][:3]
    for number, record in enumerate((late, moved, cut)):
        record.modified = NOW - timedelta(days=3)
        newer = Record(record.type, 990_000 + number, record.properties, NOW, NOW, links=[("deals", deals[0].id)])
        world.records.append(newer)
    where = {name: f"{record.type}:{record.id}" for name, record in (("late", late), ("moved", moved), ("cut", cut))}
    links, late.links = late.links, []
    moved.links, cut.links = [("deals", deals[0].id)], [("deals", deals[0].id)]
    puller.pull("hubspot")
    assert where["late"] not in puller.kept("hubspot")
    late.links, moved.links, cut.links = links, [("deals", deals[1].id)], []
    puller.pull("hubspot")
    puller.sweep("hubspot")
    with puller.sessions() as session:
        found = session.execute(select(Signal.external_id, Signal.item)).all()
    on = {name: item for name, item in found if name in where.values()}
    assert on == {where["late"]: f"deals:{links[0][1]}", where["moved"]: f"deals:{deals[1].id}"}


# Many at one moment, and nobody behind what was there


def test_more_messages_in_one_second_than_a_page_holds_are_all_kept_dust_28873(puller: Puller) -> None:
    world = puller.company.world
    second = max(m.ts for m in world.messages if m.channel == "platform").partition(".")[0]
    made = [Message("platform", f"{second}.{700_000 + number:06d}", 1, f"note {number}") for number in range(450)]
    world.messages += made
    puller.pull("slack")
    kept = {id_.partition(":")[2] for id_ in puller.kept("slack")}
    assert {message.ts for message in made} <= kept


def headless(answer: Any) -> Any:
    return answer | {"head": None} if isinstance(answer, dict) else answer


def without_fork(answer: Any) -> Any:
    return answer | {"head": answer["head"] | {"repo": None, "user": None, "label": None}}


def without_users(answer: Any) -> Any:
    return [row | {name: None for name in ("user", "actor", "assignee") if name in row} for row in answer]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        pytest.param("/pulls/{}", headless, id="githubkit_200_usethis_845"),
        pytest.param("/pulls/{}", without_fork, id="demisto_content_6718_github_for_jira_105_rest_api_description_161"),
        pytest.param("/issues/{}/timeline", without_users, id="perceval_590_pull_request_analytics_35_octocrab_389"),
    ],
)
def test_a_pull_request_whose_fork_branch_or_reviewer_is_gone_is_whole(
    puller: Puller, path: str, change: Callable[[Any], Any]
) -> None:
    puller.pull("github")
    whole = puller.kept("github")
    ends = tuple(path.format(ticket.number) for _, ticket in puller.company.github.code.tickets() if ticket.branch)

    def changed(where: str, answer: Any) -> Any:
        return change(answer) if where.partition("?")[0].endswith(ends) else answer

    answering(puller.company, changed)
    other = Puller(puller.company, _beside(puller))
    other.pull("github")
    assert other.failures() == {}
    assert other.kept("github") == whole


# Another one answers


def test_a_deal_that_was_merged_into_another_goes_dbt_hubspot_134_tap_hubspot_49(puller: Puller) -> None:
    """Asked for the old one, HubSpot answers with the one that it was merged into."""
    puller.pull("hubspot")
    old, new = [record for record in puller.company.world.records if record.type == "deals"][:2]

    def merged(path: str, answer: Any) -> Any:
        where = path.partition("?")[0]
        if where.endswith("/deals/search"):
            answer["results"] = [one for one in answer["results"] if one["id"] != str(old.id)]
        if where.endswith("/deals/batch/read"):
            answer["results"] = [
                one | ({"id": str(new.id)} if one["id"] == str(old.id) else {}) for one in answer["results"]
            ]
        return answer | {"id": str(new.id)} if where.endswith(f"/deals/{old.id}") else answer

    for record in puller.company.world.records:
        record.links = [(type_, new.id if id_ == old.id else id_) for type_, id_ in record.links]
    answering(puller.company, merged)
    puller.pull("hubspot")
    puller.sweep("hubspot")
    kept = puller.kept("hubspot")
    assert f"deals:{old.id}" not in kept
    assert f"deals:{new.id}" in kept
    assert not {id_ for id_ in kept if id_.startswith(f"deals:{old.id}:")}

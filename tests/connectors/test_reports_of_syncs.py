"""What users of tools that sync Jira, Slack and HubSpot reported, each tried on whole pulls of a few records of each."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from connectors.base import SourceError, SourceUnavailable
from connectors.hubspot.parse import ENTERED, time_of
from connectors.metrics import Measuring
from models import Account, Signal, StreamCursor, WorkItem
from pipeline.people.identity import unresolved
from simulator.crm import stage_id
from simulator.server import Simulator
from simulator.world import Record
from tests.conftest import LONG_AGO, NOW
from tests.connectors.few import Puller
from tests.connectors.test_sources_as_they_are import answering


def iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def signals(puller: Puller, source: str, **columns: str) -> list[Signal]:
    with puller.sessions() as session:
        query = select(Signal).where(Signal.source == source, *(getattr(Signal, k) == v for k, v in columns.items()))
        return list(session.scalars(query.order_by(Signal.external_id)))


# Jira


def test_a_history_that_the_search_cuts_at_forty_and_calls_whole_is_asked_for_faros_2003_ai_helpers_680_jira_712(
    few: Simulator, puller: Puller
) -> None:
    issue = next(issue for issue in few.world.issues if issue.type != "Epic")
    began = issue.created + timedelta(minutes=1)
    issue.changes = [
        (began + timedelta(minutes=n), issue.creator, "status", *(("To Do", "In Progress")[:: 1 if n % 2 == 0 else -1]))
        for n in range(65)
    ]

    def cut(path: str, answer: Any) -> Any:
        for row in answer.get("issues", []) if isinstance(answer, dict) else []:
            if log := row.get("changelog"):
                log["histories"] = log["histories"][:40]
                log |= {"maxResults": 40, "total": len(log["histories"])}
        return answer

    answering(few, cut)
    puller.pull("jira")
    moves = signals(puller, "jira", item=str(issue.id), kind="transition")
    assert len(moves) == 65


@pytest.mark.parametrize("info", [{}, [], {"baseUrl": "https://x.example"}, None])
def test_a_server_that_does_not_say_its_version_is_told_in_a_sentence_jira_887_353(
    few: Simulator, puller: Puller, info: Any
) -> None:
    """The vendor's client ends in a KeyError of its own."""
    answering(few, lambda path, answer: info if "serverInfo" in path else answer)
    (row,) = [row for row in puller.connector("jira").check(LONG_AGO) if not row.ok]
    assert "does not identify itself" in row.found
    with pytest.raises(SourceUnavailable, match="does not identify itself"):
        puller.pull("jira")
    few.config.faults.change = None
    assert puller.pull("jira")["signals"] > 0


def test_who_is_named_with_and_without_an_address_is_one_account_with_it_bicho_52(
    few: Simulator, puller: Puller
) -> None:
    """The history comes first and says less; without an address a person's work there would be nobody's."""
    hidden = {f"5f{number:06d}" for number in few.config.hidden_emails}

    def terse(path: str, answer: Any) -> Any:
        for row in answer.get("issues", []) if isinstance(answer, dict) else []:
            row["fields"]["assignee"] = row["fields"]["creator"] = row["fields"]["reporter"] = None
            for history in (row.get("changelog") or {}).get("histories", []):
                history["author"] = {"accountId": history["author"]["accountId"]}
            for log in (row["fields"].get("worklog") or {}).get("worklogs", []):
                log["author"] = {"accountId": log["author"]["accountId"]}
        return answer

    answering(few, terse)
    puller.pull("jira")
    with puller.sessions() as session:
        kept = {one.external_id: one.email for one in session.scalars(select(Account).where(Account.source == "jira"))}
    said = {f"5f{comment[1]:06d}" for issue in few.world.issues for comment in issue.comments if comment}
    assert said - hidden
    assert all(kept[id_] for id_ in said - hidden)


@pytest.mark.parametrize("data_center", [False, True])
def test_whoever_had_an_issue_and_did_nothing_on_it_has_an_account_devlake_1895_1690(
    few: Simulator, puller: Puller, data_center: bool
) -> None:
    """Their history alone names them, by id and name; what the issue itself says, and that one is a program, counts more."""
    few.config.jira_data_center = data_center
    issue = next(issue for issue in few.world.issues if issue.type != "Epic")
    acted = {
        n for one in few.world.issues for row in (*one.changes, *one.comments, *one.worklogs) if row for n in row[1:2]
    }
    acted |= {n for one in few.world.issues for n in (one.creator, one.assignee) if n is not None}
    quiet, robot = [person.number for person in few.world.people if person.number not in acted][:2]
    named = {n: f"JIRAUSER{10_000 + n}" if data_center else f"5f{n:06d}" for n in (quiet, robot, issue.creator)}
    issue.assignee = None
    began = issue.created + timedelta(minutes=1)
    issue.changes += [
        (began + timedelta(hours=n), issue.creator, "assignee", old, new)
        for n, (old, new) in enumerate([(None, quiet), (quiet, robot), (robot, issue.creator), (issue.creator, None)])
    ]
    with puller.sessions.begin() as session:
        session.add(Account(source="jira", external_id=named[robot], name="Robot", bot=True))
    puller.pull("jira")
    with puller.sessions() as session:
        kept = {one.external_id: one for one in session.scalars(select(Account).where(Account.source == "jira"))}
    assert kept[named[quiet]].name == few.world.people[quiet].name
    assert kept[named[robot]].bot
    assert kept[named[issue.creator]].time_zone


def test_an_archived_issue_that_no_search_shows_stays_sync2jira_416(few: Simulator, puller: Puller) -> None:
    """Jira still answers for it by its id."""
    puller.pull("jira")
    before = puller.kept("jira")
    issue = next(issue for issue in few.world.issues if issue.type != "Epic")
    few.config.unindexed.add(str(issue.id))

    def without(path: str, answer: Any) -> Any:
        if "/bulkfetch" in path:
            answer["issues"] = [row for row in answer["issues"] if row["id"] != str(issue.id)]
        return answer

    answering(few, without)
    puller.sweep("jira")
    puller.pull("jira")
    assert puller.kept("jira") == before


# Slack


def test_a_channel_that_is_archived_and_puts_its_bots_out_is_read_to_its_end_elastic_1972_onyx_205_aurora_496(
    few: Simulator, puller: Puller
) -> None:
    """Nobody can invite an app into it, so there is nothing to mend and nothing to say."""
    puller.pull("slack")
    before = puller.kept("slack")
    few.slack.archived.add("platform")
    few.slack.left.add("platform")
    puller.pull("slack")
    puller.sweep("slack")
    assert puller.kept("slack") == before
    assert puller.errors() == {}


def test_a_channel_that_was_never_read_and_is_archived_says_so(few: Simulator, puller: Puller) -> None:
    few.slack.archived.add("platform")
    few.slack.left.add("platform")
    with pytest.raises(SourceError, match="archived"):
        puller.pull("slack")
    assert "archived" in puller.errors()["channel platform"]
    assert "/invite" not in puller.errors()["channel platform"]


def test_a_channel_that_is_archived_while_its_past_is_read_says_that_the_rest_is_missing(
    few: Simulator, puller: Puller
) -> None:
    source = puller.connector("slack")
    source.streams()
    cursor = [page.cursor for page in source.pull("channel platform", None, LONG_AGO)][-1]
    few.slack.archived.add("platform")
    few.slack.left.add("platform")
    source.streams()
    assert cursor is not None
    with pytest.raises(SourceError, match="archived"):
        list(source.earlier("channel platform", cursor, LONG_AGO))


# HubSpot


def deal(few: Simulator) -> Record:
    return next(record for record in few.world.records if record.type == "deals")


def stages(puller: Puller, record: Record) -> list[tuple[str, str]]:
    rows = signals(puller, "hubspot", item=f"deals:{record.id}", kind="stage")
    return sorted((row.at.isoformat(timespec="seconds"), row.detail["to"]) for row in rows)


def test_stages_are_known_where_an_account_keeps_no_time_for_each_activepieces_9252(
    few: Simulator, puller: Puller
) -> None:
    """Stage-calculated properties are of the dearer accounts; what stood in the stage, and since when, all can be asked for."""
    puller.pull("hubspot")
    deals = [record for record in few.world.records if record.type == "deals"]
    wanted = [stages(puller, record) for record in deals]
    assert all(wanted)
    for record in deals:
        times = {key.removeprefix(ENTERED): at for key, at in record.properties.items() if key.startswith(ENTERED)}
        record.properties = {key: value for key, value in record.properties.items() if not key.startswith(ENTERED)}
        record.histories["dealstage"] = [(time_of(at), stage) for stage, at in times.items()]
        record.modified = NOW
    with puller.sessions.begin() as session:
        for table in (Signal, WorkItem, StreamCursor):
            session.execute(delete(table))
    puller.pull("hubspot")
    assert [stages(puller, record) for record in deals] == wanted


def test_a_deal_that_comes_back_to_a_stage_entered_it_twice_where_the_history_says_so(
    few: Simulator, puller: Puller
) -> None:
    record = deal(few)
    first, second = stage_id("Employers", 0), stage_id("Employers", 1)
    record.properties = {k: v for k, v in record.properties.items() if not k.startswith(ENTERED)} | {"dealstage": first}
    began = record.created
    record.histories["dealstage"] = [(began + timedelta(hours=n), (first, second)[n % 2]) for n in range(3)]
    puller.pull("hubspot")
    assert [label for _, label in stages(puller, record)] == ["Qualified", "Offer", "Qualified"]


def test_a_pipeline_that_was_renamed_is_named_and_loses_nothing(few: Simulator, puller: Puller) -> None:
    """It stays the one that is listed: its deals are not taken for moved elsewhere, nor what hangs on them."""
    puller.pull("hubspot")
    before = puller.kept("hubspot")

    def renamed(path: str, answer: Any) -> Any:
        for row in answer.get("results", []) if "/pipelines/" in path else []:
            row["label"] = "Employers DACH" if row["label"] == "Employers" else row["label"]
        return answer

    answering(few, renamed)
    for record in few.world.records:
        record.modified = NOW - timedelta(minutes=1)
    with pytest.raises(SourceError, match="there is no pipeline Employers") as said:
        puller.pull("hubspot")
    assert "Employers DACH" in str(said.value)
    assert list(puller.errors()) == ["pipeline Employers"]
    with pytest.raises(SourceError, match="nothing is taken for deleted"):
        puller.sweep("hubspot", force=True)
    assert puller.kept("hubspot") == before
    for listed in (["Employers DACH", "Iberia", "Support"], ["90", "Iberia", "Support"]):
        puller.pull("hubspot", pipelines=listed)
        assert puller.errors() == {}
        assert puller.kept("hubspot") == before
    with puller.sessions() as session:
        assert set(session.scalars(select(WorkItem.container))) == {"Employers DACH"}


def test_a_search_that_is_too_long_for_its_many_stages_is_read_by_id_dlt_330_airbyte_33976_airweave_1064(
    few: Simulator, puller: Puller
) -> None:
    puller.pull("hubspot")
    wanted = stages(puller, deal(few))
    with puller.sessions.begin() as session:
        for table in (Signal, WorkItem, StreamCursor):
            session.execute(delete(table))

    def many(path: str, answer: Any) -> Any:
        for row in answer.get("results", []) if "/pipelines/deals" in path else []:
            row["stages"] += [{"id": f"{row['id']}7{n:04d}", "label": f"S{n}", "metadata": {}} for n in range(60)]
        return answer

    answering(few, many)
    few.hubspot.longest_search = 2_000
    puller.pull("hubspot")
    assert stages(puller, deal(few)) == wanted
    assert puller.failures() == {}


def test_a_sum_goes_on_behind_a_page_with_fewer_records_than_were_asked_for_activepieces_10160(
    few: Simulator, puller: Puller
) -> None:
    for n, record in enumerate(one for one in few.world.records if one.type == "deals"):
        record.properties["days"] = str(10**n)

    def short(path: str, answer: Any) -> Any:
        if "/deals/search" in path and len(answer["results"]) > 1:
            answer["results"], answer["paging"] = answer["results"][:1], {"next": {"after": "1"}}
        return answer

    answering(few, short)
    source = puller.connector("hubspot")
    assert isinstance(source, Measuring)
    assert source.measure({"hubspot": "deals", "sum": "days"}) == 111


@pytest.mark.parametrize(
    ("status", "counts"),
    [("CONNECTING", False), ("CALLING_CRM_USER", False), ("COMPLETED", True), ("IN_PROGRESS", True), (None, True)],
)
def test_a_call_that_never_came_about_is_no_work_calling_extensions_46(
    few: Simulator, puller: Puller, status: str | None, counts: bool
) -> None:
    """A dialler that was closed leaves an engagement that HubSpot itself does not show; it has no length."""
    record = deal(few)
    properties = {"hs_timestamp": iso(NOW - timedelta(days=1)), "hubspot_owner_id": "70044"}
    properties |= {"hs_call_status": status} if status else {}
    at = NOW - timedelta(days=1)
    few.world.records.append(Record("calls", 99_001, properties, at, at, [("deals", record.id)]))
    puller.pull("hubspot")
    assert bool(signals(puller, "hubspot", external_id="calls:99001")) == counts


@pytest.mark.parametrize(
    ("due", "at"),
    [(timedelta(days=-3), timedelta(days=-3)), (timedelta(days=9), timedelta(minutes=-5))],
    ids=["due before", "due later"],
)
def test_a_completed_task_without_a_time_of_completion_stays_where_it_was_due_tap_hubspot_261_margince_174(
    few: Simulator, puller: Puller, due: timedelta, at: timedelta
) -> None:
    """Its last change may be a bulk edit of today; work of long ago must not move there, nor to a day that is yet to come."""
    properties = {"hs_timestamp": iso(NOW + due), "hs_task_status": "COMPLETED", "hubspot_owner_id": "70044"}
    changed = NOW - timedelta(minutes=5)
    created = NOW - timedelta(days=20)
    few.world.records.append(Record("tasks", 99_002, properties, created, changed, [("deals", deal(few).id)]))
    puller.pull("hubspot")
    (signal,) = signals(puller, "hubspot", external_id="tasks:99002")
    assert abs(signal.at - (NOW + at)) < timedelta(seconds=1)


def test_what_people_of_another_company_say_in_a_shared_channel_is_read_and_nobodys_work_slackdump_292_slack_exporter_20(
    few: Simulator, puller: Puller
) -> None:
    """Slack Connect's guests are in no list of members."""

    def shared(path: str, answer: Any) -> Any:
        if "conversations.history" in path:
            for row in answer.get("messages") or []:
                row |= {"user": "U0EXTERNAL", "user_team": "T0OTHER", "team": "T0OTHER"}
        return answer

    answering(few, shared)
    puller.pull("slack")
    assert puller.failures() == {}
    said = [one for one in signals(puller, "slack") if one.account == "U0EXTERNAL"]
    assert said
    assert all(one.text for one in said)
    with puller.sessions() as session:
        assert "U0EXTERNAL" not in {one.external_id for one in unresolved(session, None)}
        assert session.get(Account, ("slack", "U0EXTERNAL")) is None

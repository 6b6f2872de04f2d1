"""What users of other tools reported of these sources, each tried on the parsers: the right value, and where it was reported.

The same against whole servers is in test_sources_as_they_are.py.
"""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from imap_tools import MailMessage

from connectors.base import ItemKind, NotFound, State
from connectors.hubspot.client import not_found
from connectors.hubspot.parse import parse_engagement, parse_record
from connectors.jira.parse import parse_issue
from connectors.jira.statuses import Statuses
from connectors.mailbox.parse import parse_mail
from connectors.records import set_aside
from connectors.slack.parse import parse_message
from connectors.text import from_adf, from_html, from_mail
from connectors.times import ImplausibleTime, read_time
from leeway import logs
from tests.connectors.issues import issue

ANN = {"accountId": "u1", "displayName": "Ann"}
STATES = {"1": "new", "3": "indeterminate", "5": "done"}
AT = datetime(2026, 7, 1, 10, tzinfo=UTC)


def change(id_: str, hour: int, field: str, old: str | None, new: str | None, **more: Any) -> dict[str, Any]:
    items = [{"field": field, "fieldtype": "jira", "from": old, "to": new, **more.pop("item", {})}]
    return {"id": id_, "created": f"2026-07-01T{hour}:00:00.000+0000", "author": ANN, "items": items} | more


def begin(**fields: Any) -> dict[str, Any]:
    return dict(parse_issue(issue(**fields), STATES)[1][0].detail)


# Jira


def test_an_issue_created_in_progress_and_never_moved_was_in_progress_from_the_beginning_jirametrics_44() -> None:
    assert begin(assignee=ANN) == {"state": State.DOING, "assignee": "u1"}


def test_the_first_value_is_what_the_first_change_came_from_jirametrics_44() -> None:
    """Newest first, as some instances list them."""
    changelog = [
        change("2", 13, "status", "3", "5"),
        change("1", 12, "assignee", "u2", "u1"),
        change("0", 11, "status", "1", "3"),
    ]
    assert begin(changelog=changelog, status={"id": "5", "name": "Done"}, assignee=ANN) == {
        "state": State.TODO,
        "assignee": "u2",
    }


def test_a_status_that_no_list_has_any_more_is_unknown_and_not_to_do_tap_jira_50() -> None:
    _, signals, _ = parse_issue(issue(changelog=[change("0", 11, "status", "77", "5")]), STATES)
    assert dict(signals[1].detail) == {"from": State.UNKNOWN, "to": State.DONE}
    assert signals[0].detail["state"] == State.UNKNOWN


class Asked:
    """A Jira that knows these statuses, as JSON."""

    def __init__(self, *statuses: dict[str, Any]) -> None:
        self.statuses = list(statuses)

    def get(self, path: str) -> Any:
        if path == "status":
            return self.statuses
        found = [one for one in self.statuses if one["id"] == path.partition("/")[2]]
        if not found:
            raise NotFound("jira", "no such status")
        return found[0]


def test_a_status_that_is_made_while_the_process_lives_is_known_from_the_next_pull_on_tap_jira_50() -> None:
    made = {"id": "9", "name": "Testing", "statusCategory": {"key": "indeterminate"}}
    jira: Any = Asked({"id": "1", "name": "To Do", "statusCategory": {"key": "new"}})
    statuses = Statuses(jira)
    moved = issue(changelog=[change("0", 11, "status", "1", "9")])
    assert statuses.of([moved])["9"] == State.UNKNOWN
    jira.statuses.append(made)
    statuses.expire()
    assert statuses.of([moved])["9"] == State.DOING
    jira.statuses = []
    statuses.expire()
    assert statuses.of([moved])["9"] == State.DOING  # what it meant is kept when it goes


def test_a_change_without_the_fields_id_is_known_by_its_name_jf_agent_110_devlake_7710() -> None:
    named = [{"field": "status", "fieldtype": "jira", "from": "1", "to": "3", "fromString": "A", "toString": "B"}]
    entry = {"id": "1", "created": "2026-07-01T12:00:00.000+0000", "author": ANN, "items": named}
    _, signals, _ = parse_issue(issue(changelog=[entry]), STATES)
    assert [(s.detail["from"], s.detail["to"]) for s in signals if s.kind == "transition"] == [("new", "indeterminate")]


def test_two_changes_of_one_field_in_one_entry_are_two_devlake_9057() -> None:
    items = [
        {"field": "status", "fieldtype": "jira", "from": "1", "to": "3"},
        {"field": "status", "fieldtype": "jira", "from": "3", "to": "5"},
    ]
    _, signals, _ = parse_issue(issue(changelog=[change("0", 11, "status", "1", "3") | {"items": items}]), STATES)
    assert [(s.external_id, s.detail["to"]) for s in signals[1:]] == [
        ("change:0:0", "indeterminate"),
        ("change:0:1", "done"),
    ]


def test_entries_of_one_second_are_all_kept_and_in_order_badoo_jira_client_14() -> None:
    changelog = [change("1", 11, "status", "3", "5"), change("0", 11, "status", "1", "3")]
    _, signals, _ = parse_issue(issue(changelog=changelog), STATES)
    assert {s.external_id for s in signals[1:]} == {"change:0:0", "change:1:0"}


def test_a_custom_field_that_is_called_status_is_no_status() -> None:
    changelog = [change("0", 11, "status", "1", "5", item={"fieldtype": "custom"})]
    assert len(parse_issue(issue(changelog=changelog), STATES)[1]) == 1


@pytest.mark.parametrize(
    ("type_", "kind"),
    [
        ({"name": "Epos", "hierarchyLevel": 1}, ItemKind.EPIC),
        ({"name": "Initiative", "hierarchyLevel": 2}, ItemKind.EPIC),
        ({"name": "Epic", "hierarchyLevel": 0}, ItemKind.ISSUE),
        ({"name": "Epic"}, ItemKind.EPIC),
        ({"name": "Teilaufgabe", "hierarchyLevel": -1}, ItemKind.SUBTASK),
        ({"name": "Bug", "hierarchyLevel": 0}, ItemKind.BUG),
        ({"name": "Fehler", "hierarchyLevel": 0}, ItemKind.ISSUE),
        ({"name": "Sub-task", "subtask": True}, ItemKind.SUBTASK),
    ],
)
def test_a_type_is_known_by_its_level_and_not_by_its_name_quality_time_9101(type_: Any, kind: ItemKind) -> None:
    assert parse_issue(issue(issuetype=type_), STATES)[0].kind == kind


@pytest.mark.parametrize(
    "started", ["0026-07-14T09:30:00.000+0200", "51502-01-01T00:00:00.000+0000", "9999-12-31T23:59:59.000-1200"]
)
def test_a_worklog_beyond_belief_costs_that_worklog_and_not_the_issue_tap_jira_pr_87(started: str) -> None:
    good = {"id": "1", "started": "2026-07-01T10:00:00.000+0000", "timeSpentSeconds": 3600, "author": ANN}
    logs = {"worklogs": [good, good | {"id": "2", "started": started}]}
    broken: list[str] = []
    _, signals, _ = parse_issue(issue(worklog=logs), STATES, broken=broken)
    assert [s.external_id for s in signals] == ["issue:7:created", "worklog:1"]
    assert len(broken) == 1
    assert broken[0].startswith("worklog 2: ")


GOOD = {"id": "1", "started": "2026-07-01T10:00:00.000+0000", "timeSpentSeconds": 3600, "author": ANN}
SAID = {"id": "1", "created": "2026-07-01T10:00:00.000+0000", "body": "Done.", "author": ANN}


@pytest.mark.parametrize(
    ("part", "good", "odd"),
    [
        ("worklog", GOOD, {"timeSpentSeconds": -3600}),
        ("worklog", GOOD, {"timeSpentSeconds": None}),
        ("worklog", GOOD, {"started": None}),
        ("comment", SAID, {"created": ""}),
        ("comment", SAID, {"created": "yesterday"}),
    ],
)
def test_what_cannot_be_read_costs_itself_and_not_its_issue_jira_miner_1_tap_jira_50(
    part: str, good: dict[str, Any], odd: dict[str, Any]
) -> None:
    broken: list[str] = []
    given = {
        part: {f"{part}s": [good, good | odd | {"id": "2"}, good | {"id": "3", "author": {"displayName": "Was"}}, None]}
    }
    _, signals, _ = parse_issue(issue(**given), STATES, broken=broken)
    accounts = [(s.external_id, s.account) for s in signals[1:]]
    assert accounts == [(f"{part}:1", "u1"), (f"{part}:3", None)]
    assert [one.partition(":")[0] for one in broken] == [f"{part} 2", f"{part} ?"]


def test_a_change_that_cannot_be_read_costs_itself_and_the_others_fill_their_fields() -> None:
    history = [change("0", 11, "status", "1", "5") | {"created": "0026-07-14T09:30:00.000+0200"}]
    history += [{"id": "7", "created": "2026-07-02T10:00:00.000+0000", "items": [{"field": "Tests", "to": "x"}]}, {}]
    broken: list[str] = []
    fields = {"customfield_1": "Tests"}
    _, signals, _ = parse_issue(issue(changelog=history), STATES, broken=broken, fields=fields)
    assert [s.external_id for s in signals] == ["issue:7:created", "field:7:0"]
    assert len(broken) == 2


def test_a_change_that_nobody_made_is_read_splunk_jira_34() -> None:
    anonymous = change("0", 11, "status", "1", "3")
    del anonymous["author"]
    _, signals, _ = parse_issue(issue(changelog=[anonymous]), STATES)
    assert (signals[1].kind, signals[1].account) == ("transition", None)


@pytest.mark.parametrize(
    ("started", "hours", "told", "at"),
    [
        ("2026-07-06T09:00", 40, "2026-07-10T17:00", "2026-07-10T09:00"),  # Monday to Friday, told on Friday
        ("2026-07-09T09:00", 24, "2026-07-13T17:00", "2026-07-13T09:00"),  # over a weekend
        ("2026-07-06T09:00", 40, "2026-07-08T12:00", "2026-07-08T12:00"),  # not after it was told
        ("2026-07-10T16:00", 40, "2026-07-10T16:05", "2026-07-10T16:00"),  # Jira's own suggestion: now
        ("2026-07-06T09:00", 8, "2026-07-10T17:00", "2026-07-06T09:00"),  # a day is where it began
    ],
)
def test_work_of_several_days_that_is_told_later_is_dated_when_it_ended_jira_timetracker_133(
    started: str, hours: int, told: str, at: str
) -> None:
    log = {"id": "1", "author": ANN, "timeSpentSeconds": hours * 3600, "comment": None}
    log |= {"started": f"{started}:00.000+0000", "created": f"{told}:00.000+0000"}
    signal = parse_issue(issue(worklog={"worklogs": [log]}), STATES)[1][1]
    assert (signal.at, signal.hours) == (datetime.fromisoformat(f"{at}+00:00"), hours)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, ["1"]),
        ({"created": "2026-07-01T10:00:30.000+0000"}, ["1", "2"]),
        ({"comment": "and the tests"}, ["1", "2"]),
        ({"timeSpentSeconds": 1800}, ["1", "2"]),
        ({"created": None}, ["1", "2"]),
    ],
)
def test_a_worklog_that_a_tool_sent_twice_is_one_super_productivity_176(
    change: dict[str, Any], kept: list[str]
) -> None:
    first = {"id": "1", "author": {"name": "ann"}, "started": "2026-07-01T09:00:00.000+0000", "timeSpentSeconds": 3600}
    first |= {"created": "2026-07-01T10:00:00.000+0000", "comment": "the form"}
    second = first | {"id": "2", "created": "2026-07-01T10:00:01.000+0000"} | change
    signals = parse_issue(issue(worklog={"worklogs": [first, second]}), STATES)[1]
    assert [one.external_id for one in signals[1:]] == [f"worklog:{id_}" for id_ in kept]


def test_a_worklog_whose_author_has_only_a_name_is_read_jira_assistant_62() -> None:
    log = {"id": "1", "started": "2026-07-01T10:00:00.000+0000", "timeSpentSeconds": 3600, "author": {"name": "ann"}}
    assert parse_issue(issue(worklog={"worklogs": [log]}), STATES)[1][1].account == "ann"


def test_data_center_knows_people_by_key_in_histories_and_names_may_change_mcp_atlassian_1535() -> None:
    user = {"key": "JIRAUSER10002", "name": "ann", "displayName": "Ann"}
    changelog = [change("0", 11, "assignee", "JIRAUSER10001", "JIRAUSER10002", author=user)]
    item, signals, accounts = parse_issue(issue(changelog=changelog, assignee=user), STATES)
    assert item.assignee == signals[1].account == signals[1].detail["to"] == "JIRAUSER10002"
    assert signals[0].detail["assignee"] == "JIRAUSER10001"
    assert {account.external_id for account in accounts} == {"JIRAUSER10002"}


@pytest.mark.parametrize(
    "node",
    [
        {"type": "mediaInline", "attrs": {"id": "x"}},
        {"type": "extension", "attrs": {"extensionKey": "toc"}},
        {"type": "status"},
        {"type": None},
        {"attrs": None, "type": "mention"},
    ],
)
def test_a_node_that_is_in_no_description_of_the_format_costs_no_words_adf_tools_8_and_17(node: Any) -> None:
    text = {"type": "paragraph", "content": [node, {"type": "text", "text": "Ship it"}]}
    assert "Ship it" in from_adf({"type": "doc", "content": [text]})


def test_a_description_that_is_a_string_is_read_php_jiracloud_84() -> None:
    assert from_adf("line one\r\nline two") == "line one\nline two"


@pytest.mark.parametrize(
    "text", ["0026-01-01T00:00:00+00:00", "51502-03-01T00:00:00+00:00", "1899-12-30T00:00:00+00:00"]
)
def test_a_date_years_off_is_said_to_be_one_tap_jira_pr_87(text: str) -> None:
    with pytest.raises(ImplausibleTime, match="correct it"):
        read_time(text)
    with pytest.raises(ImplausibleTime):
        read_time((datetime.now(UTC) + timedelta(days=800)).isoformat())


def test_wiki_markup_of_data_center_is_read_as_words_testplanit_494() -> None:
    markup = "h2. Plan\r\n* *Ship* it with [~ann]\r\n"
    markup += "{code:java}\nint x;\n{code}\n[the plan|https://x.example/browse/PAY-12] !a.png!"
    assert from_adf(markup) == "Plan\nShip it with @someone\nthe plan PAY-12"


# Slack


@pytest.mark.parametrize(
    "subtype",
    [
        "channel_convert_to_private",
        "channel_posting_permissions",
        "bot_add",
        "bot_remove",
        "app_conversation_join",
        "sh_room_created",
        "huddle_thread",
        "channel_canvas_updated",
        "document_mention",
        "reminder_add",
        "pinned_item",
        "ekm_access_denied",
        "group_archive",
        "assistant_app_thread",
        "joiner_notification_for_inviter",
        "a_notice_of_next_year",
    ],
)
def test_a_notice_is_nobodys_work_also_one_that_slack_has_yet_to_invent_posthog_68949(subtype: str) -> None:
    message = {"ts": "1782000000.000100", "user": "U1", "subtype": subtype, "text": "words of Slack's own"}
    assert parse_message(message, "a", "C1") == (None, None)


@pytest.mark.parametrize(
    "subtype", ["huddle_thread", "channel_canvas_updated", "file_comment", "tombstone", "sh_room_created"]
)
def test_people_answer_below_a_huddle_and_their_words_hang_on_something_slack_morphism_283(subtype: str) -> None:
    root = {
        "ts": "1782000000.000100",
        "subtype": subtype,
        "text": "A huddle started",
        "thread_ts": "1782000000.000100",
        "reply_count": 2,
    }
    item, signal = parse_message(root, "a", "C1")
    _, reply = parse_message(
        {"ts": "1782000001.000100", "thread_ts": root["ts"], "user": "U1", "text": "yes"}, "a", "C1"
    )
    assert item is not None
    assert reply is not None
    assert reply.item == item.external_id
    assert signal is None
    assert item.text is None


def test_a_forwarded_message_is_read_hermes_agent_96384() -> None:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": "The launch slips"}]}
    shared = {
        "is_msg_unfurl": True,
        "is_share": True,
        "author_name": "Kim",
        "fallback": "[July 1st] Kim: The launch slips",
        "message_blocks": [
            {
                "team": "T1",
                "channel": "C2",
                "ts": "1.0",
                "message": {"blocks": [{"type": "rich_text", "elements": [section]}]},
            }
        ],
    }
    _, alone = parse_message({"ts": "1782000000.000100", "user": "U1", "text": "", "attachments": [shared]}, "a", "C1")
    _, noted = parse_message(
        {"ts": "1782000000.000100", "user": "U1", "text": "see:", "attachments": [shared]}, "a", "C1"
    )
    assert alone is not None
    assert noted is not None
    assert (alone.text, noted.text) == ("The launch slips", "see:\nThe launch slips")


def test_a_links_preview_is_not_what_the_person_said_but_all_that_an_app_said() -> None:
    preview = {"from_url": "https://x.example", "title": "Another site", "text": "its words"}
    _, person = parse_message(
        {"ts": "1782000000.000100", "user": "U1", "text": "look", "attachments": [preview]}, "a", "C1"
    )
    _, app = parse_message({"ts": "1782000000.000100", "bot_id": "B1", "text": "", "attachments": [preview]}, "a", "C1")
    assert person is not None
    assert app is not None
    assert (person.text, app.text) == ("look", "Another site\nits words")


@pytest.mark.parametrize(
    "attachments",
    [
        None,
        "x",
        [None],
        [{"message_blocks": None}],
        [{"message_blocks": [{"message": 3}]}],
        [{"is_share": True, "text": 5}],
    ],
)
def test_attachments_of_any_shape_cost_no_message(attachments: Any) -> None:
    message = {"ts": "1782000000.000100", "user": "U1", "text": "words", "attachments": attachments}
    _, signal = parse_message(message, "a", "C1")
    assert signal is not None
    assert signal.text == "words"


def said(**message: Any) -> str | None:
    _, signal = parse_message({"ts": "1782000000.000100", "user": "U1", **message}, "a", "C1")
    return signal.text if signal else None


BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Approve"}}
CELL = {
    "type": "rich_text",
    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "PAY-12"}]}],
}
TABLE = {
    "type": "table",
    "rows": [[{"type": "raw_text", "text": "What"}, CELL], [{"type": "raw_text", "text": "Who"}, None]],
}


@pytest.mark.parametrize(
    "message",
    [
        pytest.param({"text": "See", "blocks": [TABLE]}, id="openclaw_22452"),
        pytest.param(
            {"text": "See", "attachments": [{"fallback": "[no preview available]", "blocks": [TABLE]}]},
            id="hermes_agent_98946",
        ),
        pytest.param(
            {"text": "", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "See"}}, TABLE]},
            id="roomote_2818",
        ),
    ],
)
def test_a_table_that_was_pasted_is_what_the_person_said(message: dict[str, Any]) -> None:
    assert said(**message) == "See\nWhat PAY-12\nWho"


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (
            {
                "type": "section",
                "fields": [{"type": "mrkdwn", "text": "*Issue*"}, {"type": "mrkdwn", "text": "PAY-12"}],
            },
            "*Issue*\nPAY-12",
        ),
        (
            {
                "type": "context",
                "elements": [{"type": "plain_text", "text": "Deployed"}, {"type": "mrkdwn", "text": "PAY-12"}],
            },
            "Deployed\nPAY-12",
        ),
        (
            {"type": "section", "text": {"type": "mrkdwn", "text": "<https://x.example|plan> &amp; PAY-12"}},
            "plan & PAY-12",
        ),
        ({"type": "header", "text": {"type": "plain_text", "text": "PAY-12"}}, "PAY-12"),
        pytest.param(
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {"type": "usergroup", "usergroup_id": "S1"},
                            {"type": "text", "text": " in "},
                            {"type": "channel", "channel_id": "C2"},
                            {"type": "text", "text": ": PAY-12 by "},
                            {"type": "date", "timestamp": 1782000000, "format": "{date}", "fallback": "1 July"},
                        ],
                    }
                ],
            },
            "@someone in #channel: PAY-12 by 1 July",
            id="blockkit_116_slack_go_991",
        ),
        pytest.param(
            {
                "type": "container",
                "child_blocks": [
                    {"type": "section", "text": {"type": "plain_text", "text": "PAY-12"}},
                    {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "No"}}]},
                    {
                        "type": "context_actions",
                        "elements": [{"type": "icon_button", "text": {"type": "plain_text", "text": "No"}}],
                    },
                ],
            },
            "PAY-12",
            id="blockkit_125_act10ns_slack_270",
        ),
    ],
)
def test_words_that_stand_in_blocks_alone_are_read_and_apart_slack_mcp_server_190_eve_2478(
    block: Any, words: str
) -> None:
    for message in ({"blocks": [block]}, {"attachments": [{"blocks": [block], "fallback": "[no preview available]"}]}):
        _, signal = parse_message({"ts": "1782000000.000100", "user": "U1", "text": "", **message}, "a", "C1")
        assert signal is not None
        assert signal.text == words
        assert signal.mentions == ("PAY-12",)


@pytest.mark.parametrize("text", ["This content can't be displayed.", "New request", "", None])
def test_what_an_app_lays_out_is_what_it_says_and_not_what_a_notification_shows_slack_export_viewer_225_chatbot_561(
    text: str | None,
) -> None:
    body = {"type": "section", "text": {"type": "mrkdwn", "text": "PAY-12 cannot be opened"}}
    assert said(text=text, blocks=[{"type": "divider"}, body, {"type": "actions", "elements": [BUTTON]}]) == (
        "PAY-12 cannot be opened"
    )
    picture = [{"type": "image", "image_url": "https://x.example/1.png", "alt_text": "chart"}]
    assert said(text=text, blocks=picture) == (text or "").removeprefix("This content can't be displayed.")


def test_fields_of_an_attachment_are_read_and_no_preview_is_no_word_hermes_agent_79051() -> None:
    fields = {"fields": [{"title": "Issue", "value": "PAY-12"}]}
    assert said(text="", attachments=[fields]) == "Issue\nPAY-12"
    assert said(text="", attachments=[{"fallback": "[no preview available]"}]) == ""


def test_a_workflow_that_posts_as_nobody_is_a_bots_dust_32697() -> None:
    message = {
        "ts": "1782000000.000100",
        "subtype": "bot_message",
        "bot_id": "B1",
        "username": "Stand-up",
        "text": "Morning",
    }
    item, _ = parse_message(message, "a", "C1")
    assert item is not None
    assert item.automated


def test_an_edited_message_is_one_and_has_its_new_words_airbyte_34096() -> None:
    edited = {"user": "U1", "ts": "1782000900.000000"}
    item, signal = parse_message(
        {"ts": "1782000000.000100", "user": "U1", "text": "as corrected", "edited": edited}, "a", "C1"
    )
    assert item is not None
    assert signal is not None
    assert (item.text, signal.external_id, signal.at.timestamp()) == (
        "as corrected",
        "C1:1782000000.000100",
        1782000000.0001,
    )


# HubSpot


def engaged(stream: str, **properties: Any) -> list[Any]:
    return list(
        parse_engagement(
            {"id": "5", "properties": {"hs_timestamp": "2026-07-09T10:00:00Z", **properties}}, stream, "d"
        )[1]
    )


def test_a_mail_that_a_sequence_sends_is_nobodys_work_pipedream_20822() -> None:
    """Who enrols three hundred contacts is at it for minutes; HubSpot sends the mails for weeks, in their name."""
    sent = {"hubspot_owner_id": "1", "hs_email_direction": "EMAIL", "hs_email_subject": "Hello"}
    assert [s.account for s in engaged("emails", **sent, hs_sequence_id="77")] == [None]
    assert [s.account for s in engaged("emails", **sent, hs_sequence_id=None)] == ["1"]


@pytest.mark.parametrize("status", ["NOT_STARTED", "IN_PROGRESS", "WAITING", "DEFERRED", None])
def test_an_open_task_is_no_work_on_its_due_date(status: str | None) -> None:
    assert engaged("tasks", hs_task_status=status, hubspot_owner_id="1") == []


def test_a_task_is_work_on_the_day_it_was_done() -> None:
    done = engaged("tasks", hs_task_status="COMPLETED", hs_task_completion_date="2026-07-03T15:00:00Z")
    assert [signal.at.day for signal in done] == [3]


@pytest.mark.parametrize("outcome", ["CANCELED", "NO_SHOW", "RESCHEDULED"])
def test_a_meeting_that_was_not_held_is_nobodys_time(outcome: str) -> None:
    times = {"hs_meeting_start_time": "2026-07-01T10:00:00Z", "hs_meeting_end_time": "2026-07-01T11:00:00Z"}
    assert engaged("meetings", hs_meeting_outcome=outcome, hs_attendee_owner_ids="1;2", **times) == []
    assert len(engaged("meetings", hs_meeting_outcome="COMPLETED", hs_attendee_owner_ids="1;2", **times)) == 2


def test_a_call_that_nobody_took_is_none_but_one_with_a_duration_is_clairvoyance_523() -> None:
    assert engaged("calls", hs_call_status="NO_ANSWER") == []
    assert engaged("calls", hs_call_status="NO_ANSWER", hs_call_duration="0") == []
    assert [one.hours for one in engaged("calls", hs_call_status="COMPLETED", hs_call_duration="0")] == [None]
    assert len(engaged("calls", hs_call_status="NO_ANSWER", hs_call_duration="60000")) == 1


def test_a_partial_answer_names_who_is_not_there_and_who_only_failed_hubspot_api_php_619() -> None:
    errors = [
        {"category": "OBJECT_NOT_FOUND", "context": {"ids": ["1", "2"]}},
        {"category": "RATE_LIMITS", "context": {"ids": ["3"]}},
        {"category": "INTERNAL_ERROR"},
        None,
    ]
    assert not_found({"results": [], "errors": errors}) == {"1", "2"}
    assert not_found({"status": "COMPLETE"}) == set()


def test_a_pipeline_that_nobody_named_sets_a_deal_aside_and_does_not_unlist_it() -> None:
    deal = {"id": "1", "properties": {"pipeline": "9", "dealstage": "x", "dealname": "n"}}
    with pytest.raises(ValueError, match="'9'"):
        parse_record(deal, "deals", {}, ["Sales"])


def test_a_note_keeps_what_stands_below_a_row_of_dashes_email_reply_parser_41() -> None:
    note = "<p>Agenda</p><p>--</p><p>Budget</p><p>______</p><p>Hiring</p><blockquote>quoted by us</blockquote>"
    assert from_html(note, mail=False) == "Agenda\n--\nBudget\n______\nHiring\nquoted by us"


# Mail


def mail(subject: str = "Order", body: bytes = b"words", date: str | None = None, **headers: str) -> MailMessage:
    lines = [f"Subject: {subject}", "From: Selma Oz <selma.oz@velora.example>", "Message-ID: <a@x.example>"]
    lines += [f"Date: {date if date is not None else format_datetime(AT)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return MailMessage.from_bytes("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


def read(message: MailMessage, received: datetime | None = None) -> Any:
    return parse_mail(message, "INBOX", {"velora.example"}, "support@velora.example", received)


@pytest.mark.parametrize("broken", ["=?utf-8?b?A?=", "=?utf-8?b?YWJjZ?=", "=?x-nobody?q?=ff?=", "=?undefined?b?SGk=?="])
def test_one_broken_encoded_word_costs_that_word_and_no_mail_hermes_agent_55381(broken: str) -> None:
    item, signal, _ = read(mail(f"{broken} PAY-12 fails"))
    assert "PAY-12" in item.mentions
    assert signal.text == "words"


@pytest.mark.parametrize("charset", ["bogus", "x-nope", "undefined", "idna", "base64", '""', "unicode_escape-x"])
def test_a_charset_that_the_sender_made_up_costs_no_word_messaging_daemon_6_hermes_agent_55383_imap_545(
    charset: str,
) -> None:
    message = mail(body="Grüße aus Köln".encode(), Content_Type=f"text/plain; charset={charset}")
    assert read(message)[1].text == "Grüße aus Köln"


@pytest.mark.parametrize(
    "date", ["", "soon", "32 Foo 2026", "Thu, 01 Jan 1970 00:00:00 +0000", "Wed, 01 Jul 2099 10:00:00 +0000"]
)
def test_a_mail_without_a_readable_date_has_the_one_it_arrived_at_bichon_157_mail_archiver_351(date: str) -> None:
    assert read(mail(date=date), AT)[1].at == AT
    with pytest.raises(ValueError, match="Date"):
        read(mail(date=date))


@pytest.mark.parametrize(
    ("date", "sent"),
    [
        pytest.param(
            "Tue, 30  Jun  2026 09:13:42 -0700", datetime(2026, 6, 30, 16, 13, 42, tzinfo=UTC), id="cyrus_2247"
        ),
        pytest.param(
            "Tue, 30 Jun 2026 14:40:57 +0200 (Mitteleurop\xe4ische Sommerzeit)",
            datetime(2026, 6, 30, 12, 40, 57, tzinfo=UTC),
            id="mimekit_179",
        ),
        pytest.param("fre, 29 maj 2026 21:47:11 +0200 (CEST)", AT, id="sup_252"),
        pytest.param("Di, 26 Mai 2026 12:31:00 0200", AT, id="sup_252_german"),
        pytest.param("jue jun 25 13:55:12 2026", AT, id="apple_mail_mcp_226"),
        pytest.param("Wed, 01 Jul 2026 27:99:00 +0200", AT, id="email_mcp_32"),
        pytest.param("Fri, 01 Jan 2027 10:00:00 +0000", AT, id="apple_mail_mcp_235"),
        pytest.param(
            "Thu, 02 Jul 2026 09:00:00 +0000", datetime(2026, 7, 2, 9, tzinfo=UTC), id="a_clock_that_is_ahead"
        ),
    ],
)
def test_a_mail_counts_when_it_was_sent_and_else_when_it_arrived(date: str, sent: datetime) -> None:
    """Dates in other languages are no dates, and nobody sends a mail after it arrived."""
    assert read(mail(date=date), AT)[1].at == sent


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; x=1"},
        {"X_Autoreply": "yes"},
        {"X_Autorespond": "Gone"},
        {"Precedence": "auto_reply"},
        {"X_Precedence": "auto_reply"},
        {"Return_Path": "<>"},
        {"X_POST_MessageClass": "9; Autoresponder"},
        {"Preference": "auto_reply"},
        {"X_Mail_Autoreply": "1"},
    ],
)
def test_an_absence_note_is_nobodys_work_under_any_of_its_headers_munin_921_bileto_815(headers: dict[str, str]) -> None:
    item, signal, account = read(mail("I am away", **headers))
    assert (account, signal.account, signal.text, item.automated) == (None, None, "", True)


@pytest.mark.parametrize(
    "subject",
    [
        "Automatic reply: Order",
        "Automatische Antwort: Bestellung",
        "Out of Office: back Monday",
        "Réponse automatique : Commande",
    ],
)
def test_an_absence_note_without_a_header_is_known_by_its_subject(subject: str) -> None:
    encoded = mail().obj
    encoded.replace_header("Subject", subject)
    assert read(MailMessage.from_bytes(encoded.as_bytes()))[1].account is None


def test_a_colleagues_mail_through_a_list_is_work() -> None:
    assert read(mail(Precedence="list", Auto_Submitted="no"))[1].account == "selma.oz@velora.example"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Plan:\n-----\nShip Friday.\n_____\nTest Monday.", "Plan:\n-----\nShip Friday.\n_____\nTest Monday."),
        ("Yes.\n\n-- \nKim", "Yes."),
        ("Yes.\n________________________________\nFrom: Kim <k@c.example>\nSent: Monday\n\nold", "Yes."),
    ],
)
def test_only_two_dashes_are_a_signature_email_reply_parser_41(text: str, kept: str) -> None:
    assert from_mail(text) == kept


def test_a_time_that_is_an_empty_string_is_none_airbyte_5555() -> None:
    call = {
        "id": "5",
        "properties": {"hs_timestamp": "", "hs_createdate": "2026-07-09T10:00:00Z", "hs_call_duration": ""},
    }
    assert [signal.hours for signal in parse_engagement(call, "calls", "deals:1")[1]] == [None]


@pytest.mark.parametrize("json", [False, True])
def test_a_traceback_in_the_log_shows_no_value_of_a_variable(json: bool, capfd: pytest.CaptureFixture[str]) -> None:
    logs.set_up(json=json)
    token = "sekret" + "-token"
    try:
        raise ZeroDivisionError
    except ZeroDivisionError as error:
        set_aside("slack", "channel a", "1/1", error)
    finally:
        logs.set_up()
    said = capfd.readouterr().err
    assert "ZeroDivisionError" in said
    assert token not in said

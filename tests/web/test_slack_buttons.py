"""The alert's buttons: true, forged, old and replayed requests; what each press does, over HTTP through slack-bolt."""

import json
import time
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi.testclient import TestClient
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from sqlalchemy import select

from alerts.delivery import notify
from alerts.view import Terms
from alerts.words import day
from leeway.app import App
from leeway.channels import channels
from models import Decision, Drift, Label, Notification
from simulator.api.slack_rows import options_in
from simulator.server import Simulator
from web.app import make
from web.modals import LATE
from web.slack import _choices

BODY = {
    "type": "block_actions",
    "user": {"id": "U00000001"},
    "channel": {"id": "C00000001"},
    "team": {"id": "T00000001"},
    "trigger_id": "1.2",
    "api_app_id": "A1",
}


@pytest.fixture
def client(slack_app: App) -> TestClient:
    with slack_app.sessions.begin() as session:
        for drift in session.scalars(select(Drift)):
            place = {"channel": "leadership", "ts": f"1900000000.00000{drift.id}"}
            session.add(Notification(drift_id=drift.id, channel="slack", reference=place, sent_at=slack_app.now()))
    return TestClient(make(slack_app))


def press(client: TestClient, payload: dict[str, Any], *, secret: str = "s3cret", at: float | None = None) -> int:
    return answered(client, payload, secret, at).status_code


def answered(
    client: TestClient, payload: dict[str, Any], secret: str = "s3cret", at: float | None = None
) -> httpx.Response:
    body = urlencode({"payload": json.dumps(payload)})
    stamp = str(int(at or time.time()))
    signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)
    headers = {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature or "",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return client.post("/slack/interactions", content=body, headers=headers)


def sent(view: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The answer of somebody who filled a modal in."""
    return BODY | {"type": "view_submission", "view": view | {"id": "V9", "state": {"values": values}}}


def action(kind: str, drift: int = 1, ts: str = "1.0") -> dict[str, Any]:
    return BODY | {
        "actions": [{"action_id": kind, "block_id": "b", "value": str(drift), "action_ts": ts, "type": "button"}]
    }


def state(app: App, drift: int = 1) -> str:
    with app.sessions() as session:
        return session.get_one(Drift, drift).state


@pytest.mark.parametrize(("secret", "age"), [("another", 0), ("s3cret", 400)])
def test_forged_and_old_requests_change_nothing(client: TestClient, slack_app: App, secret: str, age: int) -> None:
    assert press(client, action("intended"), secret=secret, at=time.time() - age) == 401
    assert state(slack_app) == "raised"


def test_an_intended_press_ends_the_alert_once_however_often_it_is_replayed(
    client: TestClient, slack_app: App, company: Simulator
) -> None:
    for _ in range(3):
        assert press(client, action("intended")) == 200
    assert state(slack_app) == "intended"
    with slack_app.sessions() as session:
        assert [(d.kind, d.by) for d in session.scalars(select(Decision))] == [("intended", "slack:U00000001")]
    posts = [p for p in company.world.posted if p.get("thread_ts")]
    assert [p["thread_ts"] for p in posts] == ["1900000000.000001"]
    assert posts[0]["text"].startswith("<@U00000001>: Noted as planned.")  # a record of decisions needs who decided
    assert "new normal" in posts[0]["text"]
    _, register = slack_app.register()
    notify(slack_app.sessions, register, channels(slack_app), Terms(), slack_app.now)
    assert len([p for p in company.world.posted if p.get("thread_ts")]) == 1  # delivery does not say it again


@pytest.mark.parametrize("kind", ["intended", "snoozed", "labels", "assign"])
def test_a_press_below_a_message_of_before_a_restored_backup_decides_about_no_other_finding(
    client: TestClient, slack_app: App, company: Simulator, kind: str
) -> None:
    own, other = ({"message": {"ts": f"19000000{n}0.000001"}} for n in (0, 5))
    assert press(client, action(kind) | other) == 200
    assert state(slack_app) == "raised"
    assert company.slack.views == []
    assert "predates the restore of a backup" in company.slack.whispered[0]["text"]
    assert press(client, action(kind) | own) == 200
    assert len(company.slack.whispered) == 1


def test_a_snooze_ends_after_two_weeks(client: TestClient, slack_app: App, company: Simulator) -> None:
    from pipeline.feedback.decisions import wake_snoozed

    press(client, action("snoozed"))
    assert state(slack_app) == "snoozed"
    with slack_app.sessions.begin() as session:
        until = session.get_one(Drift, 1).snoozed_until
        assert until is not None
        said = (
            f"<@U00000001>: It is asked again on {day(until)}, if it still holds then."  # kibana #134725: until when?
        )
        assert company.world.posted[-1]["text"] == said
        wake_snoozed(session, until.replace(day=until.day - 1))
    assert state(slack_app) == "snoozed"
    with slack_app.sessions.begin() as session:
        wake_snoozed(session, until)
    assert state(slack_app) == "raised"


def test_a_press_on_an_alert_that_is_over_is_told_to_who_pressed(
    client: TestClient, slack_app: App, company: Simulator
) -> None:
    press(client, action("intended", ts="1.0"))
    assert press(client, action("snoozed", ts="2.0")) == 200
    assert "This finding is over already: planned." in company.slack.whispered[0]["text"]


def test_the_modal_lists_items_and_keeps_the_labels(client: TestClient, slack_app: App, company: Simulator) -> None:
    assert press(client, action("labels")) == 200
    view = company.slack.views[0]
    assert 1 <= len(view["blocks"]) <= 10
    block = view["blocks"][0]["block_id"]
    chosen = {"selected_option": {"value": "O3.1"}}
    payload = BODY | {
        "type": "view_submission",
        "view": view | {"id": "V1", "state": {"values": {block: {"key_result": chosen}}}},
    }
    assert press(client, payload) == 200
    with slack_app.sessions() as session:
        assert [(row.key_result, row.origin) for row in session.scalars(select(Label))] == [("O3.1", "slack")]
    assert company.world.posted[-1]["text"].startswith("<@U00000001>: Said what some of this work serves.")


@pytest.mark.parametrize("kind", ["labels", "assign"])
def test_a_window_that_came_too_late_says_so(  # bolt-python #434, java-slack-sdk #1439
    client: TestClient, slack_app: App, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    told: list[str] = []

    def expired(self: WebClient, **given: Any) -> None:
        raise SlackApiError("no", {"ok": False, "error": "expired_trigger_id"})

    monkeypatch.setattr(WebClient, "views_open", expired)
    monkeypatch.setattr(WebClient, "chat_postEphemeral", lambda self, **given: told.append(given["text"]))
    assert press(client, action(kind)) == 200
    assert told == [LATE]


def test_a_decision_is_assigned_and_said_in_the_thread(client: TestClient, slack_app: App, company: Simulator) -> None:
    press(client, action("assign"))
    view = company.slack.views[0]
    values = {"who": {"who": {"selected_user": "U00000007"}}, "when": {"when": {"selected_date": "2026-07-20"}}}
    payload = BODY | {"type": "view_submission", "view": view | {"id": "V9", "state": {"values": values}}}
    assert press(client, payload) == 200
    assert company.world.posted[-1]["text"] == "<@U00000001>: <@U00000007> decides by 20 July."
    assert state(slack_app) == "raised"


def test_what_a_modal_could_not_keep_stands_in_it(client: TestClient, slack_app: App, company: Simulator) -> None:
    press(client, action("labels"))
    view = company.slack.views[0]
    first, second = (block["block_id"] for block in view["blocks"][:2])
    gone, known = ({"key_result": {"selected_option": {"value": key}}} for key in ("O9.9", "O3.1"))
    said = answered(client, sent(view, {first: gone, second: known})).json()
    assert said["response_action"] == "errors"
    assert list(said["errors"]) == [first]
    assert "no key result 'O9.9'" in said["errors"][first]
    with slack_app.sessions() as session:
        assert [row.key_result for row in session.scalars(select(Label))] == ["O3.1"]


def test_who_decides_is_refused_in_the_modal_for_a_day_that_is_over_and_a_finding_that_is(
    client: TestClient, slack_app: App, company: Simulator
) -> None:
    press(client, action("assign"))
    view = company.slack.views[0]

    def until(day: str) -> dict[str, Any]:
        values = {"who": {"who": {"selected_user": "U00000007"}}, "when": {"when": {"selected_date": day}}}
        found: dict[str, Any] = answered(client, sent(view, values)).json()
        return found

    assert "is past" in until("2026-07-09")["errors"]["when"]
    press(client, action("intended"))
    assert "This finding is over already: planned." in until("2026-07-20")["errors"]["who"]
    with slack_app.sessions() as session:
        assert [one.kind for one in session.scalars(select(Decision))] == ["intended"]


def test_a_decision_that_cannot_be_said_in_its_thread_is_kept_and_no_error(
    client: TestClient, slack_app: App, company: Simulator
) -> None:
    company.slack.archived.add("leadership")
    assert press(client, action("intended")) == 200
    assert state(slack_app) == "intended"


def test_every_key_result_can_be_chosen_however_many_there_are(
    client: TestClient, slack_app: App, company: Simulator
) -> None:
    _, register = slack_app.register()
    many = [
        one.model_copy(
            update={
                "key": f"X{n}",
                "key_results": [one.key_results[0].model_copy(update={"key": f"X{n}.{m}"}) for m in range(4)],
            }
        )
        for n in range(40)
        for one in register.objectives[:1]
    ]
    given = _choices(register.model_copy(update={"objectives": many}))
    keys = [option["value"] for group in given["option_groups"] for option in group["options"]]
    assert keys == ["-", *(f"X{n}.{m}" for n in range(40) for m in range(4))]
    assert all(1 <= n <= 100 for n in options_in(given))

"""The alert's buttons, through slack-bolt: over HTTP with Slack's signature checked, or through Socket Mode.

Bolt refuses a request whose signature is wrong or older than five minutes. One that is replayed within them names the
same press, which is kept once.
"""

import threading
from datetime import datetime
from typing import Any

import structlog
from fastapi import FastAPI, Request
from slack_bolt import App as Bolt
from slack_bolt.adapter.fastapi import SlackRequestHandler
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from sqlalchemy import ColumnElement, select, update

from alerts.block_kit import plain_text
from alerts.channel import DeliveryError
from alerts.slack_channel import CHANNEL, call
from alerts.view import taken_as
from alerts.words import sentence
from connectors.slack.client import vendor
from leeway.app import App
from models import Drift, Notification
from pipeline.feedback.decisions import DecisionError, decide, label
from pipeline.register.document import Register
from pipeline.register.ended import local_day
from web import data
from web.interview import InterviewButtons
from web.modals import answer_modal, open_modal
from web.pulse import PulseButtons

log = structlog.get_logger()
MOST_ITEMS, MOST_OPTIONS, LONGEST_OPTION = 10, 100, 75
NONE = "-"
LABELLED = (
    "Said what some of this work serves. It counts from the next cycle; where the shares change, it is said here."
)
ANOTHER = (
    "This message predates the restore of a backup: nothing was saved, since its number now belongs to another "
    "finding. Decide below the latest message, or on the page."
)


def bolt_for(app: App) -> Bolt | None:
    """The bolt app with its listeners; None where neither a signing secret nor an app token is set."""
    slack = app.settings.slack
    if slack is None or not (slack.signing_secret.get_secret_value() or slack.app_token.get_secret_value()):
        return None
    token = slack.token.get_secret_value()
    client = vendor(None, slack.api_url.rstrip("/") + "/")  # the token comes with each authorization
    bolt = Bolt(
        signing_secret=slack.signing_secret.get_secret_value() or "unset-so-that-nothing-passes",
        client=client,
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id=None, bot_token=token),
        process_before_response=True,
    )
    Buttons(app).listen(bolt)
    PulseButtons(app).listen(bolt)
    InterviewButtons(app).listen(bolt)
    return bolt


def add_slack(web: FastAPI, app: App) -> None:
    """The endpoint that Slack calls: set it as the app's Request URL under Interactivity."""
    slack = app.settings.slack
    if slack is None or not slack.signing_secret.get_secret_value():
        return
    bolt = bolt_for(app)
    assert bolt is not None  # noqa: S101 - a signing secret is set
    handler = SlackRequestHandler(bolt)

    @web.post("/slack/interactions", include_in_schema=False)
    async def interactions(request: Request) -> Any:
        return await handler.handle(request)


def start_socket_mode(app: App) -> None:
    """Listen in the background where an app token is set: needs no address that Slack can reach."""
    slack = app.settings.slack
    if slack is None or not slack.app_token.get_secret_value():
        return
    from slack_bolt.adapter.socket_mode import SocketModeHandler

    bolt = bolt_for(app)
    assert bolt is not None  # noqa: S101 - an app token is set
    handler = SocketModeHandler(bolt, slack.app_token.get_secret_value())
    threading.Thread(target=handler.connect, daemon=True).start()


class Buttons:
    """What each press does."""

    def __init__(self, app: App) -> None:
        self.app = app

    def listen(self, bolt: Bolt) -> None:
        """Register the listeners."""
        bolt.action("weeks")(self.seen)
        bolt.action("intended")(self.decided)
        bolt.action("snoozed")(self.decided)
        bolt.action("labels")(self.ask_labels)
        bolt.action("assign")(self.ask_whom)
        bolt.view("labels")(self.keep_labels)
        bolt.view("assign")(self.keep_whom)

    def seen(self, ack: Any) -> None:
        """A link button tells us too; nothing to do."""
        ack()

    def decided(self, ack: Any, body: dict[str, Any], action: dict[str, Any], client: WebClient) -> None:
        """Intended, or snoozed."""
        ack()
        kind, drift = str(action["action_id"]), int(action["value"])
        if self._is_of_another(drift, body, client):
            return
        nonce = f"slack-{drift}-{kind}-{body['user']['id']}-{action.get('action_ts', '')}"
        try:
            taken = decide(self.app.sessions, drift, kind, f"slack:{body['user']['id']}", nonce, self.app.now())
        except DecisionError as error:
            client.chat_postEphemeral(channel=body["channel"]["id"], user=body["user"]["id"], text=sentence(str(error)))
            return
        if taken.new:
            with self.app.sessions() as session:
                row = session.get(Drift, drift)
            said = taken_as(kind, row) if row else ""
            self._in_thread(client, drift, f"<@{body['user']['id']}>: {said}", kind)

    def ask_labels(self, ack: Any, body: dict[str, Any], action: dict[str, Any], client: WebClient) -> None:
        """Open a modal with up to ten items that took the place, each to be given its key result."""
        ack()
        drift_id = int(action["value"])
        if self._is_of_another(drift_id, body, client):
            return
        version, register = self.app.register()
        with self.app.sessions() as session:
            drift = session.get(Drift, drift_id)
            items = data.examples(session, drift)[:MOST_ITEMS] if drift else []
        blocks = [
            {
                "type": "input",
                "block_id": f"item-{item['id']}",
                "optional": True,
                "label": plain_text(_label(item)),
                "element": {
                    "type": "static_select",
                    "action_id": "key_result",
                    **_choices(register),
                    "placeholder": plain_text("What does it serve?"),
                },
            }
            for item in items
        ]
        if not blocks:
            blocks = [{"type": "section", "text": plain_text("There is nothing to label here now.")}]
        view = {
            "type": "modal",
            "callback_id": "labels",
            "title": plain_text("What do these serve?"),
            "submit": plain_text("Keep"),
            "private_metadata": f"{version} {drift_id}",
            "blocks": blocks,
        }
        open_modal(client, body, view)

    def keep_labels(self, ack: Any, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
        """Keep what was chosen, and say so in the thread; the rest stays open. What could not be kept stands in the modal."""
        version, _ = self.app.register()
        plan, _, drift = str(view["private_metadata"]).partition(" ")
        now, seen, refused, kept = self.app.now(), int(plan), dict[str, str](), False
        for block, values in view["state"]["values"].items():
            chosen = (values.get("key_result") or {}).get("selected_option")
            if block.startswith("item-") and chosen:
                key = None if chosen["value"] == NONE else str(chosen["value"])
                try:
                    label(self.app.sessions, int(block.removeprefix("item-")), key, version, "slack", now, seen)
                    kept = True
                except DecisionError as error:
                    refused[block] = sentence(str(error))
        answer_modal(ack, refused)
        if kept and not refused and drift:
            self._in_thread(client, int(drift), f"<@{body['user']['id']}>: {LABELLED}")

    def ask_whom(self, ack: Any, body: dict[str, Any], action: dict[str, Any], client: WebClient) -> None:
        """Open a modal for who decides, and by when."""
        ack()
        if self._is_of_another(int(action["value"]), body, client):
            return
        view = {
            "type": "modal",
            "callback_id": "assign",
            "title": plain_text("Who decides?"),
            "submit": plain_text("Assign"),
            "private_metadata": str(action["value"]),
            "blocks": [
                {
                    "type": "input",
                    "block_id": "who",
                    "label": plain_text("Owner"),
                    "element": {"type": "users_select", "action_id": "who"},
                },
                {
                    "type": "input",
                    "block_id": "when",
                    "label": plain_text("By"),
                    "element": {"type": "datepicker", "action_id": "when"},
                },
            ],
        }
        open_modal(client, body, view)

    def keep_whom(self, ack: Any, body: dict[str, Any], view: dict[str, Any], client: WebClient) -> None:
        """Keep who decides by when; said in the thread, and again on the day."""
        values = view["state"]["values"]
        who, when = values["who"]["who"]["selected_user"], values["when"]["when"]["selected_date"]
        day = datetime.fromisoformat(when)
        if day.date() < local_day(self.app.register()[1], self.app.now()):
            answer_modal(ack, {"when": "This day is past. Choose today or a later day."})
            return
        drift, by = int(view["private_metadata"]), f"slack:{body['user']['id']}"
        try:
            nonce = f"slack-{view['id']}"
            taken = decide(self.app.sessions, drift, "assigned", by, nonce, self.app.now(), f"{who} {when}")
        except DecisionError as error:
            answer_modal(ack, {"who": sentence(str(error))})
            return
        answer_modal(ack, {})
        if taken.new:
            asked = f"<@{who}> decides by {day.day} {day:%B}."
            me = body["user"]["id"]
            self._in_thread(client, drift, asked if who == me else f"<@{me}>: {asked}")

    def _is_of_another(self, drift_id: int, body: dict[str, Any], client: WebClient) -> bool:
        """Whether the message that was pressed is not this finding's: after a backup was restored its number is another's."""
        pressed = (body.get("message") or {}).get("ts")
        with self.app.sessions() as session:
            place = session.scalar(select(Notification.reference).where(*_sent(drift_id)))
        if not place or not pressed or str(pressed) == str(place["ts"]):
            return False
        client.chat_postEphemeral(channel=body["channel"]["id"], user=body["user"]["id"], text=ANOTHER)
        return True

    def _in_thread(self, client: WebClient, drift_id: int, text: str, state: str = "") -> None:
        """Say it below the alert, and note the state that this says, so that delivery says it to the other places alone."""
        mine = _sent(drift_id)
        with self.app.sessions() as session:
            place = session.scalar(select(Notification.reference).where(*mine))
        if not place:
            return
        where = {"channel": place["channel"], "thread_ts": place["ts"]}
        try:
            # What ends an alert is seen by everybody here, as its button says: not in the thread alone.
            seen = {"reply_broadcast": True} if state == "intended" else {}
            call(client, "chat_postMessage", text=text, unfurl_links=False, **where, **seen)
            if state:
                with self.app.sessions.begin() as session:
                    session.execute(update(Notification).where(*mine).values(said_state=state))
        except DeliveryError as error:  # it is kept: an error here would have it pressed again
            log.warning("a decision was saved but could not be posted in its thread", reason=str(error))


def _sent(drift_id: int) -> tuple[ColumnElement[bool], ...]:
    """The finding's message in this channel."""
    return (
        Notification.drift_id == drift_id,
        Notification.channel == CHANNEL,
        Notification.sent_at.is_not(None),
    )


def _label(item: dict[str, Any]) -> str:
    """An item's name in a window, with what it belongs to."""
    of = f", part of {item['of']}" if item["of"] else ""
    return f"{item['key'] or ''} {item['name']}{of}".strip()[:150] or "An item"


def _choices(register: Register) -> dict[str, Any]:
    """None and every key result, for a list to choose from: by objective where they are more than fit into one."""
    none = _option("None of our key results", NONE)
    groups = [
        (o, [_option(f"{k.key} {k.title}", k.key) for k in o.key_results][:MOST_OPTIONS]) for o in register.objectives
    ]
    every = [none, *(one for _, some in groups for one in some)]
    if len(every) <= MOST_OPTIONS:
        return {"options": every}
    named = [(plain_text(f"{o.key} {o.title}"[:LONGEST_OPTION]), some) for o, some in groups if some]
    found = [{"label": label_, "options": some} for label_, some in [(none["text"], [none]), *named]]
    return {"option_groups": found[:MOST_OPTIONS]}


def _option(text: str, value: str) -> dict[str, Any]:
    return {"text": plain_text(text[:LONGEST_OPTION]), "value": value[:LONGEST_OPTION]}

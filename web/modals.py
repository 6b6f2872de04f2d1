"""Modals opened by a button in Slack."""

from typing import Any

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

LATE = "Slack waits three seconds for the window to open, and that was not enough. Nothing has changed; press the button again."
_EXPIRED = ("expired_trigger_id", "trigger_expired", "exchanged_trigger_id", "trigger_exchanged")


def open_modal(client: WebClient, body: dict[str, Any], view: dict[str, Any]) -> None:
    """Open it for the person who pressed. If it is too late, tell them: otherwise the button would seem dead."""
    try:
        client.views_open(trigger_id=body["trigger_id"], view=view)
    except SlackApiError as error:
        if error.response.get("error") not in _EXPIRED and "trigger" not in str(
            error.response.get("response_metadata", "")
        ):
            raise
        client.chat_postEphemeral(channel=body["channel"]["id"], user=body["user"]["id"], text=LATE)


def answer_modal(ack: Any, errors: dict[str, str]) -> None:
    """Close a modal, or say in it, by block, what could not be kept: what closes is taken for kept."""
    ack(response_action="errors", errors=errors) if errors else ack()

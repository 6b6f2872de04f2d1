"""Answers to the pulse: buttons and a modal in Slack, and a small page behind the signed link of a mail.

Mail scanners follow links, so the page only asks; an answer is what is posted. Slack's buttons are checked by slack-bolt.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from itsdangerous import BadSignature, SignatureExpired
from slack_bolt import App as Bolt
from slack_sdk import WebClient

from alerts.channel import DeliveryError
from alerts.pulse import KIND, NUMBERS, Place, blocks, line, modal
from alerts.slack_channel import call
from leeway.app import App
from leeway.asking import account_address
from leeway.pulse import PulseError, answer, key_by_now, this_week
from leeway.signing import BROKEN, serializer
from pipeline.pulse.answers import LONGEST_NOTE, in_week
from pipeline.pulse.owners import owned
from web.frame import Frame
from web.modals import open_modal

SECONDS = 8 * 86_400
"""How long a link is valid; after its week it accepts no answers."""
CHANGED = "The plan has changed since this page was opened, so nothing is saved yet. Check again, then answer."
log = structlog.get_logger()


class PulseButtons:
    """What the pulse's buttons do."""

    def __init__(self, app: App) -> None:
        self.app = app

    def listen(self, bolt: Bolt) -> None:
        """Register the listeners."""
        bolt.action(re.compile(r"pulse-(\d+|choice)"))(self.chosen)
        bolt.action("pulse-note")(self.ask_line)
        bolt.view("pulse-line")(self.keep_line)

    def chosen(self, ack: Any, body: dict[str, Any], action: dict[str, Any], client: WebClient) -> None:
        """Store a pressed or chosen number; the message then shows it."""
        ack()
        if "selected_option" not in action and "value" not in action:
            return
        value = str(action["value"] if "value" in action else action["selected_option"]["value"])
        if "view" in body:  # of the modal, which is kept as a whole
            return
        self._keep(body, client, str(action["block_id"]), value, None)

    def ask_line(self, ack: Any, body: dict[str, Any], action: dict[str, Any], client: WebClient) -> None:
        """Open a modal for a comment on the number."""
        ack()
        by = account_address(self.app, body["user"]["id"])
        try:
            place = self._place(str(action["block_id"]))
        except PulseError as error:
            self._whisper(body, client, str(error))
            return
        found = next((one for one in owned(self.app.register()[1]).get(by, ()) if one.key == place.key), None)
        if found is None:
            self._whisper(body, client, "This key result now has another owner.")
            return
        with self.app.sessions() as session:
            given = in_week(session, [place.key], place.week).get(place.key)
        open_modal(client, body, modal(place, line(found), given))

    def keep_line(self, ack: Any, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Store the modal's content; the modal shows what is wrong with it."""
        values = view["state"]["values"]
        chosen = (values["value"]["pulse-choice"].get("selected_option") or {}).get("value", "")
        try:
            place, by = self._place(view["private_metadata"]), account_address(self.app, body["user"]["id"])
            note = values["note"]["note"].get("value") or ""
            answer(self.app, by, place.key, place.week, int(chosen), note)
        except (PulseError, ValueError) as error:
            said = str(error) if isinstance(error, PulseError) else "Choose a number from 1 to 10."
            ack(response_action="errors", errors={"value": said})
            return
        ack()

    def _keep(self, body: dict[str, Any], client: WebClient, block: str, value: str, note: str | None) -> None:
        by = account_address(self.app, body["user"]["id"])
        try:
            place = self._place(block)
            answer(self.app, by, place.key, place.week, int(value), note)
        except (PulseError, ValueError) as error:
            self._whisper(body, client, str(error) if isinstance(error, PulseError) else "This button is not known.")
            return
        version, register = self.app.register()
        asked = owned(register).get(by, [])
        with self.app.sessions() as session:
            said = in_week(session, [one.key for one in asked], place.week)
        where = {"channel": body["channel"]["id"], "ts": (body.get("message") or body.get("container") or {}).get("ts")}
        try:
            call(
                client,
                "chat_update",
                text="Saved. Thank you.",
                blocks=blocks(place.week, asked, said, version),
                **where,
            )
        except (DeliveryError, KeyError) as error:  # it is kept; only its mark is missing
            log.warning("the pulse's message was not updated", reason=type(error).__name__)

    def _place(self, text: str) -> Place:
        """What a block is about, under the keys of the present register. Raises PulseError, and ValueError where it is none."""
        version, place = self.app.register()[0], Place.of(text)
        return Place(place.week, key_by_now(self.app, place.key, place.seen), version)

    def _whisper(self, body: dict[str, Any], client: WebClient, text: str) -> None:
        channel = (body.get("channel") or {}).get("id")
        if channel:
            client.chat_postEphemeral(channel=channel, user=body["user"]["id"], text=text)


def add_pulse(web: FastAPI, app: App, frame: Frame) -> None:
    """Add the page of a mail's link: GET asks, POST answers."""

    def page(request: Request, token: str, kept: int, errors: list[str], written: Mapping[str, str]) -> Response:
        by, week, current = _redeem(app, token)
        asked = owned(app.register()[1]).get(by, [])
        if week != current or not asked:
            raise HTTPException(410, "That week is over, and its answers are final. The next mail asks again.")
        with app.sessions() as session:
            said = in_week(session, [one.key for one in asked], week)
        values = {
            "token": token,
            "version": app.register()[0],
            "numbers": NUMBERS,
            "longest": LONGEST_NOTE,
            "rows": [{"key": one.key, "line": line(one), "said": said.get(one.key)} for one in asked],
            "written": written,
            "kept": kept,
            "errors": errors,
        }
        return frame.page(request, None, "pulse.html.j2", values)

    @web.get(f"/{KIND}", include_in_schema=False)
    def ask(request: Request, token: str = "") -> Response:
        return page(request, token, 0, [], {})

    @web.post(f"/{KIND}", include_in_schema=False)
    async def keep(request: Request, token: str = "") -> Response:
        by, week, _ = _redeem(app, token)
        form = {name: str(value) for name, value in (await request.form()).items()}
        if form.get("seen", "") not in ("", str(app.register()[0])):
            return page(request, token, 0, [CHANGED], {})
        kept, errors, written = _keep_form(app, by, week, form)
        return page(request, token, kept, errors, written)


def _keep_form(app: App, by: str, week: date, form: Mapping[str, str]) -> tuple[int, list[str], dict[str, str]]:
    """Keep what a form says: how many answers, a sentence for each that is none, and the lines that are to be written on."""
    kept, errors, written = 0, list[str](), dict[str, str]()
    for one in owned(app.register()[1]).get(by, []):
        chosen, note = form.get(f"value {one.key}", ""), form.get(f"note {one.key}", "")
        if not chosen and note.strip():
            errors.append(f"{one.key}: choose a number with your comment; without one it is not saved.")
            written[one.key] = note
        if not chosen:
            continue
        try:
            answer(app, by, one.key, week, int(chosen), note)
            kept += 1
        except (PulseError, ValueError) as error:
            errors.append(str(error) if isinstance(error, PulseError) else f"{one.key}: a number is needed.")
            written[one.key] = note
    return kept, errors, written


def _redeem(app: App, token: str) -> tuple[str, date, date]:
    """Address and week of a link, and the present week. Raises HTTPException 403 for one that is forged, 410 for an old one."""
    try:
        by, week = serializer(app, KIND).loads(token, max_age=SECONDS)
        return str(by), date.fromisoformat(week), this_week(app, app.register()[1])
    except SignatureExpired:
        raise HTTPException(410, "This link has expired; the next mail has a new one.") from None
    except (BadSignature, ValueError, TypeError):
        raise HTTPException(403, BROKEN) from None

"""Answers to the alignment interview: a modal in Slack, and a form behind the signed link of a mail. No page shows one.

Mail scanners follow links, so the form only asks; an answer is what is posted.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from itsdangerous import BadSignature, SignatureExpired
from slack_bolt import App as Bolt
from slack_sdk import WebClient

from alerts.interview import KIND, PRIVATE, QUESTIONS, SUBJECT, modal, texts_of
from leeway.app import App
from leeway.asking import account_address
from leeway.interview import InterviewError, InterviewOver, answer, may_answer, read
from leeway.signing import BROKEN, serializer
from pipeline.interview.answers import LONGEST_LINE, MOST_LINES
from web.frame import Frame
from web.modals import open_modal

SECONDS = 61 * 86_400
"""The longest a link accepts answers; the interview's own end comes first."""


class InterviewButtons:
    """The button of the message, and the modal."""

    def __init__(self, app: App) -> None:
        self.app = app

    def listen(self, bolt: Bolt) -> None:
        """Register the listeners."""
        bolt.action("interview-answer")(self.ask)
        bolt.view("interview")(self.keep)

    def ask(self, ack: Any, body: dict[str, Any], action: dict[str, Any], client: WebClient) -> None:
        """Open the modal for a person who was asked."""
        ack()
        try:
            may_answer(self.app, account_address(self.app, body["user"]["id"]), str(action["value"]))
        except InterviewError as error:
            client.chat_postEphemeral(channel=body["channel"]["id"], user=body["user"]["id"], text=str(error))
            return
        open_modal(client, body, modal(str(action["value"])))

    def keep(self, ack: Any, body: dict[str, Any], view: dict[str, Any]) -> None:
        """Store the answer; the modal shows what is wrong with it."""
        by = account_address(self.app, body["user"]["id"])
        try:
            answer(self.app, by, str(view["private_metadata"]), read(texts_of(view["state"]["values"])))
        except InterviewError as error:
            ack(response_action="errors", errors={"priorities": str(error)})
            return
        ack()


def add_interview(web: FastAPI, app: App, frame: Frame) -> None:
    """Add the form of a mail's link."""

    def page(request: Request, token: str, error: str = "", written: Mapping[str, str] | None = None) -> Response:
        values = {
            "subject": SUBJECT,
            "token": token,
            "questions": QUESTIONS,
            "private": PRIVATE,
            "longest": MOST_LINES * LONGEST_LINE,
            "error": error,
            "written": written or {},
        }
        return frame.page(request, None, "interview.html.j2", values)

    @web.get(f"/{KIND}", include_in_schema=False)
    def ask(request: Request, token: str = "") -> Response:
        _redeem(app, token)
        return page(request, token)

    @web.post(f"/{KIND}", include_in_schema=False)
    async def keep(request: Request, token: str = "") -> Response:
        by, round_ = _redeem(app, token)
        form = await request.form()
        written = {name: str(form.get(name, "")) for name, _, _ in QUESTIONS}
        try:
            answer(app, by, round_, read(written))
        except InterviewError as error:
            return page(request, token, str(error), written)
        said = {
            "heading": "Saved. Thank you.",
            "text": f"{PRIVATE} You can use the same link again: the later answer counts.",
        }
        return frame.page(request, None, "message.html.j2", said)


def _redeem(app: App, token: str) -> tuple[str, str]:
    """Address and round of a link.

    Raises HTTPException: 403 for one that is forged, 410 for one that is old or whose interview is closed.
    """
    try:
        by, round_ = serializer(app, KIND).loads(token, max_age=SECONDS)
        may_answer(app, str(by), str(round_))
    except SignatureExpired:
        raise HTTPException(410, "This link has expired; the next mail that asks has a new one.") from None
    except InterviewOver as error:
        raise HTTPException(410, str(error)) from None
    except InterviewError as error:
        raise HTTPException(403, str(error)) from None
    except (BadSignature, ValueError, TypeError):
        raise HTTPException(403, BROKEN) from None
    return str(by), str(round_)

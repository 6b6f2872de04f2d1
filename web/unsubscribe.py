"""Ends mails: a link asks once, since scanners of mail follow links; a POST ends them at once (RFC 8058), without a session."""

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response

from leeway.app import App
from leeway.opt_out import OptOutError, opt_out, redeem
from web.frame import Frame

_NAMES = {
    "digest": "the weekly digest",
    "alert": "alerts by mail",
    "interview": "the three questions about priorities",
    "pack": "packs by mail",
    "pulse": "the weekly question about your key results",
}


def add_unsubscribe(web: FastAPI, app: App, frame: Frame) -> None:
    """Both ways at one address, as the mail's header wants it."""

    @web.get("/unsubscribe", include_in_schema=False)
    def ask(request: Request, token: str = "") -> Response:
        try:
            _, purpose = redeem(app, token)
        except OptOutError as error:
            raise HTTPException(403, str(error)) from None
        return frame.page(
            request,
            None,
            "confirm.html.j2",
            {
                "heading": "No more of these mails?",
                "text": f"You will no longer get {_NAMES.get(purpose, purpose)}.",
                "button": "Yes, stop them",
                "action": f"/unsubscribe?token={token}",
            },
        )

    @web.post("/unsubscribe", include_in_schema=False)
    def end(request: Request, token: str = "") -> Response:
        try:
            purpose = opt_out(app, token)
        except OptOutError as error:
            raise HTTPException(403, str(error)) from None
        return frame.page(
            request,
            None,
            "message.html.j2",
            {
                "heading": "Done",
                "text": f"You will no longer get {_NAMES.get(purpose, purpose)}. You can close this page.",
            },
        )

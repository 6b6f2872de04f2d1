"""Ends mails, and starts them again: a link asks once, since scanners of mail follow links; a POST does it at once (RFC 8058),
without a session."""

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response

from leeway.app import App
from leeway.opt_out import OptOutError, is_out, opt_in, opt_out, redeem
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
            stopped = is_out(app, token)
            _, purpose = redeem(app, token, old=stopped)
        except OptOutError as error:
            raise HTTPException(403, str(error)) from None
        name = _NAMES.get(purpose, purpose)
        stop = {
            "heading": "No more of these mails?",
            "text": f"You will no longer get {name}.",
            "button": "Yes, stop them",
            "action": f"/unsubscribe?token={token}",
        }
        start = {
            "heading": "Get these mails again?",
            "text": f"You stopped {name}.",
            "button": "Yes, send them again",
            "action": f"/unsubscribe?token={token}&again=1",
        }
        return frame.page(request, None, "confirm.html.j2", start if stopped else stop)

    @web.post("/unsubscribe", include_in_schema=False)
    def end(request: Request, token: str = "", again: bool = False) -> Response:
        try:
            purpose = (opt_in if again else opt_out)(app, token)
        except OptOutError as error:
            raise HTTPException(403, str(error)) from None
        name = _NAMES.get(purpose, purpose)
        stopped = f"You will no longer get {name}. The link in the mail starts them again. You can close this page."
        text = f"You get {name} again. You can close this page." if again else stopped
        return frame.page(request, None, "message.html.j2", {"heading": "Done", "text": text})

"""The page on which a viewer creates a key with their own role for their assistant."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from leeway.app import App
from web.ask_keys import ends, new_key
from web.auth import Csrf, Signed, Viewer, check_form
from web.frame import Frame


def add_ask(web: FastAPI, app: App, frame: Frame) -> None:
    """The routes under /ask."""

    def shown(request: Request, who: Viewer, **more: Any) -> Response:
        values = {"address": app.settings.web.mcp_url, "until": ends(app.now()), "key": None} | more
        return frame.page(request, who, "ask.html.j2", values)

    @web.get("/ask", include_in_schema=False, response_model=None)
    def ask(request: Request, who: Signed) -> Response:
        """Show what an assistant may query, and how to connect it."""
        return shown(request, who)

    @web.post("/ask", include_in_schema=False, response_model=None)
    def make_key(request: Request, who: Signed, csrf: Csrf) -> Response:
        """Create a key and show it once."""
        check_form(request, csrf)
        return shown(request, who, key=new_key(app, who))

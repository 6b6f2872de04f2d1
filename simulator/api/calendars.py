"""Serves calendars at secret addresses, as Google and Outlook do."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from simulator.calendars import Entry, calendar_of


class CalendarApi:
    """`entries` by the calendar's name; `raw` is served instead, and `status` answered, where it is set for one."""

    secret = "private-0123456789abcdef"

    def __init__(self) -> None:
        self.entries: dict[str, list[Entry]] = {}
        self.raw: dict[str, bytes] = {}
        self.status: dict[str, int] = {}
        self.app = Starlette(
            routes=[
                Route("/ical/{name}/{secret}/basic.ics", self._answer),
                Route("/old/{name}/{secret}/basic.ics", self._moved),
            ]
        )

    def path(self, name: str) -> str:
        """Where one is."""
        return f"/ical/{name}/{self.secret}/basic.ics"

    async def _moved(self, request: Request) -> Response:
        return RedirectResponse(self.path(request.path_params["name"]), 302)

    async def _answer(self, request: Request) -> Response:
        name = request.path_params["name"]
        if request.path_params["secret"] != self.secret or (name not in self.entries and name not in self.raw):
            return PlainTextResponse("Not Found", 404)
        if name in self.status:
            return PlainTextResponse("No", self.status[name])
        body = self.raw[name] if name in self.raw else calendar_of(self.entries[name])
        return Response(body, media_type="text/calendar; charset=utf-8")

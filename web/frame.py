"""The frame around every page: templates with their filters, shared values, errors, and link targets."""

import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import HTTPException, Request
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import Environment, FileSystemLoader
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException as StarletteError

from alerts import gaps, words
from alerts.diagnoses import varied
from alerts.figures import scope_name
from alerts.first_weeks import first_weeks_note
from alerts.news import decided_by
from alerts.plan_end import end_advice, end_note
from alerts.view import ACTIONS, Action, Terms
from leeway.app import App, NotReady
from leeway.notify import terms
from models import Decision, Drift
from pipeline.drift.gaps import GAP
from pipeline.ready import first_weeks
from pipeline.register.document import Register
from pipeline.register.ended import local_day
from web import data
from web.auth import Viewer, remember, viewer
from web.diagnosed import diagnosed
from web.largest import Largest
from web.proxy import Rooted, root_of
from web.ready import Looked
from web.typed import typed_in

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SURE = {
    "snoozed": "Nobody is asked again for two weeks. Everybody who sees this page can see that you postponed it.",
    "acknowledged": "It stays open. Everybody who sees this page can see that it was noted.",
}
HEADINGS = {401: "Sign in", 403: "Not allowed", 404: "Not found", 410: "This is over"}
NO_PAGE = "There is no such page; part of the address may be missing or wrong."
MESSAGE = "message.html.j2"
"""The template for errors and for what comes next."""
UNDO = "It can be undone here for a day."
CALLBACK = "/oidc/callback"


class NotYet(HTTPException):
    """The page is valid but has no figures yet. `detail` says what it is waiting for."""

    def __init__(self, detail: str) -> None:
        super().__init__(404, detail)


class Frame:
    """Renders pages for a viewer."""

    def __init__(self, app: App) -> None:
        self.app, self.least, self.largest = app, app.settings.drift.least_people, Largest(app)
        self.looked = Looked()
        self.templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=[Rooted],
        )
        self.templates.filters |= {
            "words": words.html,
            "coded": words.coded,
            "percent": words.percent,
            "done": words.done,
            "signed": words.signed,
            "sure": words.sure,
            "number": words.number,
            "amount": words.amount,
            "day": _day,
            "short_day": lambda one: words.short_day(_date(one)),
            "full_day": lambda one: words.full_day(_date(one)),
            "short": words.shortened,
            "span": words.span,
            "place": words.in_path,
            "ago": words.ago,
            "varied": varied,
            "state": state,
            "decision": decision,
            "days": words.days_shown,
        }
        self.templates.globals["choices"] = {"drift": _choices(ACTIONS), GAP: _choices(gaps.ACTIONS)}
        self.templates.globals["ask_labels"] = {
            kind: next(one.text for one in actions if one.kind == "labels")
            for kind, actions in (("drift", ACTIONS), (GAP, gaps.ACTIONS))
        }

    def terms(self) -> Terms:
        """What an alert says of itself."""
        return terms(self.app)

    def page(self, request: Request, who: Viewer | None, name: str, values: dict[str, Any]) -> HTMLResponse:
        """A template with what every page shows; `notice` of the session is shown once."""
        root = root_of(request)
        shared: dict[str, Any] = {
            "viewer": who,
            "here": request.url.path,
            "csrf": request.session.get("csrf", ""),
            "least": self.least,
            "root": root,
            "at": lambda path: root + path + _kept(values.get("p"), path),
            "notice": request.session.pop("notice", None),
        }
        if who is not None:
            if name != MESSAGE:
                self.looked.at(request)
            _, register = self.app.register()
            teams = data.large_teams(register, self.least)
            shared |= {
                "teams": teams,
                "ended": self._ended(register, who),
                "reading": self._reading(),
                "plan_end": register.period.end,
                "asked_for": {one.key for one in register.objectives},
                "has_steps": bool(register.paths),
                "local": lambda at: _local(at, register),
                "cycle_at": _local(data.last_cycle(self.app)[1], register),
                "diagnosed": lambda scope, objective="": diagnosed(self.app, register, who, scope, objective),
                "scope_name": lambda key: scope_name(register, key),
                "who": {"ops": "Ops", "company": "Company"}.get(who.role, dict(teams).get(who.team or "", "Team")),
            }
        return HTMLResponse(self.templates.get_template(name).render(shared | values))

    def _ended(self, register: Register, who: Viewer) -> str | None:
        """That the plan has run out, and to those who may load another, what to do."""
        say = end_note if who.role == "team" else end_advice
        return say(register, local_day(register, self.app.now()))

    def _reading(self) -> str | None:
        """While the last weeks stand alone, that the rest is still to come."""
        with self.app.sessions() as session:
            return first_weeks_note(first_weeks(session))

    def allowed(self, who: Viewer, scope: str) -> tuple[int, Register]:
        """The register, where this viewer may see the scope. Raises HTTPException."""
        version, register = self.app.register()
        if scope not in data.visible(register, self.least):
            raise HTTPException(404, f"There is no such team, or it has fewer than {self.least} people.")
        if not who.may_see(scope):
            raise HTTPException(403, "This is another team's page.")
        return version, register

    def drift(self, who: Viewer, id_: int) -> tuple[Drift, Register]:
        """A finding that this viewer may see. Raises HTTPException."""
        with self.app.sessions() as session:
            found = session.get(Drift, id_)
        if found is None or found.kind not in data.STORIES:
            raise HTTPException(404, "There is no such drift.")
        _, register = self.allowed(who, found.scope)
        return found, register

    async def error(self, request: Request, error: Exception) -> Response:
        """Return an error as a page in the frame, or as JSON under /api."""
        assert isinstance(error, StarletteError)  # noqa: S101 - registered for nothing else
        if request.url.path.startswith(("/api/", "/charts/")):
            return JSONResponse({"error": error.detail}, error.status_code)
        heading = HEADINGS.get(error.status_code, "That did not work")
        if isinstance(error, NotYet):
            heading = "Nothing to show yet"
        values = {"heading": heading, "text": error.detail, "waits": isinstance(error, NotYet)}
        if error.status_code == 401:
            remember(request)
            if self.app.settings.web.oidc_issuer:
                values |= {"text": "You will then see the page you wanted.", "login": "/login"}
        elif error.detail == HTTPStatus.NOT_FOUND.phrase:  # no route at all: the framework's own words
            values["text"] = NO_PAGE
        who = self._who(request)
        if who is None and request.url.path.endswith(CALLBACK):  # such as of two sign-ins in two tabs the earlier
            values["login"] = "/login"
        values["typed"] = await typed_in(request)
        page = self.page(request, who, MESSAGE, values)
        page.status_code = error.status_code
        return page

    async def malformed(self, request: Request, error: Exception) -> Response:
        """An address or a form that cannot be read, such as a week that is no day: a page, or JSON under /api."""
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
        if request.url.path.startswith(("/api/", "/charts/")):
            return await request_validation_exception_handler(request, error)
        if request.method == "GET":
            return await self.error(request, HTTPException(404, NO_PAGE))
        return await self.error(request, HTTPException(422, "A part of this form is missing. Go back and try again."))

    def _who(self, request: Request) -> Viewer | None:
        """Whoever is signed in, for the frame of a page that says what did not work."""
        try:
            who = viewer(request)
            self.app.register()
        except (HTTPException, NotReady, SQLAlchemyError):
            return None
        return who

    async def not_ready(self, request: Request, error: Exception) -> Response:
        """Return the page that says what must be done first."""
        values = {"heading": "Not ready yet", "text": words.sentence(str(error))}
        page = self.page(request, None, MESSAGE, values)
        page.status_code = 503
        return page


OF_DAYS = re.compile(r"/|/teams(/[^?]+)?|/objectives/(?![^?]*/(edit|end)$)[^?]+")
"""Pages that show a period."""


def _kept(period: Any, path: str) -> str:
    """The days that somebody chose, on a link to another page that shows a period; empty where nobody did."""
    if not getattr(period, "chosen", False) or not OF_DAYS.fullmatch(path):
        return ""
    return f"?since={period.since}&until={period.until}"


def _local(at: datetime | None, register: Register) -> datetime | None:
    """A moment where the company works."""
    return at and at.astimezone(ZoneInfo(register.calendar.time_zone))


def _choices(actions: Sequence[Action]) -> list[tuple[str, str, str]]:
    """What is asked on the page about an open finding: kind, words, and what happens then."""
    sure = {one.kind: (one.text, one.sure) for one in actions}
    return [
        ("intended", *sure["intended"]),
        ("snoozed", sure["snoozed"][0], f"{SURE['snoozed']} {UNDO}"),
        ("acknowledged", "Seen", SURE["acknowledged"]),
    ]


async def harden(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    """Nothing from elsewhere, no frames, and nothing of a page kept by a browser."""
    response = await go_on(request)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if "/static/" not in request.url.path:
        response.headers["Cache-Control"] = "no-store"
    return response


def state(drift: Drift) -> str:
    """What became of a finding, in words."""
    if drift.state == "snoozed" and drift.snoozed_until:
        return f"open, asked again on {words.day(drift.snoozed_until)}"
    return words.state(drift.state)


def decision(one: Decision) -> str:
    """A line of a finding's history."""
    said = {
        "acknowledged": "seen",
        "intended": "called planned",
        "snoozed": "to be asked again in two weeks",
        "undone": "undone",
        "commented": f"“{one.note}”",
        "reminded": "reminded that a decision is due",
    }
    if one.kind == "assigned":
        _, _, due = one.note.partition(" ")
        known = re.fullmatch(r"\d{4}-\d\d-\d\d", due)
        return "somebody was asked to decide" + (f" by {words.day(date.fromisoformat(due))}" if known else "")
    return f"{said.get(one.kind, one.kind)}, {decided_by(one.by)}"


def _date(one: date | datetime | str) -> date:
    if isinstance(one, str):
        return date.fromisoformat(one)
    return one.date() if isinstance(one, datetime) else one


def _day(one: date | datetime | str) -> str:
    return words.day(_date(one))

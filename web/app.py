"""The page: `leeway web`, or `uvicorn --factory web.app:make`. Server-rendered; nothing is fetched from another host."""

import csv
import io
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from itsdangerous import BadSignature, SignatureExpired
from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException as StarletteError
from starlette.middleware.sessions import SessionMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from alerts import charts
from alerts.delivery import observed, weeks_of
from alerts.view import Observed, view
from leeway.app import App, NotReady
from leeway.metrics import exposition
from leeway.settings import load
from leeway.signing import serializer, signing_key
from leeway.status import days_known, status_of
from models import OPEN_STATES, Drift
from models.vocabulary import COMPANY
from pipeline.drift.detector import LEAST_HISTORY
from pipeline.feedback.decisions import DecisionError, answer_theme, decide, label
from pipeline.feedback.questions import questions
from pipeline.register.document import hints
from pipeline.spreadsheet import guarded
from web import data
from web.auth import LABEL_SECONDS, Viewer, check_form, redeem, viewer
from web.oidc import add_oidc
from web.proxy import Proxied, Rooted, root_of
from web.slack import add_slack

HERE = Path(__file__).parent
POLICY = ("default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self'; img-src 'self' data:; "
          "form-action 'self'; frame-ancestors 'none'; base-uri 'none'")  # fmt: skip
Signed = Annotated[Viewer, Depends(viewer)]
Kind = Literal["csv", "json"]
Table = Literal["shares", "objectives", "themes", "drifts"]


def make(app: App | None = None) -> FastAPI:
    """The ASGI app; without an App it takes the settings of the environment."""
    app = app or App(load())
    web = FastAPI(title="Leeway", summary="Shares of work by objective, of the company and its teams.", docs_url=None,
                  redoc_url=None)  # fmt: skip
    _probes(web, app)
    Pages(web, app)
    add_slack(web, app)
    add_oidc(web, app)
    given = app.settings.web
    web.add_middleware(ProxyHeadersMiddleware, trusted_hosts=given.trusted_proxies)
    web.add_middleware(Proxied, url=given.url, trusted=given.trusted_proxies)  # added last: outermost
    return web


def _probes(web: FastAPI, app: App) -> None:
    @web.get("/healthz", include_in_schema=False)
    def alive() -> JSONResponse:
        return JSONResponse({"alive": True})

    @web.get("/readyz", include_in_schema=False)
    def ready() -> JSONResponse:
        try:
            with app.sessions() as session:
                session.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return JSONResponse({"ready": False, "reason": "the database does not answer"}, 503)
        return JSONResponse({"ready": True})

    @web.get("/metrics", include_in_schema=False)
    def metrics(request: Request) -> Response:
        """For Prometheus: with the token of the settings, or from this machine where none is set."""
        token, client = app.settings.web.metrics_token.get_secret_value(), request.client.host if request.client else ""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        here = client in ("127.0.0.1", "::1", "testclient") and "x-forwarded-for" not in request.headers
        if not (secrets.compare_digest(given.encode(), token.encode()) if token else here):
            raise HTTPException(403, "Set web.metrics_token and send it as a bearer token.")
        return Response(exposition(app.sessions), media_type="text/plain; version=0.0.4; charset=utf-8")


class Pages:
    """The routes that show something."""

    def __init__(self, web: FastAPI, app: App) -> None:
        self.app, self.least = app, app.settings.drift.least_people
        self.templates = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True,
                                     extensions=[Rooted])  # fmt: skip
        self._chart = lru_cache(maxsize=64)(self._draw)
        try:
            key = signing_key(app.sessions, "session")
        except SQLAlchemyError:  # /readyz says so; nobody can be signed in meanwhile
            key = secrets.token_urlsafe(32)
        web.add_middleware(SessionMiddleware, secret_key=key, same_site="lax", max_age=7 * 86_400,
                           https_only=app.settings.web.url.startswith("https://"))  # fmt: skip
        web.middleware("http")(_harden)
        web.mount("/static", StaticFiles(directory=HERE / "static"))
        web.exception_handler(StarletteError)(self._error)
        web.exception_handler(NotReady)(self._not_ready)
        for method, path, handler in (
            ("GET", "/", self.company), ("GET", "/teams/{key}", self.team), ("GET", "/drifts/{id_}", self.drift),
            ("POST", "/drifts/{id_}/{kind}", self.decide), ("GET", "/labels", self.labels),
            ("POST", "/labels/{item}", self.take_label), ("GET", "/register", self.register),
            ("GET", "/sources", self.sources), ("GET", "/sign-in", self.sign_in), ("POST", "/sign-in", self.signed_in),
            ("GET", "/answer", self.answer), ("POST", "/answer", self.answered),
        ):  # fmt: skip
            web.add_api_route(path, handler, methods=[method], include_in_schema=False, response_model=None)
        web.add_api_route("/api/sources.{kind}", self.sources_table, methods=["GET"], summary="Sources, for ops")
        web.add_api_route("/api/drifts/{id_}.{kind}", self.drift_table, methods=["GET"], summary="The parts of a drift")
        web.add_api_route("/api/{scope}/{table}.json", self.as_json, methods=["GET"], summary="A table of a scope")
        web.add_api_route("/api/{scope}/{table}.csv", self.as_csv, methods=["GET"], summary="The same as CSV",
                          response_class=PlainTextResponse)  # fmt: skip

    # What is seen

    def company(self, request: Request, who: Signed) -> Response:
        """The company's shares, drifts and themes."""
        if who.role == "team":
            return RedirectResponse(f"/teams/{who.team}")
        return self._scope(request, who, COMPANY)

    def team(self, request: Request, who: Signed, key: str) -> Response:
        """The same of one team."""
        return self._scope(request, who, key)

    def _scope(self, request: Request, who: Viewer, key: str) -> Response:
        _, register = self._allowed(who, key)
        with self.app.sessions() as session:
            found = data.scope_of(session, register, key)
            if found is None:
                raise HTTPException(
                    404, "There are no figures yet. They come with the first whole cycle (`leeway run`)."
                )
            drifts = data.drifts(session, None if key == COMPANY else key)
            themes = data.themes(session, register, self.least, key)
            known = days_known(session)
        cycle, _ = data.last_cycle(self.app)
        starts = tuple(d.start for d in drifts if d.scope == key and d.state != "superseded")
        values = {
            "s": found,
            "drifts": [d for d in drifts if self._shown(d)],
            "themes": themes,
            "days_missing": max(0, LEAST_HISTORY - known),
            "api": f"/api/{key}",
            "chart": Markup(self._chart(cycle, key, starts)),  # our drawing, texts escaped  # noqa: S704
        }
        return self._page(request, who, "scope.html.j2", values)

    def drift(self, request: Request, who: Signed, id_: int) -> Response:
        """One drift: its parts, the items behind it, what was decided."""
        found, register = self._drift(who, id_)
        with self.app.sessions() as session:
            shown = view(found, register, self._observed(found.scope), self.least)
            values = {"d": found, "a": shown, "open": found.state in OPEN_STATES, "nonce": secrets.token_urlsafe(9),
                      "examples": data.examples(session, found), "decisions": data.decisions(session, id_)}  # fmt: skip
            weeks = weeks_of(session, found.scope)
        if weeks:
            chart = charts.top_share(weeks, [found.start], "Share of work on the top three", 860)
            values["chart"] = Markup(charts.svg(chart))  # our drawing, texts escaped  # noqa: S704
        return self._page(request, who, "drift.html.j2", values)

    def decide(
        self,
        request: Request,
        who: Signed,
        id_: int,
        kind: str,
        csrf: Annotated[str, Form()],
        nonce: Annotated[str, Form()],
    ) -> Response:
        """Take a decision about a drift."""
        check_form(request, csrf)
        self._drift(who, id_)
        try:
            decide(self.app.sessions, id_, kind, who.name, f"page-{nonce}", self.app.now())
        except DecisionError as error:
            raise HTTPException(409, str(error)) from None
        return RedirectResponse(f"/drifts/{id_}", 303)

    def labels(self, request: Request, who: Signed) -> Response:
        """One item to label, the most telling first."""
        _, register = self.app.register()
        done = set(request.session.get("labelled", []))
        with self.app.sessions() as session:
            asked = questions(session, register, who.team if who.role == "team" else None, done)
        every = [(k.key, f"{k.key} {k.title}") for _, k in register.key_results()]
        return self._page(
            request, who, "labels.html.j2", {"q": asked[0] if asked else None, "left": len(asked), "all": every}
        )

    def take_label(
        self, request: Request, who: Signed, item: int, csrf: Annotated[str, Form()],
        key_result: Annotated[str, Form()] = "", other: Annotated[str, Form()] = "",
    ) -> Response:  # fmt: skip
        """Keep a label, or skip the item for this session."""
        check_form(request, csrf)
        version, register = self.app.register()
        with self.app.sessions() as session:
            asked = {one["id"] for one in questions(session, register, who.team if who.role == "team" else None, set())}
        if item not in asked:
            raise HTTPException(404, "This item is not asked about.")
        if key_result != "skip":
            chosen = (other if key_result == "other" else key_result) or None
            self._keep_label(item, chosen, version, "page")
        request.session["labelled"] = [*request.session.get("labelled", []), item][-200:]
        return RedirectResponse("/labels", 303)

    def register(self, request: Request, who: Signed) -> Response:
        """The register with its hints."""
        version, register = self.app.register()
        values = {"version": version, "register": register, "hints": hints(register)}
        return self._page(request, who, "register.html.j2", values)

    def sources(self, request: Request, who: Signed) -> Response:
        """Sources, lag and failures: for ops."""
        if who.role != "ops":
            raise HTTPException(403, "Sources are for ops engineers.")
        return self._page(request, who, "sources.html.j2", {"status": status_of(self.app)})

    # Signing in, and links in mails. Mail scanners follow links, so a GET changes nothing.

    def sign_in(self, request: Request, token: str) -> Response:
        """Ask for the press of a button."""
        request.session["sign_in"] = token
        return self._page(request, None, "confirm.html.j2", {
            "heading": "Sign in", "text": "This link signs this browser in to Leeway.", "button": "Sign in", "action": "/sign-in",
        })  # fmt: skip

    def signed_in(self, request: Request) -> Response:
        """Sign in with the link that was followed."""
        found = redeem(self.app, request.session.pop("sign_in", ""), self.app.now())
        request.session.clear()
        request.session.update(role=found.role, team=found.team, csrf=secrets.token_urlsafe(18))
        return RedirectResponse("/", 303)

    def answer(self, request: Request, token: str) -> Response:
        """A link of a digest that labels an item or decides about a theme: say what it will do."""
        given = self._answer(token)
        request.session["answer"] = token
        return self._page(request, None, "confirm.html.j2", {
            "heading": given["say"], "text": f"About “{given['name']}”.", "button": "Yes, keep this answer", "action": "/answer",
        })  # fmt: skip

    def answered(self, request: Request) -> Response:
        """Keep the answer of the link that was followed."""
        given = self._answer(request.session.pop("answer", ""))
        version, _ = self.app.register()
        if "theme" in given:
            answer_theme(self.app.sessions, given["theme"], given["by"], given["answer"], self.app.now())
        else:
            self._keep_label(given["item"], given["key_result"], version, "digest")
        return self._page(request, None, "message.html.j2", {
            "heading": "Kept. Thank you.", "text": "It counts from the next computation on. You can close this page.",
        })  # fmt: skip

    # Data

    def as_json(self, who: Signed, scope: str, table: Table) -> list[dict[str, Any]]:
        """`shares` by week, `objectives` of the last week, `themes` off the plan, `drifts`; a share is a part of one."""
        return self._rows(who, scope, table)

    def as_csv(self, who: Signed, scope: str, table: Table) -> PlainTextResponse:
        """The same rows, with a line of names."""
        return _csv(self._rows(who, scope, table), f"{scope}-{table}")

    def drift_table(self, who: Signed, id_: int, kind: Kind) -> Response:
        """What took a drift's place: themes, objectives and teams, in points."""
        found, register = self._drift(who, id_)
        shown = view(found, register, Observed(), self.least)
        rows: list[dict[str, Any]] = [
            {"part": "theme", "name": t.name, "points": round(t.points, 2)} for t in shown.themes
        ]
        rows += [{"part": "objective", "name": name, "points": round(points, 2)} for name, points in shown.objectives]
        rows += [{"part": "team", "name": t.name, "points": round(t.points, 2)} for t in shown.teams]
        return _csv(rows, f"drift-{id_}") if kind == "csv" else JSONResponse(rows)

    def sources_table(self, who: Signed, kind: Kind) -> Response:
        """Sources with their lag and errors: for ops."""
        if who.role != "ops":
            raise HTTPException(403, "Sources are for ops engineers.")
        rows = [
            {"source": name, **one, "errors": " ".join(one["errors"])}
            for name, one in status_of(self.app)["sources"].items()
        ]
        return _csv(rows, "sources") if kind == "csv" else JSONResponse(rows)

    # Parts

    def _rows(self, who: Viewer, scope: str, table: Table) -> list[dict[str, Any]]:
        _, register = self._allowed(who, scope)
        with self.app.sessions() as session:
            if table == "themes":
                found = data.themes(session, register, self.least, scope)
                return [row | {"teams": ", ".join(row["teams"]), "since": row["since"].isoformat()} for row in found]
            if table == "drifts":
                return [
                    data.as_row(d) for d in data.drifts(session, None if scope == COMPANY else scope) if self._shown(d)
                ]
            figures = data.scope_of(session, register, scope)
        if figures is None:
            raise HTTPException(404, "There are no figures yet.")
        return figures.weeks if table == "shares" else [asdict(row) for row in figures.rows]

    def _allowed(self, who: Viewer, scope: str) -> tuple[int, Any]:
        version, register = self.app.register()
        if scope != COMPANY and scope not in dict(data.large_teams(register, self.least)):
            raise HTTPException(404, f"There is no such team, or it has fewer than {self.least} people.")
        if not who.may_see(scope):
            raise HTTPException(403, "This is another team's page.")
        return version, register

    def _drift(self, who: Viewer, id_: int) -> tuple[Drift, Any]:
        with self.app.sessions() as session:
            found = session.get(Drift, id_)
        if found is None or found.kind != "drift":
            raise HTTPException(404, "There is no such drift.")
        _, register = self._allowed(who, found.scope)
        return found, register

    def _shown(self, drift: Drift) -> bool:
        _, register = self.app.register()
        return drift.scope == COMPANY or drift.scope in dict(data.large_teams(register, self.least))

    def _observed(self, scope: str) -> Observed:
        with self.app.sessions() as session:
            return observed(session, scope)

    def _keep_label(self, item: int, key_result: str | None, version: int, origin: str) -> None:
        try:
            label(self.app.sessions, item, key_result, version, origin, self.app.now())
        except DecisionError as error:
            raise HTTPException(409, str(error)) from None

    def _answer(self, token: str) -> dict[str, Any]:
        try:
            given: dict[str, Any] = serializer(self.app, "answer").loads(token, max_age=LABEL_SECONDS)
        except SignatureExpired:
            raise HTTPException(403, "This link is older than two weeks; the newest digest has new ones.") from None
        except BadSignature:
            raise HTTPException(403, "This link is not valid.") from None
        return given

    def _draw(self, cycle: int, key: str, starts: tuple[Any, ...]) -> str:
        _, register = self.app.register()
        with self.app.sessions() as session:
            found = data.scope_of(session, register, key)
        if found is None:
            return ""
        ranked = sorted(register.objectives, key=lambda o: o.priority)
        names = {o.key: f"{o.key} {o.title}"[:60] for o in ranked} | {"": "No objective"}
        return charts.svg(charts.stacked_shares(found.weeks, names, starts))

    def _page(self, request: Request, who: Viewer | None, name: str, values: dict[str, Any]) -> HTMLResponse:
        root = root_of(request)
        values |= {name: f"{root}{values[name]}" for name in ("api", "action") if name in values}
        shared: dict[str, Any] = {"viewer": who, "here": request.url.path, "csrf": request.session.get("csrf", ""),
                                  "least": self.least, "root": root}  # fmt: skip
        if who is not None:
            _, register = self.app.register()
            names = {team.key: team.name for team in register.teams} | {COMPANY: "the company"}
            shared |= {"teams": data.large_teams(register, self.least), "cycle_at": data.last_cycle(self.app)[1],
                       "scope_name": lambda key: names.get(key, key)}  # fmt: skip
        return HTMLResponse(self.templates.get_template(name).render(shared | values))

    async def _error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, StarletteError)  # noqa: S101 - registered for nothing else
        if request.url.path.startswith("/api/"):
            return JSONResponse({"error": error.detail}, error.status_code)
        heading = {401: "Sign in", 403: "Not allowed", 404: "Not found"}.get(error.status_code, "That did not work")
        page = self._page(request, self._who(request), "message.html.j2", {"heading": heading, "text": error.detail})
        page.status_code = error.status_code
        return page

    def _who(self, request: Request) -> Viewer | None:
        """Whoever is signed in, for the frame of a page that says what did not work."""
        try:
            who = viewer(request)
            self.app.register()
        except (HTTPException, NotReady, SQLAlchemyError):
            return None
        return who

    async def _not_ready(self, request: Request, error: Exception) -> Response:
        page = self._page(request, None, "message.html.j2", {"heading": "Not ready yet", "text": str(error)})
        page.status_code = 503
        return page


async def _harden(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await go_on(request)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    if not request.url.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-store"
    return response


def _csv(rows: list[dict[str, Any]], name: str) -> PlainTextResponse:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["empty"])
    writer.writeheader()
    writer.writerows({name: guarded(value) for name, value in row.items()} for row in rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return PlainTextResponse(out.getvalue(), media_type="text/csv", headers=headers)

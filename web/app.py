"""The page: `leeway web`, or `uvicorn --factory web.app:make`. Server-rendered; nothing is loaded from another host."""

import secrets

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException as StarletteError
from starlette.middleware.sessions import SessionMiddleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from leeway.app import App, NotReady
from leeway.metrics import exposition
from leeway.settings import load
from leeway.signing import signing_key
from leeway.status import sources_of
from web.actions import Actions
from web.additions import Additions
from web.ask_page import add_ask
from web.auth import Signed
from web.diagnoses import Diagnoses
from web.edits import Edits
from web.frame import HERE, Frame, harden
from web.goals import GoalsPage
from web.interview import add_interview
from web.oidc import add_oidc
from web.places import add_places
from web.proxy import Proxied
from web.pulse import add_pulse
from web.ready import keep_ready
from web.slack import add_slack
from web.tables import NO_SOURCES, Tables
from web.trouble import add_trouble
from web.unsubscribe import add_unsubscribe


def make(app: App | None = None) -> FastAPI:
    """Return the ASGI app; without an App it uses the environment's settings, and keeps its pages ready."""
    if app is None:
        app = App(load())
        web = make(app)
        keep_ready(web, app)
        return web
    web = FastAPI(
        title="Leeway",
        summary="Shares of work by objective, of the company and its teams.",
        docs_url=None,
        redoc_url=None,
    )
    _probes(web, app)
    frame = Frame(app)
    _wrap(web, app, frame)
    Actions(web, frame)
    Additions(web, frame, Edits(web, frame))  # before what they change: a key may have a slash
    add_places(web, frame)
    GoalsPage(web, frame)
    Tables(web, frame)
    Diagnoses(web, frame)

    @web.get("/sources", include_in_schema=False, response_model=None)
    def sources(request: Request, who: Signed) -> Response:
        """Show sources, lag and failures, for ops."""
        if who.role != "ops":
            raise HTTPException(403, NO_SOURCES)
        return frame.page(request, who, "sources.html.j2", {"status": sources_of(frame.app)})

    add_slack(web, app)
    add_unsubscribe(web, app, frame)
    add_pulse(web, app, frame)
    add_interview(web, app, frame)
    add_oidc(web, app)
    add_ask(web, app, frame)
    given = app.settings.web
    web.add_middleware(ProxyHeadersMiddleware, trusted_hosts=given.trusted_proxies)
    web.add_middleware(Proxied, url=given.url, trusted=given.trusted_proxies)  # added last: outermost
    return web


def _wrap(web: FastAPI, app: App, frame: Frame) -> None:
    """Sessions, headers, static files and errors around all routes."""
    web.state.looked = frame.looked
    web.state.leeway = app
    try:
        key = signing_key(app.sessions, "session")
    except SQLAlchemyError:  # /readyz says so; nobody can be signed in meanwhile
        key = secrets.token_urlsafe(32)
    web.add_middleware(
        SessionMiddleware,
        secret_key=key,
        same_site="lax",
        max_age=7 * 86_400,
        https_only=app.settings.web.url.startswith("https://"),
    )
    web.middleware("http")(harden)
    web.mount("/static", StaticFiles(directory=HERE / "static"))
    web.exception_handler(StarletteError)(frame.error)
    web.exception_handler(RequestValidationError)(frame.malformed)
    web.exception_handler(NotReady)(frame.not_ready)
    add_trouble(web, frame)


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
        """Serve Prometheus: with the configured token, or only to this machine if none is set."""
        token, client = app.settings.web.metrics_token.get_secret_value(), request.client.host if request.client else ""
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        here = client in ("127.0.0.1", "::1", "testclient") and "x-forwarded-for" not in request.headers
        if not (secrets.compare_digest(given.encode(), token.encode()) if token else here):
            raise HTTPException(403, "Set web.metrics_token and send it as a bearer token.")
        return Response(
            exposition(app.sessions, app.settings.drift.least_people, sources=app.connectors),
            media_type="text/plain; version=0.0.4; charset=utf-8",
        )

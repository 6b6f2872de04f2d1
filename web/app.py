"""`/healthz` and `/readyz`, for whoever watches the process: `uvicorn --factory web.app:make`."""

from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from leeway.app import App
from leeway.settings import load


def make(app: App | None = None) -> Starlette:
    """The ASGI app; without an App it takes the settings of the environment."""
    app = app or App(load())

    def ready(_request: Request) -> JSONResponse:
        try:
            with app.sessions() as session:
                session.execute(text("SELECT 1"))
        except SQLAlchemyError:
            return JSONResponse({"ready": False, "reason": "the database does not answer"}, 503)
        return JSONResponse({"ready": True})

    def alive(_request: Request) -> JSONResponse:
        return JSONResponse({"alive": True})

    handlers: dict[str, Callable[[Request], JSONResponse]] = {"/healthz": alive, "/readyz": ready}
    return Starlette(routes=[Route(path, handler) for path, handler in handlers.items()])

"""What a page says where the database does not answer, or cannot take what somebody sent."""

import structlog
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from starlette.requests import ClientDisconnect

from leeway.errors import expected
from web.frame import MESSAGE, Frame
from web.typed import typed_in

log = structlog.get_logger()
AWAY = "The database is not answering right now, and nothing was changed. Try again in a minute."
UNFIT = "Part of this contains a character that is not allowed. Remove it and try again."


def add_trouble(web: FastAPI, frame: Frame) -> None:
    """Say both in words, without a traceback for each page that is asked for meanwhile."""

    async def away(request: Request, error: Exception) -> Response:
        """It takes nothing just now: to a program, what passes by itself."""
        log.error("a page without a database", path=request.url.path, reason=expected(error))
        if request.url.path.startswith(("/api/", "/charts/", "/metrics")):
            page: Response = JSONResponse({"error": "the database does not answer"})
        else:
            page = frame.page(
                request, None, MESSAGE, {"heading": "Not now", "text": AWAY, "typed": await typed_in(request)}
            )
        page.status_code, page.headers["Retry-After"] = 503, "60"
        return page

    async def unfit(request: Request, _: Exception) -> Response:
        """A text that it cannot take, such as one with a NUL (`%00`), in an address or a form."""
        return await frame.error(request, HTTPException(400, UNFIT))

    async def left(_request: Request, _error: Exception) -> Response:
        """Who asked has left in the middle of it; nobody reads the answer, and nobody need read of it in the log."""
        return Response(status_code=400)

    web.exception_handler(ClientDisconnect)(left)
    web.exception_handler(DataError)(unfit)
    for lost in (OperationalError, InterfaceError):
        web.exception_handler(lost)(away)

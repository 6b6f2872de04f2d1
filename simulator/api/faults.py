"""What goes wrong between a vendor and its client: planned for a test, or at random for a soak."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

KINDS = ("429", "500", "html", "truncate", "cut", "reset", "timeout", "401")
_transports: dict[tuple[str, int], asyncio.Transport] = {}


@dataclass(slots=True)
class Faults:
    """`rates` gives each kind's probability; `plan` holds [part of the path, kind, how many times].

    `before` is called with the path before each request, for changing the world between two pages; `change` may
    replace an answer's JSON. `seen` counts what was done.
    """

    rates: dict[str, float] = field(default_factory=dict)
    seed: int = 0
    plan: list[list[Any]] = field(default_factory=list)
    before: Callable[[str], None] | None = None
    change: Callable[[str, bytes], bytes] | None = None
    seconds: float = 5.0
    seen: dict[str, int] = field(default_factory=dict)
    rng: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def draw(self, path: str) -> str | None:
        """The fault of this request, if any."""
        kind = None
        for step in self.plan:
            if step[0] in path and step[2] > 0:
                step[2] -= 1
                kind = step[1]
                break
        else:
            for name, rate in self.rates.items():
                if self.rng.random() < rate:
                    kind = name
                    break
        if kind:
            self.seen[kind] = self.seen.get(kind, 0) + 1
        return kind


class Faulty:
    """An app that fails as its Faults say."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self.app, self.faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = f"{scope['path']}?{scope['query_string'].decode()}"
        if self.faults.before:
            self.faults.before(path)
        kind = self.faults.draw(path)
        answer = _ANSWERS.get(kind or "")
        if answer:
            await answer()(scope, receive, send)
        elif kind == "reset":
            _transports[tuple(scope["client"])].abort()
        elif kind == "timeout":
            await asyncio.sleep(self.faults.seconds)
            await self.app(scope, receive, send)
        elif kind in ("truncate", "cut"):
            await self._shortened(kind, scope, receive, send)
        elif self.faults.change:
            await self._changed(self.faults.change, path, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _whole(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        start: Message = {}
        body = b""

        async def collect(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
            else:
                body += message.get("body", b"")

        await self.app(scope, receive, collect)
        return start, body

    async def _shortened(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        """`truncate` ends the body early and says so; `cut` promises the whole and closes the connection."""
        start, body = await self._whole(scope, receive)
        if kind == "truncate":
            body = body[: len(body) // 2]
            start["headers"] = _with_length(start["headers"], len(body))
        await send(start)
        await send(
            {
                "type": "http.response.body",
                "body": body if kind == "truncate" else body[: len(body) // 2],
                "more_body": kind == "cut",
            }
        )
        if kind == "cut":
            await asyncio.sleep(0.01)
            _transports[tuple(scope["client"])].abort()

    async def _changed(
        self, change: Callable[[str, bytes], bytes], path: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        start, body = await self._whole(scope, receive)
        body = change(path, body)
        start["headers"] = _with_length(start["headers"], len(body))
        await send(start)
        await send({"type": "http.response.body", "body": body})


class Protocol(H11Protocol):
    """Remembers each connection, so that one can be reset."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See H11Protocol."""
        super().connection_made(transport)
        _transports[transport.get_extra_info("peername")[:2]] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """See H11Protocol."""
        _transports.pop(self.transport.get_extra_info("peername")[:2], None)
        super().connection_lost(exc)


def _too_many() -> Response:
    return JSONResponse({"ok": False, "error": "ratelimited", "message": "rate limit"}, 429, {"Retry-After": "1"})


def _broken() -> Response:
    return JSONResponse({"message": "internal error"}, 500)


def _page() -> Response:
    return HTMLResponse("<!doctype html><title>Maintenance</title><p>We will be back soon.")


def _unauthorised() -> Response:
    body = {"ok": False, "error": "token_expired", "message": "expired", "category": "EXPIRED_AUTHENTICATION"}
    return JSONResponse(body, 401)


_ANSWERS: dict[str, Callable[[], Response]] = {"429": _too_many, "500": _broken, "html": _page, "401": _unauthorised}


def _with_length(headers: Any, length: int) -> list[tuple[bytes, bytes]]:
    pairs = cast(list[tuple[bytes, bytes]], headers)
    return [(name, value) for name, value in pairs if name != b"content-length"] + [
        (b"content-length", str(length).encode())
    ]

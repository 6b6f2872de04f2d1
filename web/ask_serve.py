"""`leeway mcp`: the answers of web/ask.py as tools of an MCP server, by the protocol's own SDK, on stdio or over HTTP."""

import signal
from collections.abc import Callable, Sequence
from inspect import getdoc
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import CallToolResult, InputRequiredResult, TextContent, ToolAnnotations
from pydantic import ValidationError
from rich.console import Console
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from leeway import __version__
from leeway.app import App
from leeway.errors import expected
from web.ask import QUOTED, Answers
from web.ask_keys import viewer_of
from web.auth import Id, Viewer

PATH = "/mcp"
_WHO = "leeway.viewer"
_MOST_BYTES = 100_000
INSTRUCTIONS = (
    "Leeway shows how much of a company's work goes to each of its objectives, and when that drifts. Figures are for the company "
    "and for teams, never for a person; do not try to derive any. Shares are whole percent of working days, `low` and `high` are "
    f"their 90% interval; points are of 100 working days. A week counts when it is complete. Nothing can be changed. {QUOTED}"
)
READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
Asks = Context[Any, Any]
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Asked(MCPServer[Any]):
    """The SDK's server, whose errors are sentences of ours."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; what did not work is said in a sentence, without anything of the machine.

        What is null was left out: models write so, and what may be left out is a text, a number or a yes here.
        """
        given = {key: value for key, value in arguments.items() if value is not None}
        try:
            return await super().call_tool(name, given, context)
        except ToolError as error:
            said = _sentence(error)
            if said is None:
                raise
            return CallToolResult(content=[TextContent(type="text", text=said)], is_error=True)


def _sentence(error: ToolError) -> str | None:
    cause = error.__cause__
    if isinstance(cause, HTTPException):
        return str(cause.detail)
    if isinstance(cause, ValidationError):
        wrong = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in cause.errors())
        return f"These values do not fit. {'; '.join(wrong)}."
    if isinstance(cause, Exception):
        return expected(cause)
    return None


class Tools:
    """What can be called; the docstrings are what callers read."""

    def __init__(self, answers: Answers, who: Callable[[Asks], Viewer]) -> None:
        self.answers, self.who = answers, who

    def shares(self, ctx: Asks, team: str = "", since: str = "", until: str = "") -> dict[str, Any]:
        """How much of the work goes to each objective: now, before, change, plan and gap, and the top priorities by week.

        Of the company, or of a team by its key (`teams_on_their_own_plan` of the company lists the keys). `since` and
        `until` (2026-10-05) choose other days.
        """
        return self.answers.shares(self.who(ctx), team, since, until)

    def drifts(self, ctx: Asks, only_open: bool = True) -> dict[str, Any]:
        """Falls of the share of the top priorities and gaps to the plan, with their ids; with only_open=false ended ones too."""
        return self.answers.drifts(self.who(ctx), only_open)

    def drift(self, ctx: Asks, id: Id) -> dict[str, Any]:
        """A finding by its id as a story: what fell, what took its place, in which teams, how sure it is, what to decide and
        what was decided."""
        return self.answers.drift(self.who(ctx), id)

    def streams(self, ctx: Asks, team: str = "") -> dict[str, Any]:
        """Streams of work that serve no objective, the largest first: since when, person-days of the last four weeks and of half
        a year, teams, and what their leads said. Of the company, or of a team by its key."""
        return self.answers.streams(self.who(ctx), team)

    def progress(self, ctx: Asks) -> dict[str, Any]:
        """Key results that are measured: the number now, its day and target, the part of the way that is done (`pace`) and of the
        period that is over (`expected`), a forecast with its 90% interval, and the part of the work that goes there. Parts are
        of one."""
        return self.answers.progress(self.who(ctx))

    def evidence(self, ctx: Asks, stream: str = "", key_result: str = "", drift: Id = 0) -> dict[str, Any]:
        """Example items behind a stream (by its name), a key_result (by its key) or a drift (by its id), with why each was
        matched as it was. Name one of the three. Items are work, not people."""
        return self.answers.evidence(self.who(ctx), stream, key_result, drift)


def server_of(app: App, who: Callable[[Asks], Viewer]) -> MCPServer[Any]:
    """The server with its tools; `who` says who asks."""
    server = Asked("leeway", title="Leeway", instructions=INSTRUCTIONS, version=__version__, log_level="WARNING")
    tools = Tools(Answers(app), who)
    for tool, title in (
        (tools.shares, "Shares of work"),
        (tools.drifts, "Findings"),
        (tools.drift, "One finding"),
        (tools.streams, "Work on no objective"),
        (tools.progress, "Numbers of key results"),
        (tools.evidence, "Items behind a figure"),
    ):
        said = " ".join((getdoc(tool) or "").split())
        server.add_tool(tool, title=title, description=f"{said} {QUOTED}", annotations=READS)
    return server


def speak(app: App, who: Viewer) -> None:
    """Serve on standard input and output, as this viewer, until the input ends."""
    app.register()  # what is missing is said at once, not with the first question
    # What waits for the next line is a thread that no exception reaches; there is nothing here to be left half done.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    server_of(app, lambda _: who).run("stdio")


def make(app: App, hosts: Sequence[str] = ()) -> ASGIApp:
    """The ASGI app of the server over HTTP, at PATH, for those who send a key. `hosts` are further names it is reached by."""
    server = server_of(app, lambda ctx: ctx.request_context.request.scope[_WHO])  # type: ignore[union-attr]
    known = [*LOOPBACK, *hosts]
    inner = server.streamable_http_app(
        streamable_http_path=PATH,
        json_response=True,
        stateless_http=True,  # so any number of processes may answer, and none keeps anything of who asked
        max_request_body_size=_MOST_BYTES,
        transport_security=TransportSecuritySettings(
            allowed_hosts=[*known, *(f"{name}:*" for name in known)],
            allowed_origins=[
                f"{kind}://{name}{port}" for kind in ("http", "https") for name in known for port in ("", ":*")
            ],
        ),
    )
    return Keyed(inner, app)


class Keyed:
    """ASGI middleware: nobody is answered without a key; whose it is goes on with the request.

    Clients look for a way to sign in at addresses of their own and for a stream to listen to. There is neither, which
    they take from 404 and 405 alone; an open stream would hold a connection of each, and say nothing.
    """

    def __init__(self, inner: ASGIApp, app: App) -> None:
        self.inner, self.app = inner, app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at the key, then answer."""
        if scope["type"] == "http":
            if scope["path"] not in (PATH, f"{PATH}/"):
                await JSONResponse({"error": f"There is nothing here. Assistants ask at {PATH}."}, 404)(
                    scope, receive, send
                )
                return
            scope = {**scope, "path": PATH, "raw_path": PATH.encode()}  # a redirect may lead to a name behind the proxy
            given = Headers(scope=scope).get("authorization", "")
            try:
                if not given.lower().startswith("bearer "):
                    raise HTTPException(
                        401, "Send a key: `Authorization: Bearer KEY`. Create one on the page under “Ask”."
                    )
                scope[_WHO] = await run_in_threadpool(viewer_of, self.app, given[7:].strip())
            except HTTPException as error:
                answer = JSONResponse({"error": error.detail}, error.status_code, {"WWW-Authenticate": "Bearer"})
                await answer(scope, receive, send)
                return
            if scope["method"] in ("GET", "HEAD"):
                await JSONResponse({"error": "Use POST."}, 405, {"Allow": "POST"})(scope, receive, send)
                return
        await self.inner(scope, receive, send)


def serve(app: App, host: str, port: int, out: Console) -> None:
    """Serve over HTTP until stopped. Raises NotReady if the port is taken."""
    from web.serve import answer, listen  # brings the page with it, which is not needed on standard input

    app.register()
    named = urlsplit(app.settings.web.mcp_url).hostname
    with listen(host, port, "Is `leeway mcp --http` running already? Stop it, or choose another --port.") as listening:
        bound = f"[{host}]" if ":" in host else host
        served = make(app, [name for name in (bound, named) if name and name not in LOOPBACK])
        address = app.settings.web.mcp_url or f"http://{bound}:{port}{PATH}"
        out.print(f"Assistants can connect at {address}, each with a key:", markup=False)
        out.print(
            "create one on the page under “Ask”, or print one with `leeway mcp --key --role company`.", markup=False
        )
        answer(served, listening)

"""`leeway web`: serve the page, and print links that sign in."""

import errno
import os
import socket
from contextlib import suppress

import uvicorn
from rich.console import Console
from starlette.types import ASGIApp

from leeway.app import App, NotReady
from web import auth
from web.app import make
from web.ready import keep_ready
from web.slack import start_socket_mode

LAST_SECONDS = 5
"""One who sends half a request would hold a server that is told to stop, until it is killed; `docker stop` waits for ten."""


def sign_in_link(app: App, role: str, *, standing: bool = False) -> str:
    """A link that signs in as this role. Raises NotReady as `named` does."""
    who = auth.named(app, role)
    return f"{address(app)}/sign-in?token={auth.sign_in_token(app, who.role, who.team, standing=standing)}"


def address(app: App) -> str:
    """Where people reach the page."""
    given = app.settings.web
    return given.url.rstrip("/") or f"http://{_in_address(given.host)}:{given.port}"


def is_served(app: App) -> bool:
    """Return True if something listens where the page should be."""
    given = app.settings.web
    try:
        with socket.create_connection((_here(given.host), given.port), 2):
            return True
    except OSError:
        return False


def _here(host: str) -> str:
    """Where this machine reaches what listens there; on every address of it, so also on loopback."""
    anywhere = host.strip(".:0") == ""
    return ("::1" if ":" in host else "127.0.0.1") if anywhere else host


def _in_address(host: str) -> str:
    host = _here(host)
    return f"[{host}]" if ":" in host else host


def serve(app: App, out: Console, *, standing: bool = False) -> None:
    """Serve until stopped. Raises NotReady where the port is taken; a way in is printed only once the page can be reached."""
    given = app.settings.web
    advice = "Is the page already running? Stop it, or choose another web.port (LEEWAY_WEB__PORT)."
    with listen(given.host, given.port, advice) as listening:
        page = make(app)
        start_socket_mode(app)
        keep_ready(page, app)
        lasts = "for as long as this runs" if standing else "once and within ten minutes"
        out.print(f"The page is at {address(app)}. A sign-in link, valid {lasts}:", markup=False)
        out.print(sign_in_link(app, "ops", standing=standing), markup=False)
        answer(page, listening)


def answer(served: ASGIApp, listening: socket.socket) -> None:
    """Answer until told to stop, with what is under way for LAST_SECONDS more. Errors go to the log in its form."""
    config = uvicorn.Config(
        served,
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # the page reads them itself, by web.trusted_proxies
        timeout_graceful_shutdown=LAST_SECONDS,
    )
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


def listen(host: str, port: int, advice: str) -> socket.socket:
    """A socket that listens. Raises NotReady with the advice where it cannot."""
    try:
        return socket.create_server((host, port), family=_family(host))
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EPERM):
            advice = "Ports below 1024 are reserved for root; choose another, and put a proxy in front of it."
        elif error.errno != errno.EADDRINUSE:
            advice = (
                "That is not an address of this machine; use 127.0.0.1 behind a proxy on the same machine, or 0.0.0.0 for all "
                "its addresses."
            )
        said = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        raise NotReady(f"{host}:{port} cannot be used to listen: {said}. {advice}") from None


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET

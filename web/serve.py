"""`leeway web`: serve the page, and print links that sign in."""

import uvicorn
from rich.console import Console

from leeway.app import App, NotReady
from web import auth
from web.app import make
from web.slack import start_socket_mode


def sign_in_link(app: App, role: str) -> str:
    """A link for `company`, `ops` or `team:KEY`. Raises NotReady for another role or an unknown team."""
    kind, _, team = role.partition(":")
    if kind not in auth.ROLES or (kind == "team") != bool(team):
        raise NotReady(f"there is no role {role!r}: company, ops, or team:KEY.")
    if team and team not in {one.key for one in app.register()[1].teams}:
        raise NotReady(f"there is no team {team!r} in the register.")
    return f"{address(app)}/sign-in?token={auth.sign_in_token(app, kind, team or None)}"


def address(app: App) -> str:
    """Where people reach the page."""
    given = app.settings.web
    return given.url.rstrip("/") or f"http://{given.host}:{given.port}"


def serve(app: App, out: Console) -> None:
    """Serve until stopped."""
    given = app.settings.web
    page = make(app)
    start_socket_mode(app)
    out.print(f"The page is at {address(app)}. A way in, once and within ten minutes:", markup=False)
    out.print(sign_in_link(app, "ops"), markup=False)
    uvicorn.run(page, host=given.host, port=given.port, log_level="warning", access_log=False)

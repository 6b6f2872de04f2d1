"""Access control. A one-time link signs in on a single machine; the session is a signed cookie.

Roles: `company` sees every team that is large enough, `ops` the sources as well, `team` one team only.
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Form, HTTPException, Request
from itsdangerous import BadSignature, SignatureExpired
from pydantic import Field

from leeway.app import App, NotReady
from leeway.named import known_team
from leeway.signing import first_use, serializer
from models.vocabulary import COMPANY

ROLES = ("company", "ops", "team")
LINK_SECONDS = 600
LABEL_SECONDS = 14 * 86_400
LONGEST_PLACE = 500
WITHIN = "leeway.viewer"
"""Of a request that this process makes of itself: who looks. No header or cookie becomes a key of the scope."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks: a role, for `team` with the key of the team that is shown first, and of all that they lead."""

    role: str
    team: str | None = None
    leads: tuple[str, ...] = ()

    def may_see(self, scope: str) -> bool:
        """Return True if they may see figures of a scope."""
        return self.role in ("company", "ops") or scope == self.team or scope in self.leads

    @property
    def may_edit(self) -> bool:
        """Return True if they may edit the register; a lead may only see it."""
        return self.role in ("company", "ops")

    @property
    def scope(self) -> str:
        """The scope whose figures they see where nothing else is asked for: a team's its own, else the company."""
        return self.team or COMPANY if self.role == "team" else COMPANY

    @property
    def name(self) -> str:
        """The name stored with a decision: a role, not a person."""
        return f"team {self.team}" if self.role == "team" else self.role


def named(app: App, role: str) -> Viewer:
    """Return the viewer for `company`, `ops` or `team:KEY`. Raises NotReady for another role or an unknown team."""
    kind, _, team = role.partition(":")
    if kind not in ROLES or (kind == "team") != bool(team):
        raise NotReady(f"there is no role {role!r}: company, ops, or team:KEY.")
    if team:
        known_team(app.register()[1], team)
    return Viewer(kind, team or None)


def role_of(app: App, address: str) -> Viewer | None:
    """`web.ops` and `web.company` list addresses; a lead in the register sees the teams they lead; others see nothing."""
    address, given = address.lower(), app.settings.web
    if address in {one.lower() for one in given.ops}:
        return Viewer("ops")
    if address in {one.lower() for one in given.company}:
        return Viewer("company")
    _, register = app.register()
    led = tuple(team.key for team in register.teams if (team.lead or "").lower() == address)
    return Viewer("team", led[0], led) if led else None


def sign_in_token(app: App, role: str, team: str | None = None, *, standing: bool = False) -> str:
    """For a link that signs in once, within ten minutes; a `standing` one for as long as this process serves the App."""
    nonce = secrets.token_urlsafe(12)
    if standing:
        app.standing_link = nonce
    return serializer(app, "sign in").dumps({"role": role, "team": team, "nonce": nonce})


def redeem(app: App, token: str, now: datetime) -> Viewer:
    """The viewer that a sign-in link names. Raises HTTPException 403 for one that is forged, 410 for one that is old or used."""
    try:
        given = serializer(app, "sign in").loads(token)
        if app.standing_link is not None and secrets.compare_digest(given["nonce"], app.standing_link):
            return Viewer(given["role"], given["team"])
        serializer(app, "sign in").loads(token, max_age=LINK_SECONDS)
    except SignatureExpired:
        raise HTTPException(410, "This link is older than ten minutes. `leeway web --open` prints a new one.") from None
    except BadSignature:
        raise HTTPException(403, "This link is not valid. `leeway web --open` prints a new one.") from None
    if not first_use(app.sessions, given["nonce"], now):
        raise HTTPException(410, "This link has already been used. `leeway web --open` prints a new one.")
    return Viewer(given["role"], given["team"])


def viewer(request: Request) -> Viewer:
    """Return the signed-in viewer. Raises HTTPException 401 if nobody is signed in."""
    within = request.scope.get(WITHIN)
    if isinstance(within, Viewer):
        return within
    given, team = request.session, request.session.get("team")
    found = Viewer(given["by_link"], team) if given.get("by_link") in ROLES else None
    if "address" in given:  # roles are those of now: leads change, and a session may last
        found = role_of(request.app.state.leeway, given["address"])
        if found is not None and team in found.leads:
            found = replace(found, team=team)
    if found is None:
        raise HTTPException(
            401, "Sign in first: the person who runs Leeway can give you a link (`leeway web --open` prints it)."
        )
    return found


def turn_to(request: Request, who: Viewer, team: str) -> Viewer:
    """Of somebody who leads several teams, the one that they look at: what has no team of its own is told of that one."""
    if team == who.team or team not in who.leads:
        return who
    request.session["team"] = team
    return replace(who, team=team)


def remember(request: Request) -> None:
    """Remember the page that was requested before signing in."""
    path = quote(request.scope["path"])
    if request.method == "GET" and not path.startswith("//"):
        request.session["wanted"] = f"{path}?{request.url.query}".rstrip("?")[:LONGEST_PLACE]


def begin(request: Request, found: Viewer, address: str | None = None) -> str:
    """Sign a viewer in, with the address that was vouched for, if one was; returns the page that they wanted, else the first."""
    wanted = str(request.session.get("wanted", "/"))
    request.session.clear()
    who = {"by_link": found.role} if address is None else {"address": address}
    request.session.update(who, team=found.team, csrf=secrets.token_urlsafe(18))
    return wanted


Signed = Annotated[Viewer, Depends(viewer)]
"""Of a handler's parameter: whoever is signed in."""
Id = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""A row's number in an address or a form: a larger one is none, and no database can look for it."""
Csrf = Annotated[str, Form()]
"""Of a handler's parameter: the token of a form, for `check_form`."""


def check_form(request: Request, token: str) -> None:
    """Require the session's own token in a form. Raises HTTPException 403."""
    if not secrets.compare_digest(token, request.session.get("csrf", "") or "-"):
        raise HTTPException(403, "This form is from another session. Go back and reload the page.")

"""Sign-in through an OpenID Connect provider (Slack or any other), by Authlib; roles come from the verified address."""

from collections.abc import Mapping
from typing import Any

import structlog
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import OAuth
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from joserfc.errors import JoseError

from connectors.network import trusted, why
from leeway.app import App
from web.auth import begin, role_of
from web.frame import CALLBACK
from web.proxy import root_of

log = structlog.get_logger()


def add_oidc(web: FastAPI, app: App) -> None:
    """The routes /login and /oidc/callback, where a provider is set."""
    given = app.settings.web
    if not given.oidc_issuer:
        return
    oauth = OAuth()
    provider: Any = oauth.register(
        "oidc",
        client_id=given.oidc_client_id,
        client_secret=given.oidc_client_secret.get_secret_value(),
        server_metadata_url=f"{given.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email", "code_challenge_method": "S256", "verify": trusted()},
    )

    @web.get("/login", include_in_schema=False)
    async def login(request: Request) -> Response:
        here = given.url.rstrip("/") or f"{request.base_url}".rstrip("/") + root_of(request)
        back = f"{here}{CALLBACK}"
        try:
            answer: Response = await provider.authorize_redirect(request, back)
        except Exception as error:  # the provider's client has the errors of more than one library
            raise _silent(error) from None
        return answer

    @web.get(CALLBACK, include_in_schema=False)
    async def callback(request: Request) -> Response:
        address = _address(await _vouched(provider, request))
        found = role_of(app, address)
        if found is None:
            raise HTTPException(
                403,
                "Your address has no role: it needs to be in web.company, web.ops, or be a team's lead in okrs.yaml.",
            )
        return RedirectResponse(begin(request, found, address), 303)


def _address(who: Mapping[str, Any]) -> str:
    """Return the address that the provider verified; a provider that omits the claim (Entra) or sends it as text (Cognito)
    is trusted. Raises HTTPException."""
    address = str(who.get("email") or "").strip()
    if not address:
        raise HTTPException(
            403, "The provider does not send your address: configure it to include the claim `email` in its ID token."
        )
    if str(who.get("email_verified", True)).strip().lower() not in ("true", "1", "none"):
        raise HTTPException(403, "The provider does not vouch for your address.")
    return address


async def _vouched(provider: Any, request: Request) -> Mapping[str, Any]:
    """What the provider says of who came back from it. Raises HTTPException."""
    try:
        token = await provider.authorize_access_token(request)
    except (OAuthError, JoseError) as error:
        raise HTTPException(403, f"The provider's answer is not valid ({type(error).__name__}). Try again.") from None
    except Exception as error:
        raise _silent(error) from None
    return token.get("userinfo") or {}


def _silent(error: Exception) -> HTTPException:
    """Return the error for a provider that does not answer properly; the reason goes to the log."""
    what, fix = why(error, "Check web.oidc_issuer and the network.")
    log.error("the sign-in provider does not answer", reason=what, fix=fix)
    return HTTPException(
        503,
        "The sign-in provider does not answer. Try again in a few minutes; the person who runs this page can find the reason "
        "in its log.",
    )

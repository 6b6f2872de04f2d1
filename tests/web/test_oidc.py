"""Sign-in through an OpenID Connect provider: a real one over HTTP, small, with its own key."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import HTTPException
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from leeway.app import App
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.alerts.test_channels import dead_port
from tests.conftest import TODAY
from tests.web.conftest import app_with, listening
from web.app import make
from web.auth import viewer

KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})


class Provider:
    """Says of everybody that they are `claims`."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.nonce = ""
        self.address = ""
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.about),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/jwks", self.keys),
            ]
        )

    async def about(self, request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/jwks",
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def authorize(self, request: Request) -> RedirectResponse:
        query = request.query_params
        self.nonce = query.get("nonce", "")
        return RedirectResponse(f"{query['redirect_uri']}?code=c0de&state={query['state']}")

    async def token(self, request: Request) -> JSONResponse:
        now = int(time.time())
        claims = {"iss": self.address, "aud": "leeway", "sub": "1", "iat": now, "exp": now + 60, "nonce": self.nonce}
        token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims | self.claims, KEY)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": token, "expires_in": 60})

    async def keys(self, request: Request) -> JSONResponse:
        return JSONResponse({"keys": [KEY.as_dict(private=False)]})


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    with listening(made.app) as made.address:
        yield made


def signed_in(provider: Provider, folder: Path, claims: dict[str, Any], state: str | None = None) -> TestClient:
    provider.claims = claims
    web = {
        "oidc_issuer": provider.address,
        "oidc_client_id": "leeway",
        "oidc_client_secret": "s",
        "company": ["coo@velora.example"],
        "ops": ["ops@velora.example"],
    }
    client = TestClient(make(app_with(folder, web=web)))
    through(provider, client, {"state": state} if state else {})
    return client


def through(provider: Provider, client: TestClient, forged: dict[str, str]) -> str:
    """To the provider and back; returns where that leads."""
    to = client.get("/login", follow_redirects=False).headers["location"]
    assert to.startswith(provider.address)
    back = urlsplit(httpx.get(to, follow_redirects=False).headers["location"])
    query = {key: values[0] for key, values in parse_qs(back.query).items()}
    return client.get(back.path, params=query | forged, follow_redirects=False).headers.get("location", "")


@pytest.mark.parametrize(
    ("address", "seen", "refused"),
    [
        ("COO@velora.example", "/", "/sources"),
        ("ops@velora.example", "/sources", None),
        ("nele.brandt@velora.example", "/teams/app", "/teams/fleet"),
    ],
)
def test_roles_follow_the_verified_address(
    provider: Provider, tmp_path: Path, address: str, seen: str, refused: str | None
) -> None:
    client = signed_in(provider, tmp_path, {"email": address, "email_verified": True})
    assert client.get(seen).status_code == 200
    if refused:
        assert client.get(refused).status_code == 403


@pytest.mark.parametrize(
    ("claims", "state"),
    [
        ({"email": "coo@velora.example", "email_verified": False}, None),
        ({"email": "coo@velora.example", "email_verified": "false"}, None),  # as of Cognito, Azure's custom claims
        ({"email": "stranger@x.example"}, None),
        ({}, None),
        ({"email": "coo@velora.example", "aud": "another"}, None),
        ({"email": "coo@velora.example", "nonce": "x"}, None),
        ({"email": "coo@velora.example", "exp": 1}, None),
        ({"email": "coo@velora.example"}, "forged"),
    ],
)
def test_unverified_unknown_and_forged_are_refused(
    provider: Provider, tmp_path: Path, claims: dict[str, Any], state: str | None
) -> None:
    client = signed_in(provider, tmp_path, claims, state)
    assert client.get("/").status_code == 401


def test_a_provider_that_tells_no_address_is_said_so(provider: Provider, tmp_path: Path) -> None:
    provider.claims = {"preferred_username": "coo@velora.example"}
    client = TestClient(make(app_with(tmp_path, web={"oidc_issuer": provider.address, "oidc_client_id": "leeway"})))
    to = client.get("/login", follow_redirects=False).headers["location"]
    back = urlsplit(httpx.get(to, follow_redirects=False).headers["location"])
    answer = client.get(f"{back.path}?{back.query}", headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert "does not send your address" in answer.text
    assert "email" in answer.text


def load_with(app: App, leads: dict[str, str]) -> None:
    """Load the register again, with other leads."""
    text = register_yaml(TODAY)
    for before, after in leads.items():
        text = text.replace(f"lead: {before}", f"lead: {after}")
    with app.sessions.begin() as session:
        load_register(session, parse(text), text)


NELE, ANTON = "nele.brandt@velora.example", "anton.weiss@velora.example"


def test_who_leads_two_teams_sees_both_and_who_leads_none_any_more_sees_nothing(
    provider: Provider, tmp_path: Path
) -> None:
    provider.claims = {"email": NELE}
    app = app_with(tmp_path, web={"oidc_issuer": provider.address, "oidc_client_id": "leeway"})
    load_with(app, {ANTON: NELE})
    client = TestClient(make(app))
    through(provider, client, {})
    first = client.get("/")
    assert first.url.path == "/teams/app"
    assert "/teams/fleet" in first.text
    second = client.get("/teams/fleet")
    assert second.status_code == 200
    assert client.get("/").url.path == "/teams/fleet", "the one they looked at last"
    assert client.get("/drifts/2").status_code == 200
    assert client.get("/teams/platform").status_code == 403
    load_with(app, {ANTON: ANTON})
    assert client.get("/teams/fleet").status_code == 403
    assert client.get("/").url.path == "/teams/app"
    load_with(app, {NELE: ANTON})
    assert client.get("/teams/app").status_code == 401


def test_a_session_that_holds_the_role_of_a_day_long_gone_signs_in_again() -> None:
    with pytest.raises(HTTPException, match="Sign in first"):
        viewer(Request({"type": "http", "session": {"role": "ops", "team": None, "csrf": "x"}}))


def test_who_is_not_signed_in_has_a_button_that_leads_to_the_page_they_wanted(
    provider: Provider, tmp_path: Path
) -> None:
    client = signed_in(provider, tmp_path, {"email": "stranger@x.example"})
    refused = client.get("/drifts/1")
    assert refused.status_code == 401
    assert 'href="/login"' in refused.text
    assert "leeway web --open" not in refused.text
    provider.claims = {"email": "coo@velora.example", "email_verified": True}
    earlier = client.get("/login", follow_redirects=False).headers["location"]  # in a tab beside this one
    assert through(provider, client, {}) == "/drifts/1"
    # The earlier one ends on a page with a way on: to the first page, and where nobody is signed in to another try.
    back = urlsplit(httpx.get(earlier, follow_redirects=False).headers["location"])
    late = client.get(f"{back.path}?{back.query}")
    assert late.status_code == 403
    assert 'href="/">To the first page' in late.text
    client.cookies.clear()
    assert 'href="/login"' in client.get(f"{back.path}?{back.query}").text


@pytest.mark.parametrize("path", ["/login", "/oidc/callback?code=1&state=2"])
def test_a_provider_that_does_not_answer_is_said_on_a_page(path: str, tmp_path: Path) -> None:
    app = app_with(tmp_path, web={"oidc_issuer": f"http://127.0.0.1:{dead_port()}", "oidc_client_id": "leeway"})
    client = TestClient(make(app))
    answer = client.get(path, headers={"accept": "text/html"}, follow_redirects=False)
    assert answer.status_code in (403, 503)
    if path == "/login":
        assert "The sign-in provider does not answer" in answer.text

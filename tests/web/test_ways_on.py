"""Whoever is refused, or has come a wrong way, is told the next step, and a page stays a page."""

import pytest
from fastapi.testclient import TestClient
from itsdangerous import TimestampSigner

from leeway.app import App
from leeway.signing import serializer
from tests.web.test_pages import enter
from web.app import make
from web.auth import sign_in_token


@pytest.fixture
def client(app: App) -> TestClient:
    return TestClient(make(app))


@pytest.mark.parametrize("path", ["/answer", "/pulse", "/interview", "/unsubscribe"])
@pytest.mark.parametrize("token", ["", "?token=", "?token=cut"])
def test_a_mails_link_that_was_cut_says_to_open_it_from_the_mail_again(
    client: TestClient, path: str, token: str
) -> None:
    refused = client.get(path + token)
    assert refused.status_code == 403
    assert refused.headers["content-type"].startswith("text/html")
    assert "Open it from the mail again" in refused.text


@pytest.mark.parametrize(("path", "given"), [("answer", {}), ("pulse", ["", ""]), ("interview", ["", ""])])
def test_a_mails_old_link_says_which_one_works(
    client: TestClient, app: App, monkeypatch: pytest.MonkeyPatch, path: str, given: object
) -> None:
    token = serializer(app, path).dumps(given)
    later = TimestampSigner.get_timestamp(TimestampSigner("x")) + 100 * 86_400
    monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda self: later)
    refused = client.get(f"/{path}", params={"token": token})
    assert refused.status_code == 403
    assert "ew" in refused.text.partition("<h1>")[2].partition("</section>")[0]  # a newer one, the newest digest


@pytest.mark.parametrize(
    "path",
    ["/weeks/monday", "/drifts/first", "/?since=soon", "/diagnoses/x", "/nowhere", "/labels?item=x", "/teams?until=x"],
)
def test_an_address_that_leads_nowhere_is_a_page_with_a_way_back(client: TestClient, app: App, path: str) -> None:
    found = enter(client, app, "company").get(path)
    assert found.status_code == 404
    said = found.text.partition("<h1>")[2].partition("</section>")[0]
    assert "There is no such page" in said
    assert 'href="/"' in said


def test_who_signs_in_comes_to_the_place_that_they_wanted(client: TestClient, app: App) -> None:
    assert client.get("/drifts/1?since=2026-06-01").status_code == 401
    client.get("/sign-in", params={"token": sign_in_token(app, "company")})
    assert client.post("/sign-in", follow_redirects=False).headers["location"] == "/drifts/1?since=2026-06-01"
    client.get("/sign-in", params={"token": sign_in_token(app, "company")})
    assert client.post("/sign-in", follow_redirects=False).headers["location"] == "/"  # once


@pytest.mark.parametrize("path", ["//evil.example/", "/\\evil.example", "/%2F%2Fevil.example/", "/%5Cevil.example"])
def test_the_place_wanted_is_never_elsewhere(client: TestClient, app: App, path: str) -> None:
    client.get(f"http://testserver{path}")
    client.get("/sign-in", params={"token": sign_in_token(app, "company")})
    to = client.post("/sign-in", follow_redirects=False).headers["location"]
    assert to.startswith("/")
    assert not to.startswith(("//", "/\\"))

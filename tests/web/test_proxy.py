"""Behind a reverse proxy, under a path; HEAD; a page's frame around what did not work; a port that is taken."""

import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from rich.console import Console

from leeway.app import App, NotReady
from leeway.settings import Settings
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.conftest import TODAY, newest_sqlite
from tests.web.conftest import fill
from web.app import make
from web.auth import sign_in_token
from web.proxy import is_trusted
from web.serve import is_served, listen, serve

Site = Callable[..., tuple[App, TestClient]]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    def build(client: str = "10.1.2.3", **web: object) -> tuple[App, TestClient]:
        app = App(Settings.model_validate({"database": {"url": newest_sqlite(tmp_path / "p.db")}, "web": web}))
        with app.sessions.begin() as session:
            fill(session)
        return app, TestClient(
            make(app), base_url="http://leeway.test", client=(client, 50_000), follow_redirects=False
        )

    return build


def sign_in(app: App, client: TestClient, root: str, **headers: str) -> str:
    """Where one lands."""
    client.get(f"{root}/sign-in", params={"token": sign_in_token(app, "ops")}, headers=headers)
    return client.post(f"{root}/sign-in", headers=headers).headers["location"]


def links(page: str) -> set[str]:
    return {link for link in re.findall(r'\b(?:href|src|action)="([^"]*)"', page) if link.startswith("/")}


@pytest.mark.parametrize("asked", ["/tools/leeway", ""], ids=["handed on", "stripped by the proxy"])
def test_every_link_stays_below_the_path_of_web_url(site: Site, asked: str) -> None:
    app, client = site(url="https://example.com/tools/leeway/")
    client.base_url = client.base_url.copy_with(scheme="https")  # its cookie travels by https alone
    assert sign_in(app, client, asked) == "/tools/leeway/"
    for path in ("/", "/teams/app", "/drifts/1", "/labels", "/register", "/sources", "/nowhere", "/sign-in?token=x"):
        page = client.get(asked + path)
        found = links(page.text)
        assert found, path
        assert {link for link in found if not link.startswith("/tools/leeway/")} == set(), path
        for link in sorted(found)[:3]:
            assert client.get(link.removeprefix("/tools/leeway") if not asked else link).status_code != 404, link


def test_a_trusted_proxy_names_the_path_and_nobody_else_does(site: Site) -> None:
    app, client = site("10.1.2.3", trusted_proxies=["10.0.0.0/8"])
    given = {"x-forwarded-prefix": "/inside"}
    assert sign_in(app, client, "", **given) == "/inside/"
    assert all(link.startswith("/inside/") for link in links(client.get("/", headers=given).text))
    for hostile in ("//evil.example", '/a/../b"><script>', "https://evil.example", "/a b"):
        assert all(
            "evil" not in link.partition("/streams/")[0]
            for link in links(client.get("/", headers={"x-forwarded-prefix": hostile}).text)
        )
    other = TestClient(make(app), base_url="http://leeway.test", client=("192.0.2.1", 50_000), follow_redirects=False)
    assert sign_in(app, other, "", **given) == "/"


@pytest.mark.parametrize(
    ("client", "trusted", "yes"),
    [
        ("127.0.0.1", ["127.0.0.1"], True),
        ("10.9.9.9", ["10.0.0.0/8"], True),
        ("11.0.0.1", ["10.0.0.0/8"], False),
        ("fd00::5", ["fd00::/8"], True),
        ("::1", ["127.0.0.1", "::1"], True),
        ("", ["127.0.0.1"], False),
        ("9.9.9.9", ["*"], True),
    ],
)
def test_who_is_trusted(client: str, trusted: list[str], yes: bool) -> None:
    assert is_trusted(client, trusted) is yes


def test_head_answers_as_get_without_a_body(site: Site) -> None:
    app, client = site()
    sign_in(app, client, "")
    for path in (
        "/",
        "/healthz",
        "/readyz",
        "/labels",
        "/register",
        "/sources",
        "/api/company/shares.csv",
        "/api/company/shares.json",
        "/static/style.css",
        "/openapi.json",
        "/nowhere",
    ):
        got, head = client.get(path), client.head(path)
        assert head.status_code == got.status_code, path
        assert head.headers["content-type"] == got.headers["content-type"], path
        assert head.content == b""


def test_what_is_not_there_or_not_allowed_keeps_the_frame_of_the_page(site: Site) -> None:
    app, client = site()
    assert "<nav" not in client.get("/nowhere").text
    sign_in(app, client, "")
    for path, code in (("/nowhere", 404), ("/drifts/999", 404), ("/teams/none", 404)):
        page = client.get(path)
        assert page.status_code == code
        assert 'href="/labels"' in page.text, path
    client.cookies.clear()
    client.get("/sign-in", params={"token": sign_in_token(app, "team", "app")})
    client.post("/sign-in")
    page = client.get("/sources")
    assert page.status_code == 403
    assert 'href="/teams/app"' in page.text
    assert 'href="/sources"' not in page.text


@pytest.mark.parametrize("host", ["203.0.113.9", "no-such-host.invalid"])
def test_an_address_that_is_none_of_this_machine_is_not_said_to_be_taken(host: str) -> None:
    with pytest.raises(
        NotReady, match=r"cannot be used to listen: .* That is not an address of this machine"
    ) as caught:
        listen(host, 8440, "Is the page already running?")
    assert "already" not in str(caught.value)


def test_a_port_that_is_taken_is_one_sentence_and_no_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        app = App(
            Settings.model_validate({"database": {"url": newest_sqlite(tmp_path / "p.db")}, "web": {"port": port}})
        )
        text = register_yaml(TODAY)
        with app.sessions.begin() as session:
            load_register(session, parse(text), text)
        assert is_served(app)
        with pytest.raises(NotReady, match=rf"127.0.0.1:{port} cannot be used to listen: .*LEEWAY_WEB__PORT"):
            serve(app, Console())
    assert capsys.readouterr().out == ""
    assert not is_served(app)

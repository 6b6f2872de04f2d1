"""Every client takes the same way out: the proxy and the certificates that the environment names.

Reported of others: HubSpot/hubspot-api-python #96, #241 (no proxy), ikvk/imap_tools #117 (no certificate is verified).
"""

import base64
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from alerts.channel import DeliveryError
from alerts.slack_channel import slack_client
from alerts.teams import TeamsChannel
from connectors import retry
from connectors.base import Connector, CredentialError, SourceError
from connectors.network import no_answer, trusted, trusted_by_system, why
from connectors.registry import connector
from leeway.check import rows_of
from tests.imap import Folder, serving
from tests.tls import certificate_in

SOURCES = ["jira", "slack", "hubspot", "github", "calendar"]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine of the test says about proxies and certificates is not what is tried."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(retry, "ATTEMPTS", 1)
    monkeypatch.setattr(urllib.request, "_opener", None)  # it keeps the proxies that it has seen first


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_in(tmp_path_factory.mktemp("tls"))


class _Refuses(BaseHTTPRequestHandler):
    """401 to whatever is asked, as a proxy too; notes where each request went, and with which login to the proxy."""

    def _answer(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Proxy-Authorization", "")))  # type: ignore[attr-defined]
        body = b'{"ok": false, "error": "invalid_auth"}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - named by the library

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def proxy() -> Iterator[ThreadingHTTPServer]:
    with _served() as server:
        yield server


@contextmanager
def _served(tls: ssl.SSLContext | None = None) -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refuses) as server:
        server.seen = []  # type: ignore[attr-defined]
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def source(name: str, address: str, folder: Path) -> Connector:
    if name == "calendar":
        (folder / "calendars.csv").write_text(f"calendar,address\nann@x.example,{address}/ann.ics\n")
        return connector("calendar", file=str(folder / "calendars.csv"), own_domains=["x.example"])
    given: dict[str, dict[str, Any]] = {
        "jira": {"url": address, "projects": ["APP"]},
        "slack": {"api_url": f"{address}/api/", "channels": ["general"]},
        "hubspot": {"api_url": address, "pipelines": ["Sales"]},
        "github": {"url": address, "repositories": ["x/y"]},
    }
    return connector(name, token="t", **given[name])


def said(name: str, address: str, folder: Path) -> SourceError:
    """What the first question of a source ends with."""
    asked = source(name, address, folder)
    with pytest.raises(SourceError) as caught:
        list(asked.pull(asked.streams()[0], None, retry.dt.datetime(2026, 7, 1, tzinfo=retry.dt.UTC)))
    return caught.value


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_goes_through_the_proxy_and_not_where_no_proxy_says_so(
    name: str, proxy: ThreadingHTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = f"http://ann:p%40ss@127.0.0.1:{proxy.server_port}"
    monkeypatch.setenv("HTTP_PROXY", where)
    monkeypatch.setenv("HTTPS_PROXY", where)
    assert isinstance(said(name, "http://vendor.invalid", tmp_path), CredentialError)
    path, login = proxy.seen[0]  # type: ignore[attr-defined]
    assert path.startswith("http://vendor.invalid")
    assert base64.b64decode(login.removeprefix("Basic ")) == b"ann:p@ss"
    proxy.seen.clear()  # type: ignore[attr-defined]
    monkeypatch.setenv("NO_PROXY", "example.com,.invalid")
    assert "name cannot be resolved here" in str(said(name, "http://vendor.invalid", tmp_path))
    assert proxy.seen == []  # type: ignore[attr-defined]


def test_alerts_go_through_the_proxy_too(proxy: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    with suppress(SlackApiError):
        slack_client("t", "http://slack.invalid/api").auth_test()
    assert [path for path, _ in proxy.seen] == ["http://slack.invalid/api/auth.test"]  # type: ignore[attr-defined]
    monkeypatch.setenv("NO_PROXY", "slack.invalid")
    with pytest.raises(OSError, match=r"known|resolution"):
        slack_client("t", "http://slack.invalid/api").auth_test()


@pytest.mark.parametrize("name", SOURCES)
def test_an_authority_of_ones_own_is_named_once_for_all(
    name: str, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    with _served(tls) as server:
        address = f"https://127.0.0.1:{server.server_port}"
        with monkeypatch.context() as only:  # what no second attempt changes is not tried again
            only.setattr(retry, "ATTEMPTS", 4)
            only.setattr(retry.stamina, "retry_context", None)
            refused = said(name, address, tmp_path)
            only.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
            assert f"{tmp_path / 'gone.pem'} does not exist" in str(said(name, address, tmp_path))
        assert "its certificate is not trusted: self-signed certificate" in refused.message
        assert "SSL_CERT_FILE" in refused.fix
        plain = said(name, address.replace("https", "http"), tmp_path)
        assert "it closed the connection" in plain.message
        assert "https://" in plain.fix
        assert server.seen == []
        for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            with monkeypatch.context() as only:
                only.setenv(variable, str(certificate))
                assert isinstance(said(name, address, tmp_path), CredentialError), variable
        server.shutdown()


def test_an_authority_that_is_renewed_is_read_anew(
    certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # metabase #33116, metabase-mcp #2
    named = tmp_path / "authorities.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(named))
    for public in (trusted, trusted_by_system):
        before = public()
        assert public() is before
        named.write_bytes(certificate.read_bytes())
        assert public().cert_store_stats()["x509"] == before.cert_store_stats()["x509"] + 1
        named.unlink()


def test_teams_and_slack_take_the_same_authority(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with _served(tls) as server:
        address = f"https://127.0.0.1:{server.server_port}"
        with pytest.raises(SlackApiError):
            slack_client("t", f"{address}/api").auth_test()
        with pytest.raises(DeliveryError, match="401"):
            TeamsChannel(f"{address}/hook")._post(b"{}")
        server.shutdown()


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_mailbox_hears_no_password_before_its_certificate_is_believed(
    security: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate)
    folder = Folder()
    with serving(folder, tls, at_once=security == "tls") as port:
        box = connector(
            "mailbox",
            host="127.0.0.1",
            port=port,
            security=security,
            username="support",
            password="secret",
            folders=["INBOX"],
            own_domains=["x.example"],
        )
        (row,) = box.check(retry.dt.datetime(2026, 7, 1, tzinfo=retry.dt.UTC))
        assert not row.ok
        assert "its certificate is not trusted: self-signed certificate" in row.found
        assert folder.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert all(row.ok for row in box.check(retry.dt.datetime(2026, 7, 1, tzinfo=retry.dt.UTC)))
        assert folder.logins


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (10, "It must be renewed there, unless this machine's clock is fast: check `date`. Check x.url."),
        (9, "this machine's clock is slow"),
        (62, "It is for other names"),
        (18, "set SSL_CERT_FILE"),
    ],
)
def test_what_is_wrong_with_a_certificate_decides_the_fix(
    code: int, words: str
) -> None:  # stackstorm-jira #1, jiratui #19
    error = ssl.SSLCertVerificationError()
    error.verify_code, error.verify_message = code, "it says so."
    what, fix = why(OSError(error), "Check x.url.")
    assert what == "its certificate is not trusted: it says so"
    assert words in fix


def test_an_address_where_nothing_listens_or_no_tls_is_spoken_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert why(OSError(ConnectionRefusedError()), "Check x.url.") == ("nothing listens there", "Check x.url.")
    spoken = ssl.SSLError("record layer failure")
    assert "starts with http://" in why(spoken, "")[1]
    assert not no_answer("x", "no answer", spoken, "").permanent
    spoken.reason = "WRONG_VERSION_NUMBER"
    assert no_answer("x", "no answer", OSError(spoken), "").permanent
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid")
    assert why(ConnectionRefusedError(), "")[1] == "Check HTTPS_PROXY and NO_PROXY."


def test_an_answer_that_is_none_of_the_sources_is_a_line_of_check() -> None:  # a portal, or another program there
    (row,) = rows_of("github", SimpleNamespace(check=lambda _: [{}["id"]]), retry.dt.datetime(2026, 7, 1))  # type: ignore[arg-type]
    assert (row.ok, row.found) == (False, "gave an unexpected answer (KeyError)")
    assert "under [github]" in row.fix

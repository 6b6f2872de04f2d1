"""Encrypted mail on a real server: TLS from the start, a certificate that nobody knows, and `check` goes the way of sending."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from alerts.channel import DeliveryError
from alerts.mail import Mailer, Smtp, new_mail
from leeway.settings import Settings
from tests.alerts.test_channels import dead_port
from tests.alerts.test_digest import Mailbox
from tests.tls import certificate_in

TO = "nele@velora.example"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of 127.0.0.1 that no authority has signed, with its key."""
    return certificate_in(tmp_path_factory.mktemp("tls"))


def _greet(port: int) -> None:
    anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anything.check_hostname, anything.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), 30) as there, anything.wrap_socket(there):
        pass


@pytest.fixture
def server(certificate: Path) -> Iterator[tuple[Mailbox, int]]:
    """It speaks TLS from the first byte on, as port 465 does."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    box, port = Mailbox(), dead_port()
    controller = Controller(box, hostname="127.0.0.1", port=port, ssl_context=context, ready_timeout=60)
    controller._trigger_server = lambda: _greet(port)  # type: ignore[method-assign]  # its own trusts no such certificate
    controller.start()
    yield box, port
    controller.stop()


def both(smtp: Smtp) -> list[str]:
    """What `leeway check` and what sending say."""
    found = []
    for way in (lambda m: m.check([TO]), lambda m: m.send(new_mail(smtp, TO, "a subject", "key"))):
        try:
            way(Mailer(smtp))
        except DeliveryError as error:
            found.append(str(error))
        else:
            found.append("")
    return found


def test_tls_from_the_start_delivers_where_the_certificate_is_known(
    server: tuple[Mailbox, int], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, port = server
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert both(Smtp("127.0.0.1", port, "leeway@velora.example", security="tls")) == ["", ""]
    assert [mail["To"] for mail in box.mails] == [TO]


def test_check_refuses_the_certificate_that_sending_refuses(server: tuple[Mailbox, int]) -> None:
    box, port = server
    checked, sent = both(Smtp("127.0.0.1", port, "leeway@velora.example", security="tls"))
    assert checked == sent
    assert "its certificate is not trusted: self-signed certificate" in sent
    assert "SSL_CERT_FILE" in sent
    assert box.mails == []


def test_the_wrong_encryption_is_said_by_both_and_soon(
    server: tuple[Mailbox, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("alerts.mail.SECONDS", 0.5)  # a server that waits for TLS says nothing
    checked, sent = both(Smtp("127.0.0.1", server[1], "leeway@velora.example", security="starttls"))
    assert checked == sent
    assert "smtp.security" in sent


def test_port_465_is_tls_from_the_start_unless_the_settings_say_otherwise() -> None:
    def how(**smtp: object) -> str:
        return Settings.model_validate({"smtp": {"host": "mail.example", "sender": "a@x.example", **smtp}}).smtp.how()

    assert (how(port=465), how(port=587), how(port=465, security="none")) == ("tls", "starttls", "none")

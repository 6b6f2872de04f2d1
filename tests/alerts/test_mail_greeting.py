"""How a mail server is greeted and who mails are from, as servers of others take it."""

import socket
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest

from alerts.mail import Mailer, new_mail
from tests.smtp import served

TO = "nele@velora.example"


class Told:
    """Keeps the name that it is greeted with, the sender and the From of what it takes."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.senders: set[str] = set()
        self.shown: list[Any] = []

    async def handle_DATA(self, server, session, envelope):  # type: ignore[no-untyped-def]  # noqa: N802, ANN
        self.names.add(session.host_name)
        self.senders.add(envelope.mail_from)
        self.shown.append(message_from_bytes(envelope.content, policy=policy.default)["From"].addresses[0])
        return "250 OK"


def sent(sender: str) -> Told:
    told = Told()
    with served(told) as smtp:
        given = replace(smtp, sender=sender)
        Mailer(given).check([TO])
        Mailer(given).send(new_mail(given, TO, "Iberia: 80%", "digest 1"))
    return told


@pytest.mark.parametrize(
    ("machine", "greeted"),
    [
        # The id of a container, which is "no fully-qualified hostname" (getsentry/self-hosted #1045, bitwarden #4062, diun #165).
        ("25aea30808b2", "velora.example"),
        ("mail.velora.example", "mail.velora.example"),
    ],
)
def test_a_machine_without_a_full_name_greets_with_the_senders_domain(
    machine: str, greeted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda *_: machine)
    assert sent("Leeway <leeway@velora.example>").names == {greeted}


@pytest.mark.parametrize(
    ("sender", "name"),
    [
        ("Care Team, Billing <care@velora.example>", "Care Team, Billing"),  # chatwoot #15278
        ('"Care Team, Billing" <care@velora.example>', "Care Team, Billing"),
        (
            "Leeway (Mühlbach) <care@velora.example>",
            "Leeway (Mühlbach)",
        ),  # authgear-server #5643, mcp-email-server #192
        ("<care@velora.example>", ""),
        ("care@velora.example", ""),
    ],
)
def test_any_name_before_the_senders_address_is_only_a_name(sender: str, name: str) -> None:
    told = sent(sender)
    assert told.senders == {"care@velora.example"}
    assert [(one.display_name, one.addr_spec) for one in told.shown] == [(name, "care@velora.example")]


def test_without_a_domain_that_is_one_the_machine_speaks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda *_: "25aea30808b2")
    told = sent("leeway@localhost")
    assert "localhost" not in told.names

"""Mails end with one press, and with nothing less."""

import re
from datetime import timedelta
from html import unescape

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from leeway.app import App
from leeway.opt_out import unsubscribe_link
from models import OptOut
from web.app import make


def out(app: App) -> list[tuple[str, str]]:
    with app.sessions() as session:
        return [(row.address, row.kind) for row in session.scalars(select(OptOut).order_by(OptOut.kind))]


def test_a_scanner_that_follows_the_link_ends_nothing_and_one_press_does(slack_app: App) -> None:
    client = TestClient(make(slack_app))
    link = unsubscribe_link(slack_app, "Nele@velora.example", "digest").removeprefix("https://leeway.example")
    assert client.get(link).status_code == 200
    assert out(slack_app) == []
    fresh = TestClient(make(slack_app))  # a mail provider's server: no session, no cookie
    for _ in range(2):
        assert fresh.post(link, content="List-Unsubscribe=One-Click").status_code == 200
    assert out(slack_app) == [("nele@velora.example", "digest")]


def test_who_stopped_mails_by_mistake_starts_them_again_with_the_same_link(
    slack_app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No way back: sendgrid/docs #5568, gitter #805, opencost #792, mailtrain #489.
    client = TestClient(make(slack_app))
    link = unsubscribe_link(slack_app, "nele@velora.example", "digest").removeprefix("https://leeway.example")
    other = unsubscribe_link(slack_app, "nele@velora.example", "pack").removeprefix("https://leeway.example")
    client.post(other)
    assert "The link in the mail starts them again" in client.post(link).text
    monkeypatch.setattr(
        "leeway.opt_out.SECONDS", -timedelta(seconds=1).total_seconds()
    )  # no newer mail comes with another
    asked = client.get(link)
    assert "Get these mails again?" in asked.text
    assert out(slack_app) == [("nele@velora.example", "digest"), ("nele@velora.example", "pack")]
    again = re.search(r'action="([^"]*)"', asked.text)
    assert again is not None
    assert "You get the weekly digest again" in client.post(unescape(again[1])).text
    assert out(slack_app) == [("nele@velora.example", "pack")]
    assert client.post(f"{other}x&again=1").status_code == 403


@pytest.mark.parametrize("token", ["", "forged", "x.y.z"])
def test_a_forged_link_ends_nothing(slack_app: App, token: str) -> None:
    assert TestClient(make(slack_app)).post(f"/unsubscribe?token={token}").status_code == 403
    assert out(slack_app) == []


def test_an_old_link_ends_nothing(slack_app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    link = unsubscribe_link(slack_app, "nele@velora.example", "digest").removeprefix("https://leeway.example")
    monkeypatch.setattr("leeway.opt_out.SECONDS", -timedelta(seconds=1).total_seconds())
    assert TestClient(make(slack_app)).post(link).status_code == 403
    assert out(slack_app) == []

"""Slack through its own client, against the simulator."""

from typing import cast

import pytest

from connectors.base import CredentialError, NotReachable, Page, ScopeError, SourceUnavailable
from connectors.slack import SlackConnector
from connectors.slack.parse import parse_message
from simulator.server import Simulator
from simulator.world import Message
from tests.conftest import LONG_AGO, connect_to, walk
from tests.connectors.few import rename_channel


def connect(company: Simulator, **changes: object) -> SlackConnector:
    return cast(SlackConnector, connect_to(company, "slack", **changes))


def pull_all(connector: SlackConnector, cursors: dict[str, object] | None = None) -> dict[str, list[Page]]:
    return {s: walk(connector, s, (cursors or {}).get(s)) for s in connector.streams()}  # type: ignore[arg-type]


def signals(pages: dict[str, list[Page]]) -> set[str]:
    return {s.external_id.split(":")[1] for stream in pages.values() for p in stream for s in p.signals}


def test_every_message_and_reply_arrives(company: Simulator) -> None:
    found = signals(pull_all(connect(company)))
    assert found == {m.ts for m in company.world.messages}


def test_only_listed_channels_are_read(company: Simulator) -> None:
    pages = pull_all(connect(company, channels=["#platform"]))
    assert set(pages) == {"people", "channel platform"}
    assert signals(pages) == {m.ts for m in company.world.messages if m.channel == "platform"}


def test_a_reply_to_an_old_thread_is_seen(company: Simulator) -> None:
    connector = connect(company)
    cursors = {stream: pages[-1].cursor for stream, pages in pull_all(connector).items()}
    root = min((m for m in company.world.messages if m.thread is None), key=lambda m: float(m.ts))
    newest = max(float(m.ts) for m in company.world.messages)
    company.world.messages.append(Message(root.channel, f"{newest + 3600:.6f}", 1, "late answer", root.ts))
    pages = pull_all(connector, cursors)
    texts = [s.text for stream in pages.values() for p in stream for s in p.signals]
    assert "late answer" in texts


def test_a_killed_backfill_continues_at_its_page(company: Simulator) -> None:
    at = max(float(m.ts) for m in company.world.messages)
    for n in range(450):
        company.world.messages.append(Message("platform", f"{at + n:.6f}", 1, f"line {n}"))
    connector = connect(company, channels=["platform"])
    pages = walk(connector, "channel platform")
    assert len(pages) > 2
    first = next(n for n, page in enumerate(pages) if page.cursor)
    rest = walk(connect(company, channels=["platform"]), "channel platform", pages[first].cursor)
    seen = {s.external_id for p in [*pages[: first + 1], *rest] for s in p.signals}
    assert seen == {s.external_id for p in pages for s in p.signals}


def test_people_carry_their_address_and_bots_are_known(company: Simulator) -> None:
    accounts = [a for p in pull_all(connect(company))["people"] for a in p.accounts]
    assert sum(a.bot for a in accounts) == 1
    assert all(a.email for a in accounts if not a.bot)


def test_a_missing_scope_is_named(company: Simulator) -> None:
    company.config.slack_scopes -= {"channels:history"}
    connector = connect(company)
    with pytest.raises(ScopeError, match="channels:history"):
        pull_all(connector)
    assert [c.name for c in connector.check(LONG_AGO) if not c.ok] == ["scope channels:history"]


def test_a_wrong_token_and_an_unreachable_server(company: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CredentialError, match="rejected") as caught:
        pull_all(connect(company, token="xoxb-sekret"))
    assert "sekret" not in str(caught.value)
    monkeypatch.setattr("connectors.retry.ATTEMPTS", 1)
    with pytest.raises(SourceUnavailable, match=r"slack\.api_url"):
        connect(company, api_url="http://127.0.0.1:9/api/").streams()


def test_a_broadcast_reply_belongs_to_its_thread() -> None:
    item, signal = parse_message(
        {"ts": "20.1", "thread_ts": "10.1", "subtype": "thread_broadcast", "user": "U1", "text": "x"}, "a", "C1"
    )
    assert item is None
    assert signal is not None
    assert signal.item == "C1:10.1"


def test_joins_are_no_work() -> None:
    assert parse_message({"ts": "1.0", "subtype": "channel_join", "text": "joined"}, "a", "C1") == (None, None)


def test_a_channel_that_vanished_is_said(company: Simulator) -> None:
    connector = connect(company, channels=["platform"])
    connector.streams()
    company.slack.channels.clear()
    with pytest.raises(NotReachable, match="invite"):
        list(connector.pull("channel platform", None, LONG_AGO))


def ids(source: SlackConnector) -> set[str]:
    """Signals of #platform."""
    source.streams()
    return {signal.external_id for page in walk(source, "channel platform") for signal in page.signals}


def test_a_channel_is_read_on_under_the_name_that_it_had(company: Simulator) -> None:
    before = ids(connect(company, channels=["platform"]))
    rename_channel(company, "platform", "infrastructure")
    assert ids(connect(company, channels=["platform"])) == before != set()
    assert all(row.ok for row in connect(company, channels=["platform"]).check(LONG_AGO))
    rename_channel(company, "sales", "platform")  # the name is another channel's now
    assert not ids(connect(company, channels=["platform"])) & before


def test_thread_window_is_a_setting(company: Simulator) -> None:
    """Reading old parents again costs a request a channel with a window of a day, and more with a longer one."""
    asked = {}
    for days in (1, 30):
        connector = connect(company, thread_days=days)
        cursors = {stream: pages[-1].cursor for stream, pages in pull_all(connector).items()}
        for n in range(2_000):
            first = next(m for m in company.world.messages if m.channel == "platform")
            company.world.messages.append(Message("platform", f"{float(first.ts) + n / 1000:.6f}", 1, "line"))
        before = company.slack.requests
        pull_all(connector, cursors)
        asked[days] = company.slack.requests - before
    assert asked[1] + 5 < asked[30]

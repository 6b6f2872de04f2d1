"""The judge as an ops engineer meets it: off by default, said by `leeway check`, followed in `leeway status`."""

import socket
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy.orm import sessionmaker

from connectors.judge.client import Client
from leeway.app import App
from leeway.check import check_all
from leeway.judging import judge_streams, round_is_due
from leeway.run import run_once
from leeway.settings import Settings, SettingsError, load
from leeway.status import status_of
from leeway.status_text import render
from models import StreamCursor, connect
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from simulator.judge import Fault, JudgeServer
from simulator.server import Simulator
from tests.conftest import NOW, TODAY, HashedWords, newest_sqlite
from tests.pipeline.judge.conftest import NOW as SUNDAY
from tests.pipeline.judge.conftest import Small, built, honest

TOKEN = "token-that-nobody-may-see"


def app_of(url: str, now: Any = NOW, **sections: Any) -> App:
    found = App(Settings.model_validate({"database": {"url": url}, **sections}), now=now)
    found.__dict__["encoder"] = HashedWords()
    return found


@pytest.fixture
def place(tmp_path: Path) -> str:
    """The address of the small company's database."""
    url = newest_sqlite(tmp_path / "small.db")
    engine = connect(url)
    small: Small = built(sessionmaker(engine))
    with small.sessions.begin() as session:
        session.add(StreamCursor(source="jira", stream="A", state={}, pulled_at=SUNDAY, finished_at=SUNDAY))
    engine.dispose()
    return url


def rows(app: App) -> dict[str, Any]:
    return {row.name: row for row in check_all(app) if row.part == "judge"}


def told(app: App) -> str:
    out = Console(file=StringIO(), width=400)
    render(status_of(app), out)
    assert isinstance(out.file, StringIO)
    return next((line for line in out.file.getvalue().splitlines() if line.startswith("judge ")), "")


def test_without_the_section_a_cycle_connects_to_the_sources_and_to_nothing_else(
    few_days: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_of(newest_sqlite(tmp_path / "off.db"), hubspot=few_days.settings()["hubspot"])
    with app.sessions.begin() as session:
        text = register_yaml(TODAY)
        load_register(session, parse(text), text)
    reached: set[Any] = set()
    plain = socket.socket.connect

    def connecting(self: socket.socket, address: Any) -> None:
        reached.add(address)
        plain(self, address)

    monkeypatch.setattr(socket.socket, "connect", connecting)
    run_once(app, lambda *_: None)
    assert {port for _, port in reached} == {int(few_days.addresses["hubspot"].rpartition(":")[2])}
    assert rows(app)["what leaves"].found == "off: nothing is sent to a judge"
    assert status_of(app)["judge"] is None


def test_check_says_in_one_sentence_what_leaves_and_where_to_and_sends_nothing_of_it(place: str) -> None:
    with JudgeServer(honest, token=TOKEN) as server:
        given = {"url": server.url, "model": "m", "token": TOKEN, "sends": "texts", "not_from": ["a", "Bord"]}
        found = rows(app_of(place, judge=given))
        assert found["what leaves"].found == (
            f"titles and texts of at most 200 streams a day and the key results leave this machine for {server.url} (m), "
            "with names of people, addresses and mentions replaced, nothing of a, Bord"
        )
        assert found[server.url].ok
        assert not found["Bord"].ok  # a container that nobody knows protects nothing
        assert "a" not in found
        assert [one.split(b"\r\n")[0] for one in server.received] == [b"GET /v1/models HTTP/1.1"]
        wrong = rows(app_of(place, judge={"url": server.url, "model": "m", "token": "other"}))[server.url]
    assert (wrong.ok, wrong.found) == (False, "the token was rejected (401).")
    gone = rows(app_of(place, judge={"url": server.url, "model": "m", "token": TOKEN}))[server.url]
    assert not gone.ok
    assert TOKEN not in f"{gone}{wrong}"


def test_a_key_that_follows_the_address_is_shown_nowhere(place: str) -> None:
    """Some gateways take it there: ?api-version=...&key=..."""
    with JudgeServer(honest) as server:
        given = {"url": f"{server.url}?key={TOKEN}", "model": "m"}
        found = rows(app_of(place, judge=given))
        server.faults[:] = [Fault(403, body=b"<html>Access denied</html>")]
        stopped = rows(app_of(place, judge=given))
        assert f"key={TOKEN}".encode() in server.received[-1]
    assert found[server.url].ok
    assert "something in front of" in stopped[server.url].found
    assert TOKEN not in f"{found}{stopped}{Client(given['url'], 'm').name}"


def test_status_says_what_is_unjudged_and_why(place: str) -> None:
    with JudgeServer(honest) as server:
        given = {"url": server.url, "model": "m", "calls_per_day": 15}
        app = app_of(place, SUNDAY, judge=given)
        assert judge_streams(app) == 15
        assert "15 streams judged; 5 unjudged (today's budget is used up (15 calls, 15000 tokens))" in told(app)
        more = app_of(place, SUNDAY, judge=given | {"calls_per_day": 100})
        server.faults += [Fault(503)] * 3
        assert judge_streams(more) == 0
        assert "5 unjudged (no answer since 2" in told(more)
        assert "the server answered 503" in told(more)
    off = app_of(place, SUNDAY)
    judge_streams(off)
    assert told(off) == ""


def test_a_round_is_due_once_in_ten_minutes_however_often_workers_are_woken(place: str) -> None:
    app = app_of(place)
    assert [round_is_due(app), round_is_due(app)] == [True, False]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('url = "127.0.0.1:11434"\nmodel = "m"', "judge.url: an address starts with https:// (or http://)"),
        ('url = "http://x"', "judge.model: is missing"),
        ('url = "http://x"\nmodel = "m"\nsends = "everything"', "judge.sends: one of 'titles' or 'texts' is needed"),
    ],
)
def test_a_fault_in_the_settings_is_said_with_its_place(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "leeway.toml"
    file.write_text(f"[judge]\n{line}\n")
    with pytest.raises(SettingsError) as error:
        load(file)
    assert said in str(error.value)


def test_the_token_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "leeway.toml").write_text('[judge]\nurl = "http://x/v1"\nmodel = "m"\n')
    monkeypatch.setenv("LEEWAY_JUDGE__TOKEN_FILE", str(tmp_path / "token"))
    judge = load(tmp_path / "leeway.toml").judge
    assert judge is not None
    assert judge.token.get_secret_value() == TOKEN
    assert TOKEN not in repr(judge)
    assert timedelta(seconds=judge.seconds) < timedelta(minutes=2)

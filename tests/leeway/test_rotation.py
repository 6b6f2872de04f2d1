"""A process that runs on takes over a renewed token, and outlives a database that restarts.

Reported of others: drt-hub/drt #929 (a rotated secret is held until the restart).
"""

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from leeway import run, tasks
from leeway.app import App, NotReady
from leeway.celery_app import _one, celery, the_app
from leeway.settings import load
from pipeline.cycle import Report


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "leeway.toml").write_text(
        '[jira]\nurl = "https://a.example"\nprojects = ["A"]\n[identity]\nfile = "people.csv"\n'
    )
    (tmp_path / "token").write_text("old")
    (tmp_path / "people.csv").write_text("source,account,email\n")
    monkeypatch.setenv("LEEWAY_JIRA__TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.chdir(tmp_path)
    _one.cache_clear()
    return tmp_path


def token() -> str:
    jira = the_app().settings.jira
    assert jira is not None
    return jira.token.get_secret_value()


def test_a_worker_takes_a_renewed_secret_as_kubernetes_renews_it(folder: Path) -> None:
    assert token() == "old"
    before = the_app().connectors["jira"]
    assert the_app().connectors["jira"] is before  # nothing changed, nothing is made again
    (folder / "renewed").write_text("new")
    (folder / "renewed").replace(folder / "token")
    assert token() == "new"
    assert the_app().connectors["jira"] is not before


def test_a_source_that_was_taken_out_after_it_was_woken_is_no_task_that_failed(folder: Path) -> None:  # onyx #1551
    with capture_logs() as logs:
        tasks.pull.apply(("slack", "run"), throw=True)
    assert logs == []


def test_a_wake_holds_where_the_workers_clock_is_ahead() -> None:  # paperless-ngx #13942, celery #8430
    assert celery.conf.beat_schedule["wake"]["options"]["expires"] >= 600


def test_settings_that_do_not_hold_any_more_change_nothing_and_are_said_once(folder: Path) -> None:
    assert token() == "old"
    (folder / "leeway.toml").write_text("[jira]\nurl = 7\n")
    with capture_logs() as logs:
        assert token() == token() == "old"
    assert [line["event"] for line in logs] == ["changed settings were not applied"]
    (folder / "leeway.toml").write_text('[jira]\nurl = "https://b.example"\nprojects = ["A"]\n')
    jira = the_app().settings.jira
    assert jira is not None
    assert jira.url == "https://b.example"


def test_a_line_in_the_mapping_file_counts_from_the_next_round_on(folder: Path) -> None:
    assert the_app().directory.people == {}
    (folder / "people.csv").write_text("source,account,email\njira,5f1,-\n")
    assert the_app().directory.people == {("jira", "5f1"): None}


class _AtOnce(threading.Event):
    def wait(self, timeout: float | None = None) -> bool:
        return self.is_set()


@pytest.mark.usefixtures("folder")
def test_leeway_run_goes_on_after_a_cycle_that_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    cycles: list[int] = []

    def cycle(*_: Any) -> Report:
        cycles.append(len(cycles))
        if len(cycles) == 2:
            raise OperationalError("", {}, Exception("server closed the connection unexpectedly"))
        if len(cycles) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        return Report()

    monkeypatch.setattr(run, "run_once", cycle)
    monkeypatch.setattr(threading, "Event", _AtOnce)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with capture_logs() as logs:
            run.run_forever(App(load()), Console(quiet=True))
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert len(cycles) == 3
    assert [line["reason"] for line in logs if line["event"] == "cycle ended"] == [
        "the database: server closed the connection unexpectedly. It is starting or stopping: wait, then run it again; "
        "nothing is lost."
    ]


@pytest.mark.usefixtures("folder")
def test_a_stop_within_a_cycle_waits_for_the_chunk_in_hand_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def cycle(_app: App, show: Any, _budget: Any) -> Report:
        show("encode", 1_000, 9_000)
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("the chunk in hand")
        show("encode", 2_000, 9_000)
        done.append("the next one")
        return Report()

    monkeypatch.setattr(run, "run_once", cycle)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        run.run_forever(App(load()), Console(quiet=True))
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert done == ["the chunk in hand"]


@pytest.mark.usefixtures("folder")
def test_whoever_starts_it_hears_at_once_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: Any) -> Report:
        raise NotReady("no register is loaded yet.")

    monkeypatch.setattr(run, "run_once", refuses)
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with pytest.raises(NotReady):
            run.run_forever(App(load()), Console(quiet=True))
    finally:
        signal.signal(signal.SIGTERM, handler)

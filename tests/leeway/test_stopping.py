"""Work that is told to stop ends after the page or chunk in hand, in whatever process it goes on."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn
from celery.signals import celeryd_init, worker_shutting_down
from structlog.testing import capture_logs

from leeway import celery_app, tasks, worker
from leeway.stopping import Stop, Stopped, when_told
from web import serve

NAMES = ("SIGTERM", "SIGHUP")


@pytest.fixture
def handlers() -> Iterator[None]:
    before = {name: signal.getsignal(getattr(signal, name)) for name in NAMES}
    yield
    for name, one in before.items():
        signal.signal(getattr(signal, name), one)


@pytest.mark.usefixtures("handlers")
def test_a_closed_terminal_stops_it_but_not_where_nohup_started_it() -> None:  # gunicorn #594, local-operator PR #1044
    heard: list[int] = []
    when_told(lambda number, _: heard.append(number), *NAMES, "SIGNONE")
    for name in NAMES:
        os.kill(os.getpid(), getattr(signal, name))
    assert heard == [signal.SIGTERM, signal.SIGHUP]
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    when_told(lambda number, _: heard.append(number), *NAMES)
    os.kill(os.getpid(), signal.SIGHUP)
    assert len(heard) == 2


def test_what_was_forked_before_hears_of_it() -> None:
    stop = Stop()
    child = os.fork()
    if not child:  # pragma: no cover - another process
        for _ in range(500):
            if stop.is_asked():
                os._exit(0)
            time.sleep(0.01)
        os._exit(1)
    stop.ask()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_task_of_a_worker_that_is_told_to_end_stops_after_its_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, done, counted = Stop(), [], []
    monkeypatch.setattr(tasks, "STOP", stop)
    monkeypatch.setattr(tasks, "count", lambda *given: counted.append(given[2]))
    app: Any = SimpleNamespace(limiter=SimpleNamespace(waited=0.0), sessions=None)
    with capture_logs() as logs, tasks._counted(app, "encode", "r"):
        show = tasks._pace()
        show("encode", 1_000, 9_000)
        stop.ask()
        done.append("the chunk in hand")
        show("encode", 2_000, 9_000)
        done.append("the next one")
    assert done == ["the chunk in hand"]
    assert [line["event"] for line in logs] == ["stopped"]
    assert counted[0] == "encode stopped"
    with pytest.raises(Stopped):
        stop.heard_in(lambda *_: None)("pull jira", 0, None)


def test_celerys_main_process_says_it_to_its_pool_and_logs_json_before_it_warns() -> None:
    assert celery_app.STOP.ask in [receiver() for _, receiver in worker_shutting_down.receivers]
    assert celery_app._logs in [receiver() for _, receiver in celeryd_init.receivers]
    commands = worker.processes(("pull",), True, 2)
    assert all("--quiet" in command for command in commands.values())


def test_a_worker_that_does_not_end_is_killed_with_its_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "STOP_SECONDS", 0)
    shell = "trap '' TERM; sleep 60 & echo ready; wait"
    child = worker._Child("pull", ())
    child.process = subprocess.Popen(["sh", "-c", shell], stdout=subprocess.PIPE, start_new_session=True)
    with child.process as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        worker._stop([child])
        assert process.stdout.read() == b""  # it ends once nobody is left who could write


def test_the_page_ends_though_somebody_sends_half_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # CrossWatch #1118
    served: list[Any] = []

    class Server:
        def __init__(self, config: uvicorn.Config) -> None:
            served.append(config)

        def run(self, **_: Any) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(uvicorn, "Server", Server)
    with socket.socket() as listening:
        serve.answer(lambda *_: None, listening)  # type: ignore[arg-type, return-value]
    (config,) = served
    assert config.timeout_graceful_shutdown == serve.LAST_SECONDS < 10
    assert config.log_config is None  # so that its errors are JSON among JSON

"""`python -m leeway.alive`: who works is well, however busy; who was killed, hangs or lost its Redis is not."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from celery.beat import SchedulingError
from structlog.testing import capture_logs

from leeway import alive
from leeway.life_signs import GOOD_FOR, SILENT, WakingScheduler, WorkerSigns, hears
from tests.alerts.test_channels import dead_port
from tests.conftest import redis_server

WORKER = """
import sys
from celery import Celery
app = Celery(broker=sys.argv[1])
app.conf.update(broker_connection_max_retries=None, worker_hijack_root_logger=False)
app.steps["consumer"].add("leeway.life_signs:WorkerSigns")
app.worker_main(["worker", "-c", "1", "-n", "pull@%h", "--without-mingle", "--without-gossip"])
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / f"leeway-{os.getuid()}"


def until(seen: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # another process works; the deadline is what fails


def test_a_worker_is_well_until_its_redis_is_gone_for_minutes_and_again_when_it_is_back_and_not_once_killed(
    tmp_path: Path, folder: Path
) -> None:
    port = dead_port()
    command = [sys.executable, "-c", WORKER, f"redis://127.0.0.1:{port}/0"]
    with (tmp_path / "log").open("wb") as log:
        with redis_server(tmp_path, port=str(port), bind="127.0.0.1"):
            worker = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env=os.environ | {"TMPDIR": str(tmp_path)},
                cwd=Path(__file__).parents[2],
            )
            until(lambda: alive.fault("pull") is None)
            later = time.monotonic() + GOOD_FOR + 1
            assert "no sign of life for 18" in str(alive.fault("pull", later))  # it hangs: nothing is left any more
        until(lambda: "no broker" in str(alive.fault("pull", later)))
        assert alive.fault("pull") is None  # a broker that restarts makes nobody ill
        with redis_server(tmp_path, port=str(port), bind="127.0.0.1"):
            until(lambda: "no broker" not in str(alive.fault("pull", later)))
            worker.kill()
            worker.wait()
            assert alive.fault("pull") == f"its process {worker.pid} has ended"


@pytest.mark.parametrize(
    ("asked", "free", "well"),
    [(1, True, True), (SILENT + 1, True, False), (3600, False, True), (None, True, True)],
    ids=["idle", "takes nothing", "busy for an hour", "another broker"],
)
def test_one_that_takes_no_message_with_a_hand_free_is_not_well(asked: float | None, free: bool, well: bool) -> None:
    channel = SimpleNamespace(qos=SimpleNamespace(can_consume=lambda: free))
    if asked is not None:
        channel._brpop_sent_at = time.monotonic() - asked
    assert hears(channel) is well


def test_beat_is_well_while_the_broker_takes_its_wakes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = Celery(broker="memory://", set_as_current=False)
    app.conf.beat_schedule = {"wake": {"task": "wake", "schedule": 30.0}}
    scheduler = WakingScheduler(app)
    assert alive.fault("beat") is None
    assert alive.fault("beat", time.monotonic() + 125) is not None
    scheduler.apply_async(scheduler.schedule["wake"])
    assert alive.fault("beat", time.monotonic() + 170) is None
    alive.end("beat")

    def lost(*_: Any, **__: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(scheduler, "send_task", lost)
    with pytest.raises(SchedulingError):
        scheduler.apply_async(scheduler.schedule["wake"])
    assert alive.fault("beat") is not None


def test_the_folder_is_its_users_alone_and_one_that_others_made_is_not_believed(folder: Path) -> None:
    alive.sign("pull", 60)
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o770)
    assert "open to others" in str(alive.fault("pull"))
    with pytest.raises(PermissionError):
        alive.sign("pull", 60)
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("elsewhere")
    assert "is no folder" in str(alive.fault("pull"))


def test_a_worker_that_can_leave_no_sign_works_on_ends_well_and_says_it_once(folder: Path) -> None:
    folder.write_text("a file where the folder should be")
    timer = SimpleNamespace(call_after=lambda *_: SimpleNamespace(cancel=lambda: None))
    timer.call_repeatedly = timer.call_after
    channel = SimpleNamespace(qos=SimpleNamespace(can_consume=lambda: True))
    consumer = SimpleNamespace(timer=timer, hostname="pull@x", task_consumer=SimpleNamespace(channel=channel))
    step = WorkerSigns(consumer)
    step.start(consumer)
    with capture_logs() as said:
        step._sign(consumer)
        step._sign(consumer)
        step.stop(consumer)
        step.shutdown(consumer)
    assert [row["log_level"] for row in said] == ["warning"]


def test_the_command_says_what_is_wrong_and_loads_nothing(folder: Path, tmp_path: Path) -> None:
    def asked(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "leeway.alive", *words],
            env=os.environ | {"TMPDIR": str(tmp_path)},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
        )

    alive.sign("encode", 60)
    well = asked("encode")
    assert well.returncode == 0
    assert not {"celery", "leeway.settings", "importlib.metadata", "json"} & {
        line.rpartition("|")[2].strip() for line in well.stderr.splitlines()
    }
    ill = asked("../encode")
    assert ill.returncode == 1
    assert "../encode: has left no sign of life" in ill.stderr
    assert asked().returncode == 1

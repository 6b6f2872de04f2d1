"""`leeway worker`: Celery workers for this machine, one process per queue, so that long work never delays an alert."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from leeway import logs
from leeway.stopping import when_told

log = structlog.get_logger()
STOP_SECONDS = 60
_LONGEST_PAUSE = 30
_STEADY_SECONDS = 60
_PR_SET_PDEATHSIG = 1


def processes(queues: Sequence[str], beat: bool, cores: int) -> dict[str, list[str]]:
    """The command of each process by name; `cores` is how many the heavy stages may use together."""
    most = {"pull": 3, "encode": max(1, cores // 2), "analyse": max(1, cores // 4), "speak": 2}
    celery = [sys.executable, "-m", "celery", "-A", "leeway.celery_app", "--quiet"]
    found = {
        queue: [
            *celery,
            "worker",
            "-Q",
            queue,
            "-c",
            str(most[queue]),
            "-n",
            f"{queue}@%h",
            "--prefetch-multiplier",
            "1",
            "--without-mingle",
            "--without-gossip",
        ]
        for queue in queues
    }
    return found | ({"beat": [*celery, "beat", "--pidfile="]} if beat else {})


@dataclass(slots=True)
class _Child:
    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    pause: float = 1.0
    due: float = field(default=0.0)


def supervise(commands: Mapping[str, Sequence[str]], config: Path | None) -> int:
    """Run the processes until told to stop, starting again what ends by itself; returns the exit status."""
    if not sys.stderr.isatty():
        logs.set_up(json=True)  # as the processes do: two forms in one log are read by nobody
    environment = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"} | dict(os.environ)
    if config is not None:
        environment["LEEWAY_CONFIG"] = str(config.resolve())
    stop = threading.Event()

    when_told(lambda *_: stop.set(), "SIGTERM", "SIGINT", "SIGHUP")
    children = [_Child(name, command) for name, command in commands.items()]
    try:
        while not stop.is_set():
            for child in children:
                _keep_up(child, environment)
            stop.wait(0.5)
    finally:
        _stop(children)
    return 0


def _keep_up(child: _Child, environment: Mapping[str, str]) -> None:
    now = time.monotonic()
    if child.process is not None and child.process.poll() is None:
        return
    if child.process is not None:
        log.warning("process ended", name=child.name, status=child.process.returncode, again_in=child.pause)
        steady = now - child.started > _STEADY_SECONDS
        child.due, child.process = now + child.pause, None
        child.pause = 1.0 if steady else min(_LONGEST_PAUSE, 2 * child.pause)
    if now >= child.due:
        # A session of its own, so that Ctrl-C reaches it once, from here.
        child.process = subprocess.Popen(  # noqa: S603 - ours
            child.command,
            env=environment,
            start_new_session=True,
            preexec_fn=_end_with_us if sys.platform == "linux" else None,  # we have one thread
        )
        child.started = now
        log.info("process started", name=child.name, pid=child.process.pid)


def _end_with_us() -> None:
    """In the child: be told to end when this process does, also by kill -9; else it would work on beside its successor."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _stop(children: Sequence[_Child]) -> None:
    running = [child.process for child in children if child.process is not None and child.process.poll() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its pool too; what it was at stays pending in the database
            process.wait()

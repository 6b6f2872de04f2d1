"""docker-compose.yml: what it promises, and its very commands as processes on the wheels' PostgreSQL and Redis."""

import json
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from models import Cycle, StreamCursor, WorkItem, connect
from simulator.api.config import ApiConfig
from simulator.server import Simulator
from tests.conftest import _three_weeks, recent, redis_server
from tests.leeway.test_cli import configure, started

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "leeway"}


def test_every_service_is_watched_restarted_and_has_least_rights() -> None:
    assert set(OURS) == {"beat", "pull", "encode", "analyse", "speak", "web"}
    for name, service in SERVICES.items():
        assert service["healthcheck"]["test"], name
        assert service["restart"] == "unless-stopped"
        for port in service.get("ports", []):
            assert str(port).startswith("127.0.0.1:"), f"{name} listens beyond this machine"
    for name, service in OURS.items():
        assert service["user"] not in ("0", "root")
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["stop_grace_period"], name
        assert {"postgres", "redis"} == set(service["depends_on"])
    queues = [word for service in OURS.values() for word in service["command"]]
    from leeway.celery_app import QUEUES

    assert set(QUEUES) <= set(queues)
    assert set(COMPOSE["volumes"]) == {"postgres"}


def test_no_secret_is_written_in_it_and_each_one_comes_from_a_file() -> None:
    said = (ROOT / "docker-compose.yml").read_text()
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if re.search("PASSWORD|TOKEN|SECRET|DATABASE__URL", name):
                assert name.endswith("_FILE")
                assert value.startswith("/run/secrets/")
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert not re.search(r"(?i)(password|token)\s*[:=]\s*[\"']?[a-z0-9]{8}", said.replace("postgres_password", ""))


def test_the_image_runs_without_rights_and_holds_all_that_is_imported() -> None:
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["10001"]
    copied = {line.split()[1] for line in lines if line.startswith("COPY ") and len(line.split()) == 3}
    listed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages <= copied
    assert packages <= listed
    assert not any(
        "__pycache__" in line for line in lines
    )  # it may not write: without them each start would compile all


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with redis_server(tmp_path, port=str(port), bind="127.0.0.1"):
        yield port


def test_its_commands_run_the_whole_job_and_stop_when_asked(tmp_path: Path, postgres_url: str, redis_port: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    world = recent(pickle.loads(_three_weeks()), 5)  # noqa: S301 - made by conftest
    (tmp_path / "secret").write_text(postgres_url + "\n")
    given = {
        "LEEWAY_DATABASE__URL_FILE": str(tmp_path / "secret"),
        "LEEWAY_BROKER__URL": f"redis://127.0.0.1:{redis_port}/0",
        "LEEWAY_WEB__PORT": port,
        "LEEWAY_SCHEDULE__WAKE_SECONDS": "3",
    }
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LEEWAY_")} | given
    environment |= {
        "TMPDIR": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}",
        "OMP_NUM_THREADS": "1",
    }
    processes: dict[str, subprocess.Popen[bytes]] = {}
    engine = connect(postgres_url)
    with Simulator(world, ApiConfig(speed=10_000)) as company:
        configure(tmp_path, company)
        assert started(tmp_path, "okrs", "load", "okrs.yaml", **given).returncode == 0
        try:
            for name, service in OURS.items():
                with (tmp_path / f"{name}.log").open("wb") as log:
                    processes[name] = subprocess.Popen(
                        service["command"], cwd=tmp_path, env=environment, stdout=log, stderr=log
                    )
            deadline = time.monotonic() + 1200
            while not worked(engine):
                assert time.monotonic() < deadline, logs(tmp_path)
                assert {name: one.poll() for name, one in processes.items()} == dict.fromkeys(processes), logs(tmp_path)
                time.sleep(0.5)  # other processes work; the deadline is what fails
            status = json.loads(started(tmp_path, "status", "--json", **given).stdout)
            assert status["last_cycle"]
            assert set(status["sources"]) == {"jira", "slack", "hubspot"}
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=60) as answer:
                assert json.load(answer) == {"ready": True}
            seen = json.loads(started(tmp_path, "doctor", "--json", **given).stdout)
            assert {(row["part"], row["name"]) for row in seen if not row["ok"]} == set(), seen
            # A container's check may run without the shell's HOSTNAME.
            bare = {k: v for k, v in environment.items() if k != "HOSTNAME"}
            assert checked(tmp_path, bare, port) == dict.fromkeys(OURS, 0)
        finally:
            for process in processes.values():
                process.send_signal(signal.SIGTERM)
            ends = {name: process.wait(60) for name, process in processes.items()}
    engine.dispose()
    assert checked(tmp_path, bare, port) == dict.fromkeys(OURS, 1)
    assert ends == dict.fromkeys(ends, 0) | {"web": -signal.SIGTERM}  # uvicorn ends with the signal it was sent
    said = logs(tmp_path)
    assert "Traceback" not in said
    events: dict[str, set[str]] = {}
    plain = {
        line for name in processes if name != "web" for line in (tmp_path / f"{name}.log").read_text().splitlines()
    }
    plain = {line for line in plain if not line.startswith("{")}
    assert plain <= {"", "worker: Warm shutdown (MainProcess)"}  # no banner, and no warning of root
    for line in said.splitlines():
        if line.startswith("{"):
            row = json.loads(line)
            if row["event"] != "progress":  # said of what takes ten seconds, as it may on a slow machine
                events.setdefault(row.get("run", ""), set()).add(row["event"])
    followed = {"pulled", "encoded", "analysed", "told"}  # a run, from the pull to the alert
    assert any(followed <= seen for seen in events.values())
    assert not any(values["token"] in said for values in company.settings().values())
    assert postgres_url not in said


def health_checks(port: str) -> dict[str, list[str]]:
    """Each service's own check as a command, with the port that the page has here."""
    found = {}
    for name, service in OURS.items():
        kind, *words = (word.replace("8440", port) for word in service["healthcheck"]["test"])
        assert kind == "CMD"  # no shell is needed, nor its variables
        found[name] = words
    return found


def checked(folder: Path, environment: dict[str, str], port: str) -> dict[str, int]:
    """The exit status of each service's own check."""
    asked = {
        name: subprocess.Popen(check, cwd=folder, env=environment, stderr=subprocess.DEVNULL)
        for name, check in health_checks(port).items()
    }
    return {name: one.wait(300) for name, one in asked.items()}


def worked(engine: Engine) -> bool:
    """A cycle has ended with all sources in it, and nothing is pending."""
    with Session(engine) as session:
        finished = set(session.scalars(select(StreamCursor.source).where(StreamCursor.finished_at.is_not(None))))
        pending = session.scalar(select(func.count()).select_from(WorkItem).where(WorkItem.stale | WorkItem.unmatched))
        through = session.scalar(select(func.max(Cycle.through)))
    return len(finished) == 3 and not pending and through is not None


def logs(folder: Path) -> str:
    return "\n".join(path.read_text(errors="replace") for path in sorted(folder.glob("*.log")))

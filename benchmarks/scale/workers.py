"""Analyse the database with a number of worker processes, and measure time and memory."""

import multiprocessing
import os
import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psutil
from sqlalchemy import func, select, text
from sqlalchemy.orm import sessionmaker
from threadpoolctl import threadpool_limits

import pipeline.drift.stage
import pipeline.ending
from benchmarks.scale.company import LAST, WordVectors
from models import Cycle, connect
from pipeline.cycle import Analysis, Report
from pipeline.drift.detector import DriftSettings

PARTS = {
    pipeline.ending: ("draw_audit", "keep_streams", "detect_drift", "keep_questions", "keep_diagnoses"),
    pipeline.drift.stage: ("observe", "current_themes", "keep_themes"),
}
"""What one worker does alone at the end, by the names that it has there: each is timed by itself."""
LIBRARIES = ("scipy.special", "scipy.sparse.csgraph", "sklearn.cluster", "sklearn.feature_extraction.text")
"""Loaded where a stage first needs them: once in a worker's life, which lasts for many days, and so told apart from a cycle."""
EVENING = timedelta(hours=22)
"""When the first analysis is: the last day is over at the company by then."""


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of an analysis from the cycle's begin on; by stage, and by part of the last one, of the slowest worker; MB of the
    largest worker, and of all processes of the database together, at most; the seconds that a processor was at it, in all
    workers and in the database: what other programs on the machine change least; and those that loading libraries took before."""

    seconds: float
    stages: dict[str, float]
    parts: dict[str, float]
    worker: float
    database: float
    processor: float = 0.0
    loading: float = 0.0

    def told(self) -> str:
        """In words."""
        return (
            f"{told(self.stages)}; of drift {told(self.parts)}; a worker at most {self.worker:,.0f} MB, the database's own "
            f"processes {self.database:,.0f} MB; {self.processor:.1f} s of a processor, and {self.loading:.1f} to load libraries "
            f"once in a worker's life; load {os.getloadavg()[0]:.1f}"
        )


def told(seconds: dict[str, float]) -> str:
    """Seconds by name, the largest first."""
    largest = sorted(seconds.items(), key=lambda one: -one[1])
    return ", ".join(f"{name} {value:.1f}" for name, value in largest if value >= 0.05)


def timed(seconds: dict[str, float], name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose time is added up under its name."""

    def call(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return function(*given, **named)
        finally:
            seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - began

    return call


@contextmanager
def parts_timed(seconds: dict[str, float]) -> Iterator[None]:
    """While this holds, the parts of the last stage are timed."""
    patches = [
        patch.object(module, name, timed(seconds, name, getattr(module, name)))
        for module, names in PARTS.items()
        for name in names
    ]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def work(url: str, after: timedelta, results: Any) -> None:
    """One worker: joins until nothing is left; says what it took."""
    parts: dict[str, float] = {}
    loading = time.process_time()
    for name in LIBRARIES:
        import_module(name)
    loading = time.process_time() - loading
    with threadpool_limits(1), parts_timed(parts):
        engine = connect(url)
        now = datetime.combine(LAST, datetime.min.time(), UTC) + after
        analysis = Analysis(sessionmaker(engine), WordVectors(), DriftSettings(), now, ("jira", "slack"))
        report = Report()
        began = time.process_time()
        while not analysis.join(report):
            time.sleep(0.05)
        engine.dispose()
    results.put((report.seconds, parts, peak_memory(), time.process_time() - began, loading))


def peak_memory(process: int | str = "self") -> float:
    """Of a process in MB. Not `ru_maxrss`, which begins with what the parent had."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def analyse(url: str, workers: int, after: timedelta = EVENING) -> Took:
    """All stages with so many worker processes, so long after the last day of the history began."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=work, args=(url, after, results)) for _ in range(workers)]
    for process in processes:
        process.start()
    engine = connect(url)
    with sessionmaker(engine)() as session:  # from the first cycle's begin, not from the import of the libraries
        server = session.scalar(text("SELECT pg_backend_pid()"))
        while not (began := session.scalar(select(func.max(Cycle.started_at)).where(Cycle.finished_at.is_(None)))):
            session.rollback()
            time.sleep(0.02)
    main = psutil.Process(server).parent()
    before = processor_of(main)
    found, most = [], 0.0
    while len(found) < workers:
        try:
            found.append(results.get(timeout=0.5))
        except queue.Empty:
            most = max(most, own_memory(main))
            if any(process.exitcode for process in processes):
                raise SystemExit("a worker has died") from None
    seconds = (datetime.now(UTC) - began).total_seconds()
    for process in processes:
        process.join()
    busy = processor_of(main) - before + sum(one[3] for one in found)
    engine.dispose()
    stages, parts = (_slowest([one[n] for one in found]) for n in (0, 1))
    return Took(seconds, stages, parts, max(one[2] for one in found), most, busy, sum(one[4] for one in found))


def _slowest(found: list[dict[str, float]]) -> dict[str, float]:
    return {name: max(one.get(name, 0.0) for one in found) for name in sorted({n for one in found for n in one})}


def processor_of(main: Any) -> float:
    """Seconds of a processor that a server and its processes have taken, those that have ended too."""
    found = 0.0
    for process in [main, *main.children()]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:  # ended just now, and counted with its parent then
            continue
        found += times.user + times.system + times.children_user + times.children_system
    return float(found)


def own_memory(main: Any) -> float:
    """MB of a server's processes that none shares with another."""
    found = 0.0
    for process in [main, *main.children()]:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:  # ended just now
            continue
        found += int(status.partition("RssAnon:")[2].split()[0]) / 1024 if "RssAnon:" in status else 0.0
    return found

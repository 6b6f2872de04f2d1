"""Analyses the database with so many worker processes, and measures what it took."""

import multiprocessing
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import sessionmaker
from threadpoolctl import threadpool_limits

from benchmarks.scale.company import LAST, WordVectors
from models import Cycle, connect
from pipeline.cycle import Analysis, Report
from pipeline.drift.detector import DriftSettings


def work(url: str, days: int, results: Any) -> None:
    """One worker: joins until nothing is left; says what it took."""
    with threadpool_limits(1):
        engine = connect(url)
        now = datetime.combine(LAST, datetime.min.time(), UTC) + timedelta(days=days, hours=22)
        analysis = Analysis(sessionmaker(engine), WordVectors(), DriftSettings(), now, ("jira", "slack"))
        report = Report()
        while not analysis.join(report):
            time.sleep(0.05)
        engine.dispose()
    results.put((report.seconds, peak_memory()))


def peak_memory() -> float:
    """Of this process in MB. Not `ru_maxrss`, which begins with what the parent had."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def analyse(url: str, workers: int, days: int = 0) -> tuple[float, dict[str, float], float]:
    """All stages with so many worker processes: seconds, seconds by stage of the slowest, memory of the largest in MB."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=work, args=(url, days, results)) for _ in range(workers)]
    for process in processes:
        process.start()
    with sessionmaker(connect(url))() as session:  # from the first cycle's begin, not from the import of the libraries
        while not (began := session.scalar(select(func.max(Cycle.started_at)).where(Cycle.finished_at.is_(None)))):
            session.rollback()
            time.sleep(0.02)
    found = [results.get() for _ in processes]
    seconds = (datetime.now(UTC) - began).total_seconds()
    for process in processes:
        process.join()
    stages = {
        name: max(one.get(name, 0.0) for one, _ in found) for name in sorted({n for one, _ in found for n in one})
    }
    return seconds, stages, max(memory for _, memory in found)

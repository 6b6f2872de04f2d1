"""Run one pull in a separate process that can be killed: `python -m benchmarks.connectors.puller SETTINGS DATABASE`.

SETTINGS is a JSON file {"sources": {name: settings}, "since": time, "now": time}. With `--report FILE` it writes wall and
processor seconds per source, the number of stored signals, and the process's resident memory over time.
"""

import argparse
import json
import sys
import threading
import time
from datetime import datetime
from pathlib import Path

import psutil
from sqlalchemy.orm import sessionmaker

import migrations
from connectors.base import SourceError
from connectors.registry import connector
from models import connect
from pipeline.ingest import pull as ingest


def main() -> None:
    """Pull every source once; exit 1 where one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("settings", type=Path)
    parser.add_argument("database")
    parser.add_argument("--report", type=Path)
    given = parser.parse_args()
    settings = json.loads(given.settings.read_text())
    engine = connect(given.database)
    migrations.upgrade(engine)
    since, now = datetime.fromisoformat(settings["since"]), datetime.fromisoformat(settings["now"]).timestamp()
    report: dict[str, object] = {"seconds": {}, "processor": {}, "signals": {}, "memory_mb": []}
    if given.report:
        threading.Thread(target=_watch, args=(report["memory_mb"],), daemon=True).start()
    failed = False
    for name, values in settings["sources"].items():
        source = connector(name, **values, now=lambda: now)
        start, processor = time.perf_counter(), time.process_time()
        try:
            counts = ingest.pull(source, sessionmaker(engine), since)
        except SourceError as error:
            sys.stderr.write(f"{error}\n")
            failed = True
            continue
        report["seconds"][name] = round(time.perf_counter() - start, 2)  # type: ignore[index]
        report["processor"][name] = round(time.process_time() - processor, 2)  # type: ignore[index]
        report["signals"][name] = counts["signals"]  # type: ignore[index]
    if given.report:
        given.report.write_text(json.dumps(report))
    sys.exit(int(failed))


def _watch(samples: list[float]) -> None:
    process = psutil.Process()
    while True:
        samples.append(round(process.memory_info().rss / 1e6, 1))
        time.sleep(0.5)


if __name__ == "__main__":
    main()

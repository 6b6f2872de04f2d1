"""Our pull compared with a bare loop of the vendor's client on the same requests, in one run against the same simulator.

`python -m benchmarks.connectors.rate` records the requests of a pull. Then, in each of `--rounds`, the vendor's client repeats
these requests, one after the other, and discards the answers; so does a loop with as few requests as possible; and our pull
parses, stores page by page in SQLite and keeps its cursors. The fastest round of each counts, since other programs can only slow
it down. Prints wall and processor seconds, the ratio of the rates, and the puller's memory.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.connectors.bare import read_the_least, requests_of_a_pull

WANTED = 0.90


@dataclass(slots=True)
class Times:
    """Seconds, and seconds of processor time, of each round."""

    rounds: list[tuple[float, float]] = field(default_factory=list)

    def take(self, work: Callable[[], Any]) -> Any:
        """Run it and note how long it took."""
        start, processor = time.perf_counter(), time.process_time()
        found = work()
        self.rounds.append((time.perf_counter() - start, time.process_time() - processor))
        return found

    @property
    def best(self) -> tuple[float, float]:
        """The least of each."""
        return min(seconds for seconds, _ in self.rounds), min(processor for _, processor in self.rounds)


@dataclass(slots=True)
class Source:
    """What is measured of one source."""

    asked: list[Callable[[], Any]]
    objects: int = 0
    same: Times = field(default_factory=Times)
    least: Times = field(default_factory=Times)
    ours: Times = field(default_factory=Times)


def _pulled(settings: dict[str, Any], folder: Path) -> Any:
    """The report of a process that pulls from what these settings name."""
    path, report = folder / "settings.json", folder / "report.json"
    path.write_text(json.dumps(settings))
    puller = [sys.executable, "-m", "benchmarks.connectors.puller", str(path), f"sqlite:///{folder}/big.db"]
    subprocess.run([*puller, "--report", str(report)], check=True)
    return json.loads(report.read_text())


def main() -> None:
    """Serve, read bare, pull, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 50,000 issues, 100,000 messages, 30,000 records")
    parser.add_argument("--only", choices=sorted(read_the_least), help="one source")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--latency", type=float, default=0.0, help="delay before each answer in seconds, like a distant server"
    )
    given = parser.parse_args()
    sizes = [
        f"--{name}={int(count * given.scale)}"
        for name, count in (("issues", 50_000), ("messages", 100_000), ("records", 30_000))
    ] + [f"--latency={given.latency}"]
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.connectors.big", *sizes],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    settings = json.loads(server.stdout.readline())
    if given.only:
        settings["sources"] = {given.only: settings["sources"][given.only]}
    try:
        measured, report = _measured(settings, given.rounds)
    finally:
        server.communicate()
    _print_rates(measured)
    _print_memory(report)


def _measured(settings: Any, rounds: int) -> tuple[dict[str, Source], Any]:
    """Each source's times, and the last report of the puller."""
    since, now = datetime.fromisoformat(settings["since"]), datetime.fromisoformat(settings["now"]).timestamp()
    found = {name: Source(requests_of_a_pull(name, values, since, now)) for name, values in settings["sources"].items()}
    report: Any = None
    for _ in range(rounds):
        for name, one in found.items():
            values = settings["sources"][name]
            one.objects = one.least.take(lambda name=name, values=values: read_the_least[name](values))
            one.same.take(lambda one=one: [ask() for ask in one.asked] and None)
        with tempfile.TemporaryDirectory() as folder:
            report = _pulled(settings, Path(folder))
        for name, one in found.items():
            one.ours.rounds.append((report["seconds"][name], report["processor"][name]))
    return found, report


def _print_rates(measured: dict[str, Source]) -> None:
    print("                   bare, same requests    ours                ratio of       bare, fewest requests")
    print("source    objects  asked       s  cpu s       s  cpu s      the rates                  s  ratio")
    for name, one in measured.items():
        (same, same_cpu), (ours, ours_cpu), (least, _) = one.same.best, one.ours.best, one.least.best
        print(
            f"{name:8} {one.objects:8} {len(one.asked):6}  {same:6.2f} {same_cpu:6.2f}  {ours:6.2f} {ours_cpu:6.2f}"
            f"           {same / ours:.2f}             {least:6.2f}   {least / ours:.2f}"
        )
    total, mine = (sum(getattr(one, which).best[0] for one in measured.values()) for which in ("same", "ours"))
    print(
        f"all                         {total:6.2f}         {mine:6.2f}                  {total / mine:.2f} (wanted {WANTED})"
    )


def _print_memory(ours: Any) -> None:
    memory = ours["memory_mb"]
    tenth = max(1, len(memory) // 10)
    early, late = sum(memory[tenth : 2 * tenth]) / tenth, sum(memory[-tenth:]) / tenth
    print(
        f"signals stored: {sum(ours['signals'].values())}; memory of the puller: {max(memory):.0f} MB at most (wanted 300), "
        f"{early:.0f} MB in the second tenth, {late:.0f} MB in the last"
    )


if __name__ == "__main__":
    main()

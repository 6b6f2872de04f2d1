"""The wind tunnel: labelled companies x styles of using tools x events, processed by the product's stages; one table.

    python -m benchmarks.worlds COMPANY... --keep FOLDER [--shared FOLDER] [--styles office,deep] [--events none,fall20]
        [--answers 0,40] [--seeds 1] [--recompute match] [--jobs 2] [--left-out]

COMPANY is a folder with okrs.yaml, signals.jsonl and gold.jsonl. Our own styles and events are in habits.py; `--shared` names a
folder with another author's world.py, whose styles are then called shared-plain and so on. HTTP is left out: a world's rows are
stored as a pull would store them; encoding (vectors are kept in --keep), match, effort, share and drift are the product's.

After the first analysis the product's questions are answered truthfully (`--answers`, one number per phase; also the audit), and
the company is analysed again. `--keep` keeps the databases, so that another run only repeats what `--recompute` names (match,
effort, share, with what depends on them), and FIGURES.json with everything by week. `line` in measure.py explains the columns.
`--left-out` matches each company with weights fitted on the others, because the shipped ones were fitted on this repository's
companies. `--spread N` gives each company N of the styles in turn, instead of all. `--small`: sixteen weeks, the event in the
tenth, teams of three to five.

A world takes about eight seconds of processor time, and three more per number of answers.
"""

import argparse
import json
import os
import pickle
import shutil
import time
import traceback
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.worlds import habits, leftout, office, shared
from benchmarks.worlds.built import build
from benchmarks.worlds.labelled import read_labelled
from benchmarks.worlds.measure import HEAD, figures, line
from benchmarks.worlds.product import CachedEncoder, Opened
from benchmarks.worlds.rows import World


@dataclass(frozen=True, slots=True)
class Job:
    """One world to measure."""

    keep: Path
    company: Path
    style: str
    event: str
    seed: int
    answers: tuple[int, ...]
    recompute: tuple[str, ...]
    shared: Path | None
    told: bool
    left_out: bool = False


def make(job: Job) -> World:
    """The world of a job; kept ones are read."""
    file = job.keep / f"{job.company.name}-{job.style}-{job.event}-{job.seed}.pickle"
    if file.exists():
        return pickle.loads(file.read_bytes())  # type: ignore[no-any-return]  # noqa: S301 - written below
    world = build(job.company, read_labelled(job.company), job.style, job.event, job.seed, job.shared)
    file.write_bytes(pickle.dumps(world))
    return world


def measure(job: Job) -> list[dict[str, Any]]:
    """Figures of each phase. The database without answers is kept; phases with answers work on copies."""
    world = make(job)
    if job.left_out:
        leftout.put_in_force(job.keep, job.company.name)
    encoder = CachedEncoder(job.keep / "vectors.sqlite")
    path = job.keep / f"{job.company.name}-{job.style}-{job.event}-{job.seed}.db"
    fresh = not path.exists()
    opened = Opened(path, world, encoder)
    opened.analyse(() if fresh else job.recompute)
    found = [asdict(figures(opened, "0", 0, told=job.told))]
    opened.close()
    for count in job.answers:
        copy = path.with_suffix(f".{count}.{os.getpid()}.db")
        shutil.copy(path, copy)
        opened = Opened(copy, world, encoder)
        given = opened.answer(count, audit=True)
        opened.analyse()
        found.append(asdict(figures(opened, str(count), given, told=job.told)))
        opened.close()
        for old in copy.parent.glob(copy.name + "*"):
            old.unlink()
    return found


def _timed(job: Job) -> list[dict[str, Any]]:
    began = time.perf_counter()
    try:
        found = measure(job)
    except Exception:  # one world that fails must not lose the others
        print(f"{job.company.name}-{job.style}-{job.event}: failed\n{traceback.format_exc()}", flush=True)
        return []
    seconds = time.perf_counter() - began
    for one in found:
        print(line(f"{one['world']} +{one['answers']}", [one]), f"{seconds:5.0f} s", flush=True)
    return found


def table(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """All worlds, then by style, event and company, for each number of answers."""
    lines = []
    by_phase: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_phase[row["phase"]].append(row)
    for phase, some in by_phase.items():
        lines += ["", f"answers asked: {phase}" + ("" if phase == "0" else " and the audit"), HEAD]
        for key in ("style", "event", "company"):
            groups: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
            for row in some:
                groups[row[key]].append(row)
            lines += [line(name, group) for name, group in sorted(groups.items())]
        for kind in ("shared-", ""):
            group = [row for row in some if row["style"].startswith("shared-") == bool(kind)]
            lines += [line("another author's worlds" if kind else "our own worlds", group)] if group else []
        lines.append(line("ALL", some))
    return lines


def _turn(styles: list[str], number: int, count: int) -> list[str]:
    """As many styles as `count` for the company of this number, each style about as often over all companies; 0: all."""
    return [styles[(number * count + k) % len(styles)] for k in range(count)] if count else styles


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("companies", type=Path, nargs="+")
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--shared", type=Path)
    parser.add_argument("--styles", default=",".join(habits.STYLES))
    parser.add_argument("--events", default="none,fall20")
    parser.add_argument("--answers", default="")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--recompute", default="", help="stages of kept worlds to compute again: match,effort,share")
    parser.add_argument("--no-told", dest="told", action="store_false", help="omit the detector from the figures")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--left-out", action="store_true")
    parser.add_argument("--spread", type=int, default=0)
    parser.add_argument("--small", action="store_true")
    return parser


def main() -> None:
    """Measure, print, keep."""
    given = _arguments().parse_args()
    given.keep.mkdir(parents=True, exist_ok=True)
    if given.left_out:
        leftout.fit_without(given.companies, given.keep, given.shared)
    if given.small:
        office.WEEKS, office.EVENT_WEEK, office.TEAM_SIZE = 16, 10, (3, 5)
        shared.WEEKS, shared.DRIFT_WEEK = office.WEEKS, office.EVENT_WEEK
    styles = given.styles.split(",")
    jobs = [
        Job(
            given.keep,
            company,
            style,
            event,
            int(seed),
            tuple(int(n) for n in given.answers.split(",") if n),
            tuple(name for name in given.recompute.split(",") if name),
            given.shared,
            given.told,
            given.left_out,
        )
        for number, company in enumerate(given.companies)
        for style in _turn(styles, number, given.spread)
        for event in given.events.split(",")
        for seed in given.seeds.split(",")
        if not style.startswith("shared-") or event in shared.EVENTS
    ]
    print(HEAD, flush=True)
    if given.jobs > 1:
        with ProcessPoolExecutor(given.jobs) as pool:
            rows = [row for found in pool.map(_timed, jobs) for row in found]
    else:
        rows = [row for job in jobs for row in _timed(job)]
    print("\n".join(table(rows)))
    (given.keep / "FIGURES.json").write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()

"""Cost of the diagnoses in a large company, by data read and by kind of finding.

    python -m benchmarks.scale.findings --signals 400000 --people 400

Fills a database and analyses it once, as benchmarks.scale does, then searches for every kind of diagnosis again, as done once a
day.
"""

from typing import Any
from unittest.mock import patch

from sqlalchemy.orm import sessionmaker

from benchmarks.scale.__main__ import large, options
from benchmarks.scale.company import LAST, WordVectors
from benchmarks.scale.workers import analyse, peak_memory, timed, told
from pipeline.findings import load
from pipeline.findings.found import Inputs
from pipeline.findings.kinds import KINDS
from pipeline.findings.stage import judge
from pipeline.findings.thresholds import Thresholds
from pipeline.register.document import Register

READS = (
    "Rows",
    "load_lives",
    "load_meaning",
    "load_usages",
    "load_reports",
    "load_gauges",
    "path_reports",
    "weeks_of",
)
"""What load_inputs reads, by the names that it has for them."""


def read(sessions: sessionmaker[Any], register: Register, seconds: dict[str, float]) -> Inputs:
    """What the findings work on, with the seconds that each part of it took."""
    with sessions() as session:
        patches = [patch.object(load, name, timed(seconds, name, getattr(load, name))) for name in READS]
        for one in patches:
            one.start()
        try:
            whole = timed(seconds, "load_inputs", load.load_inputs)
            given = whole(session, register, LAST, 5, Thresholds(), WordVectors())
        finally:
            for one in patches:
                one.stop()
    if given is None:
        raise SystemExit("no whole week of work is known: more --signals are needed")
    return given  # type: ignore[no-any-return]


def main() -> None:
    """Print the figures."""
    given = options(__doc__, 400_000, 400).parse_args()
    with large(given) as (url, sessions, register):
        first = analyse(url, 1)
        print(f"first analysis, one worker: {first.seconds:.1f} s ({first.told()})", flush=True)
        reads: dict[str, float] = {}
        inputs = read(sessions, register, reads)
        print(f"read: {told(reads)}", flush=True)
        kinds: dict[str, float] = {}
        for name, kind in KINDS.items():
            timed(kinds, name, judge)(inputs, {name: kind})
        print(f"found: {told(kinds)}", flush=True)
        whole = reads["load_inputs"] + sum(kinds.values())
        cells, streams = len(inputs.work.days), len(inputs.streams)
        print(
            f"together {whole:.1f} s of {cells:,} cells and {streams:,} streams; memory {peak_memory():,.0f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()

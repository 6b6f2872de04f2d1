"""Monthly conformance of two written paths each on BPI Challenge 2012 and 2013, compared case by case with PM4Py's.

git show REV:tests/input_data/bpic2012.xes.gz > DATA/bpic2012.xes.gz                                  (of pm4py/pm4py-core)
git show REV:tests/compressed_input_data/07_bpic2013_incidents.xes.gz > DATA/bpic2013.xes.gz
python3 -m venv /tmp/pm4py && /tmp/pm4py/bin/pip install pm4py
python -m benchmarks.steps.bpic DATA --pm4py /tmp/pm4py/bin/python
"""

import argparse
import gzip
import json
import re
import subprocess
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path as File

from pipeline.register.document import Register, parse
from pipeline.register.steps import UNITS, Path
from pipeline.steps.case import Case, Happened, judge
from pipeline.steps.clock import WorkingClock
from pipeline.steps.conformance import Rate

HEAD = """\
period: {name: all, start: 2010-01-01, end: 2013-01-01}
objectives: [{key: O1, title: Cases are handled well, priority: 1, key_results: [{key: O1.1, title: In time}]}]
steps:
"""
LOGS = {
    "bpic2012": (
        "concept:name",
        """\
  - key: decision
    title: From a pre-accepted application to a complete one
    case: {source: jira}
    begin: {status: A_PREACCEPTED}
    path:
      - {key: accepted, title: Accepted, status: A_ACCEPTED, within: 2 days}
      - {key: finalised, title: Finalised, status: A_FINALIZED, within: 1 hour}
  - key: offer
    title: From a complete application to the offer that comes back
    case: {source: jira}
    begin: {status: A_FINALIZED}
    path:
      - {key: sent, title: Offer sent, status: O_SENT, within: 5 minutes}
      - {key: back, title: Offer back, status: O_SENT_BACK, within: 14 days}
""",
    ),
    "bpic2013": (
        "lifecycle:transition",
        """\
  - key: resolved
    title: From work on an incident to its resolution
    case: {source: jira}
    begin: {status: In Progress, once: false}
    path:
      - {key: resolved, title: Resolved, status: Resolved, within: 3 days}
  - key: closed
    title: From the resolution to the end
    case: {source: jira}
    begin: {status: Resolved}
    path:
      - {key: closed, title: Closed, status: Closed, within: 15 days}
""",
    ),
}


def register_of(log: str) -> Register:
    """The register with the paths of a log."""
    return parse(HEAD + LOGS[log][1])


def traces(file: File, activity: str) -> Iterator[tuple[str, list[tuple[datetime, str]]]]:
    """Id and events of every case of an XES log, in their order."""
    for _, element in ET.iterparse(gzip.open(file)):  # noqa: S314, SIM115 - a file that whoever runs this chose
        if element.tag.rpartition("}")[2] == "trace":
            own = {one.get("key"): one.get("value") for one in element}
            events = []
            for one in element:
                if one.tag.rpartition("}")[2] == "event":
                    values = {part.get("key"): part.get("value") for part in one}
                    at = datetime.fromisoformat(str(values["time:timestamp"])).astimezone(UTC)
                    events.append((at, str(values[activity])))
            yield str(own["concept:name"]), events
            element.clear()


def ours(path: Path, register: Register, cases: dict[str, Case], now: datetime) -> dict[str, tuple[datetime, bool]]:
    """Of every case that began and whose time is over: when it began, and whether it went as written."""
    clock = WorkingClock(register, path)
    found = {}
    for name, case in cases.items():
        one = judge(path, case, clock, now)
        if one is not None and not one.whole.open:
            found[name] = (one.begun, not one.whole.deviations)
    return found


def model_of(path: Path) -> dict[str, object]:
    """The same path for pm4py_says.py."""
    events = [path.begin, *path.steps]
    names = [event.status[0] for event in events]
    limits = [(step, step.limit) for step in path.steps]
    return {
        "key": path.key,
        "activities": names,
        "again": [not event.is_once for event in events],
        "limits": [
            (names[n], names[n + 1], 3600 * limit.amount * UNITS[limit.unit])
            for n, (_, limit) in enumerate(limits)
            if limit
        ],
    }


_TIME = re.compile(r"(?<=value=\")\d{4}-\d\d-\d\dT[\d:.]+[+-]\d\d:\d\d(?=\")")


def in_utc(file: File, made: File) -> None:
    """The same log with its times in UTC: some versions of PM4Py drop the offset, and the clocks change within the log."""
    text = gzip.decompress(file.read_bytes()).decode()
    made.write_text(_TIME.sub(lambda m: datetime.fromisoformat(m.group()).astimezone(UTC).isoformat(), text))


def run(log: str, folder: File, python: str) -> None:
    """Print the tables of a log."""
    activity, _ = LOGS[log]
    register = register_of(log)
    cases, now = {}, datetime.min.replace(tzinfo=UTC)
    for name, events in traces(folder / f"{log}.xes.gz", activity):
        # In the order of the log where two have one time, as PM4Py takes them.
        rows = [Happened(at + timedelta(microseconds=n), "transition", what) for n, (at, what) in enumerate(events)]
        cases[name] = Case(0, happened=sorted(rows, key=lambda one: one.at))
        now = max(now, rows[-1].at)
    theirs = {}
    if python:
        in_utc(folder / f"{log}.xes.gz", folder / f"{log}.utc.xes")
        asked = {
            "file": str(folder / f"{log}.utc.xes"),
            "activity": activity,
            "models": [model_of(path) for path in register.paths],
        }
        script = File(__file__).with_name("pm4py_says.py")
        done = subprocess.run(
            [python, str(script)], input=json.dumps(asked), capture_output=True, text=True, check=True
        )
        theirs = json.loads(done.stdout[done.stdout.index("{") :])
    for path in register.paths:
        _table(log, path, ours(path, register, cases, now), theirs.get(path.key))


def _table(log: str, path: Path, found: dict[str, tuple[datetime, bool]], theirs: dict[str, list[str]] | None) -> None:
    bad = set(theirs["bad"]) if theirs else set()
    months: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for name, (begun, good) in found.items():
        row = months[f"{begun:%Y-%m}"]
        row[0] += 1
        row[1] += good
        row[2] += name not in bad
        row[3] += good != (name not in bad)
    print(
        f"\n{log}: {path.title} ({path.key})\n\n| month | cases | as written | 9 in 10 sure | PM4Py | differ |\n| --- "
        + "| --- " * 5
        + "|"
    )
    total = [sum(row[n] for row in months.values()) for n in range(4)]
    for month, row in [*sorted(months.items()), ("all", total)]:
        rate = Rate(row[0], row[1])
        said = f"{100 * row[2] / row[0]:.1f} %" if theirs else "not asked"
        sure = f"{100 * rate.low:.1f} to {100 * rate.high:.1f}"
        print(f"| {month} | {row[0]} | {100 * rate.value:.1f} % | {sure} | {said} | {row[3] if theirs else ''} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=File)
    parser.add_argument(
        "--pm4py", default="", help="a Python with PM4Py installed; without it, only our own figures are printed"
    )
    given = parser.parse_args()
    for name in LOGS:
        run(name, given.data, given.pm4py)

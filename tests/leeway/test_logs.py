"""Logs and progress: one JSON object a line, also of libraries and for tracebacks; long stages never silent."""

import io
import json
import logging
import subprocess
import sys

import pytest
import structlog
from rich.console import Console

from leeway import logs
from leeway.progress import Pace, stage_progress

LIBRARIES = """
import logging, warnings, structlog
from leeway import logs
logs.set_up(json=True)
structlog.get_logger().info("ours", n=1)
logging.getLogger("celery").warning("a %s", "library")
try:
    raise ValueError("first\\nsecond")
except ValueError:
    logging.getLogger("celery.app.trace").exception("Task %s raised", "x")
for name in ("jira", "slack_sdk", "urllib3.connectionpool", "hubspot"):
    logging.getLogger(name).warning("flood")
warnings.warn("old")
raise KeyError("last")
"""


def test_every_line_is_json_also_of_libraries_tracebacks_and_what_ends_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", LIBRARIES], capture_output=True, text=True)
    rows = [json.loads(line) for line in done.stderr.splitlines()]
    assert [row["event"] for row in rows[:3]] == ["ours", "a library", "Task x raised"]
    assert "ValueError: first\nsecond" in rows[2]["exception"]
    assert not [row for row in rows if row["event"] == "flood"]
    assert "KeyError: 'last'" in rows[-1]["exception"]
    assert all({"event", "level", "timestamp"} <= set(row) for row in rows)


def test_a_long_stage_says_every_ten_seconds_how_far_it_is_and_what_is_left() -> None:
    now, said = [0.0], []
    pace = Pace(said.append, lambda: now[0])
    for second in range(0, 41, 2):
        now[0] = float(second)
        pace("encode", 50 * second, 5000)
    assert said == [
        "encode: 500 of 5000, 50 a second, about 2 min left",
        "encode: 1000 of 5000, 50 a second, about 80 s left",
        "encode: 1500 of 5000, 50 a second, about 70 s left",
        "encode: 2000 of 5000, 50 a second, about 60 s left",
    ]


@pytest.mark.parametrize(("done", "of", "text"), [(0, None, "pull: 0"), (5, None, "pull: 5, 30 a minute")])
def test_a_stage_without_an_end_in_sight(done: int, of: int | None, text: str) -> None:
    now, said = [0.0], []
    pace = Pace(said.append, lambda: now[0])
    pace("pull", 0, of)
    now[0] = 10.0
    pace("pull", done, of)
    assert said == [text]


def test_without_a_terminal_there_are_lines_and_no_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("leeway.progress.EVERY_SECONDS", -1.0)
    out = io.StringIO()
    with stage_progress(Console(file=out)) as show:
        show("match", 3, 9)
        show("match", 9, 9)
    first, second = out.getvalue().splitlines()
    assert first == "match: 3 of 9"
    assert second.startswith("match: 9 of 9")


def test_a_standard_error_that_is_closed_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that is gone, a full disk: the line is lost, the work goes on; what comes later is written again."""
    logs.set_up()
    log, gone, later = structlog.get_logger(), io.StringIO(), io.StringIO()
    gone.close()
    monkeypatch.setattr(sys, "stderr", gone)
    log.warning("lost")
    logging.getLogger("any").warning("lost")
    monkeypatch.setattr(sys, "stderr", later)
    log.warning("kept")
    assert "kept" in later.getvalue()
    assert "lost" not in later.getvalue()

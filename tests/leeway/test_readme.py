"""The README's blocks as they stand there, run by a shell in a folder of their own against the simulated company."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from simulator.server import Simulator
from tests.leeway.test_cli import configure
from tests.leeway.test_first_run import BLOCKS

ROOT = Path(__file__).parents[2]
FAULTS = "trap 'echo \"FAULT $? of $BASH_COMMAND\"' ERR\n"
LONGEST = 1500
"""Seconds that only a hang takes."""


def block(words: str) -> str:
    """The one block with these words in it."""
    (found,) = [one for one in BLOCKS if words in one]
    return found


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What a checkout with an installed .venv looks like from its folder; what a block writes is written here."""
    (tmp_path / ".venv").mkdir()
    for part in Path(sys.prefix).iterdir():
        (tmp_path / ".venv" / part.name).symlink_to(part)
    for part in ROOT.iterdir():
        if part.name in ("Makefile", "deploy", "pyproject.toml", "constraints.txt") or (part / "__init__.py").exists():
            (tmp_path / part.name).symlink_to(part)
    installed = tmp_path / ".venv" / ".installed"
    installed.unlink(missing_ok=True)
    installed.touch()
    return tmp_path


def shell(folder: Path, script: str, **more: str) -> "subprocess.Popen[str]":
    """Bash at work on a script, in a session of its own; it says which of its commands failed."""
    # A make of its own: it is no part of the one that runs the tests.
    known = {k: v for k, v in os.environ.items() if not k.startswith(("LEEWAY_", "PYTEST_", "MAKE", "MFLAGS"))}
    given = {
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "200",
        "PYTHONUNBUFFERED": "1",
    }
    return subprocess.Popen(
        ["bash", "-c", FAULTS + script],
        cwd=folder,
        env=known | given | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def faults(said: str) -> list[str]:
    return re.findall(r"^FAULT .*", said, re.MULTILINE)


def test_the_ten_minutes_from_the_first_file_to_every_fifteen_minutes(checkout: Path, few_days: Simulator) -> None:
    first = shell(checkout, block("leeway init  "))
    said, _ = first.communicate(timeout=LONGEST)
    assert first.returncode == 0, said
    assert (checkout / "leeway.toml").exists()
    configure(checkout, few_days)  # what the reader writes into the two files
    then = shell(checkout, block("leeway check  "))
    assert then.stdout is not None
    lines = []
    for line in then.stdout:
        lines.append(line)
        if "Running every" in "".join(lines) and re.search(r"\bcycle\b", line):
            os.killpg(then.pid, signal.SIGINT)  # Ctrl-C, after a whole cycle of the last command
            break
    lines.append(then.stdout.read())
    then.stdout.close()
    then.wait(LONGEST)
    said = "".join(lines)
    assert "Stopped. Finished work is kept" in said
    assert [fault for fault in faults(said) if not fault.startswith("FAULT 130 of .venv/bin/leeway run")] == [], said
    assert "FAIL" not in said
    assert "alerts about the company" in said  # the backtest's last line


def gone(run: "subprocess.Popen[str]") -> None:
    """Wait until nothing of a shell's session is left; what is not gone by itself is ended, and said."""
    deadline = time.monotonic() + 120  # `leeway worker` gives its processes a minute
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(run.pid, 0)
            time.sleep(0.1)  # nobody says when a group of processes is gone
        os.killpg(run.pid, signal.SIGKILL)
        pytest.fail("the block leaves processes behind")


def test_the_production_block_from_the_servers_to_their_end(checkout: Path) -> None:
    """As it stands there: what it waits for has happened when its commands end, and nothing of it is left running."""
    run = shell(checkout, block("make services"), SIMULATOR_DAYS="5", LEEWAY_SCHEDULE__WAKE_SECONDS="3")
    try:
        said, _ = run.communicate(timeout=LONGEST)
    finally:
        gone(run)
        logs = "".join(path.read_text(errors="replace") for path in checkout.glob("*.log"))
    assert faults(said) == [], said + logs
    assert run.returncode == 0
    assert "not complete yet" not in said  # what `leeway status --wait` waits for
    assert all(f"{name}: " in said for name in ("jira", "slack", "hubspot")), said
    assert "FAIL" not in said
    assert "Traceback" not in said + logs

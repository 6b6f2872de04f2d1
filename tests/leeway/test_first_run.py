"""The way from the README: nothing fails that only was not done yet, nothing is advised too early, no queue starves unseen."""

import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis import Redis
from typer.testing import CliRunner

from leeway import cli
from leeway.app import App
from leeway.doctor import diagnose
from leeway.settings import Settings
from leeway.status import status_of
from leeway.worker import processes
from models import Account, Cycle, StreamCursor
from simulator.server import Simulator
from tests.conftest import newest_sqlite, redis_server
from tests.leeway.test_cli import configure

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


def commands_of(block: str) -> list[list[str]]:
    """The leeway commands of a block, without remarks and redirections."""
    found = []
    for line in block.splitlines():
        for part in re.split(r"&&|;| & ?$|&$", line.partition(" #")[0]):
            words = shlex.split(part.partition(">")[0])
            if words and words[0].removeprefix(".venv/bin/") == "leeway":
                found.append(words[1:])
    return found


COMMANDS = [words for block in BLOCKS for words in commands_of(block)]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_of_the_readme_exists_with_its_options(words: list[str]) -> None:
    names = [word for word in words if not word.startswith("-")][: 2 if words[0] == "okrs" else 1]
    said = CliRunner().invoke(cli.app, [*names, "--help"], env={"COLUMNS": "200"}).output
    assert "Usage" in said
    for option in words:
        if option.startswith("--"):
            assert option in said


def test_the_production_block_waits_for_what_it_shows_and_never_sleeps_for_it() -> None:
    block = next(block for block in BLOCKS if "make services" in block)
    assert "status --wait" in block
    assert not re.search(r"sleep \d\d", block)
    queues = [words for words in commands_of(block) if words[0] == "worker"]
    assert queues == [["worker", "--beat"]]


def test_check_before_the_register_is_loaded_names_the_next_step_and_does_not_fail(
    company: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, company)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.app, ["check"])
    assert result.exit_code == 0, result.output
    assert "next register: okrs.yaml: none loaded yet" in result.output
    assert "do: leeway okrs load okrs.yaml" in result.output


@pytest.fixture
def app(tmp_path: Path, company: Simulator) -> App:
    given = {**company.settings(), "database": {"url": newest_sqlite(tmp_path / "f.db")}}
    return App(Settings.model_validate(given))


def test_status_advises_nothing_before_its_data_are_complete(app: App) -> None:
    now = datetime.now(UTC)
    with app.sessions.begin() as session:
        for source in ("jira", "slack", "hubspot"):
            session.add(StreamCursor(source=source, stream="s", state={}, pulled_at=now, finished_at=None))
        session.add(Account(source="jira", external_id="1", name="Ann"))
    found = status_of(app)
    assert not found["complete"]
    assert found["waits_for"] == [
        "1 feed of hubspot",
        "1 feed of jira",
        "1 feed of slack",
        "a register (`leeway okrs load okrs.yaml`)",
    ]
    assert found["unresolved_accounts"] == []
    with app.sessions.begin() as session:
        for row in session.query(StreamCursor):
            row.finished_at = now
        session.add(Cycle(started_at=now, finished_at=now, stage="done", seconds={}, through=now.date()))
    assert status_of(app)["complete"]


def test_status_that_waits_ends_with_an_error_that_names_the_doctor(
    company: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, company)
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.app, ["status", "--wait", "0.001"])
    assert result.exit_code == 2
    assert "leeway doctor" in result.output
    assert "waiting for the first pull of jira" in result.output


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with redis_server(tmp_path) as server:
        yield f"unix://{server.socket_file}"


def message(task: str, sent: datetime, life: float) -> str:
    return json.dumps({"body": "", "headers": {"task": task, "expires": (sent + timedelta(seconds=life)).isoformat()}})


def test_the_doctor_sees_a_queue_that_waits(tmp_path: Path, redis_url: str) -> None:
    given = {"database": {"url": newest_sqlite(tmp_path / "d.db")}, "broker": {"url": redis_url}}
    app, now = App(Settings.model_validate(given)), datetime.now(UTC)
    server = Redis.from_url(redis_url)
    server.lpush("speak", message("leeway.tasks.wake", now - timedelta(minutes=9), 600))
    server.lpush("speak", message("leeway.tasks.speak", now, 3600))
    server.lpush("encode", message("leeway.tasks.encode", now - timedelta(minutes=9), 3600))
    rows = {row.name: row for row in diagnose(app, "broker")}
    assert not rows["queue speak"].ok
    assert rows["queue speak"].found == "2 messages wait, the oldest for 9 minutes"
    assert "leeway worker --queue speak" in rows["queue speak"].fix
    assert rows["queue encode"].ok
    assert rows["queue pull"].found == "0 messages wait"


def test_a_worker_has_a_process_for_each_queue_and_none_shares_with_speak() -> None:
    found = processes(("pull", "encode", "analyse", "speak"), True, 8)
    assert set(found) == {"pull", "encode", "analyse", "speak", "beat"}
    assert [words[words.index("-Q") + 1] for name, words in found.items() if name != "beat"] == [
        "pull",
        "encode",
        "analyse",
        "speak",
    ]
    assert found["encode"][found["encode"].index("-c") + 1] == "4"
    assert "-c" not in found["beat"]


SLEEPER = """
import sys
from pathlib import Path
from leeway.worker import supervise
child = "import os, pathlib, signal; pathlib.Path('pids').open('a').write(f'{os.getpid()}\\\\n'); signal.pause()"
sys.exit(supervise({"a": [sys.executable, "-c", child]}, Path("x.toml")))
"""


def started(process: "subprocess.Popen[bytes]", folder: Path, count: int) -> list[int]:
    """The ids of so many processes that it started."""
    while process.poll() is None:
        found = (folder / "pids").read_text().split() if (folder / "pids").exists() else []
        if len(found) >= count:
            return [int(pid) for pid in found]
        time.sleep(0.02)  # else it takes the core that the process is to start on
    raise AssertionError("it ended by itself")


def test_a_worker_starts_again_what_was_killed_and_hands_the_end_on(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", SLEEPER], cwd=tmp_path)
    os.kill(started(process, tmp_path, 1)[0], signal.SIGKILL)
    second = started(process, tmp_path, 2)[1]
    process.terminate()
    assert process.wait(60) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(second, 0)


@pytest.mark.skipif(sys.platform != "linux", reason="a process hears of its parent's end on Linux alone")
def test_what_a_worker_started_ends_with_it_also_after_kill_9(tmp_path: Path) -> None:  # Supervisor #199, celery #1058
    process = subprocess.Popen([sys.executable, "-c", SLEEPER], cwd=tmp_path)
    child = os.pidfd_open(started(process, tmp_path, 1)[0])
    process.kill()
    process.wait(60)
    assert select.select([child], [], [], 60)[0]

"""The command line as a user meets it: clear errors, no traceback, no secret, quick answers."""

import json
import os
import re
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from unittest.mock import patch

import pytest
from rich.table import Table
from rich.text import Text

from leeway.cli import _say_everything, main
from leeway.console import Verbatim
from leeway.okrs_lint import least_people
from pipeline.register.document import parse
from simulator.company import register_yaml
from simulator.server import Simulator
from tests.conftest import TODAY, newest_sqlite
from tests.pipeline.match.test_matcher import OKRS


def environment(**variables: str) -> dict[str, str]:
    """What a command sees: nothing of Leeway's but what is given."""
    return {k: v for k, v in os.environ.items() if not k.startswith("LEEWAY_")} | variables


def started(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own, which imports everything anew."""
    return subprocess.run(
        [sys.executable, "-m", "leeway", *words],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=1200,  # only a hang takes so long
    )


def leeway(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The same through the same entry point, in this process: an error that is not expected goes through to the test."""
    out, err, code = StringIO(), StringIO(), 0
    with (
        chdir(folder),
        patch.dict(os.environ, environment(**variables), clear=True),
        patch.object(sys, "argv", ["leeway", *words]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


def refused(result: subprocess.CompletedProcess[str], *parts: str) -> None:
    """One clear sentence, exit code 2, no traceback, no secret."""
    said = result.stdout + result.stderr
    assert result.returncode == 2, said
    assert "Traceback" not in said
    assert "sekret" not in said
    for part in parts:
        assert part in said, said


def configure(folder: Path, company: Simulator, **changes: dict[str, object]) -> None:
    lines = []
    for section, values in company.settings().items():
        lines.append(f"[{section}]")
        lines += [f"{name} = {json.dumps(value)}" for name, value in (values | changes.get(section, {})).items()]
    (folder / "leeway.toml").write_text("\n".join(lines))
    # Commands go by the clock on the wall, on which that plan has ended.
    given = parse(register_yaml(TODAY)).period
    (folder / "okrs.yaml").write_text(register_yaml(TODAY).replace(str(given.end), "2099-12-31"))


def test_help_teaches_the_first_steps_and_names_every_command(tmp_path: Path) -> None:
    said = started(tmp_path, "--help").stdout
    for name in ("demo", "init", "check", "okrs", "run", "status", "backtest", "match", "detect", "digest"):
        assert f"\n  {name} " in said or f" {name} " in said
    assert "First steps" in said
    sections = [line for line in said.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert sections == ["Options:", "Start:", "Every day:", "Look after:", "Judge, and offline:"]
    assert "..." not in said.split("Start:")[1]


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("status",),
        ("okrs", "lint", "okrs.yaml"),
        ("detect", "e.csv", "--periods", "p.yaml", "--out", "o.jsonl"),
    ],
)
def test_commands_that_need_no_model_do_not_import_what_takes_seconds(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "okrs.yaml").write_text(register_yaml(TODAY))
    (tmp_path / "p.yaml").write_text("[{start: 2026-01-01, end: 2026-12-31, priority: {O1: 1}}]")
    (tmp_path / "e.csv").write_text("date,person,team,source,objective,person_days\n2026-01-05,a,t,jira,O1,1\n")
    code = """
import sys
from leeway.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
heavy = {"torch", "sentence_transformers", "transformers", "altair", "httpx"}
if "detect" not in sys.argv:
    heavy |= {"scipy", "sklearn", "slack_sdk", "jira", "hubspot", "github"}
heavy &= set(sys.modules)
assert not heavy, heavy
"""
    result = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_workers_the_page_and_the_doctor_start_without_what_takes_seconds(tmp_path: Path) -> None:
    """Whoever matches or finds something imports it then: most of these processes never do."""
    code = """
import sys
bare = set(sys.modules)
import leeway
assert not {"importlib.metadata", "json", "pathlib"} & (set(sys.modules) - bare)  # a health check loads this as well
import leeway.celery_app
assert "numpy" not in sys.modules and "alembic" not in sys.modules
import leeway.tasks, leeway.status, leeway.doctor, leeway.check
heavy = {"torch", "sentence_transformers", "transformers", "altair", "sklearn", "scipy"}
found = (heavy | {"httpx", "requests", "slack_sdk", "PIL"}) & set(sys.modules)
assert not found, found
import web.app
heavy &= set(sys.modules)
assert not heavy, heavy
"""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_init_writes_files_that_load_and_keeps_what_is_there(tmp_path: Path) -> None:
    assert leeway(tmp_path, "init", "new").returncode == 0
    settings = tmp_path / "new" / "leeway.toml"
    assert settings.stat().st_mode & 0o077 == 0
    assert leeway(tmp_path / "new", "okrs", "lint", "okrs.yaml").returncode == 0
    assert leeway(tmp_path / "new", "okrs", "load", "okrs.yaml").returncode == 0
    settings.write_text("# mine\n")
    assert "kept" in leeway(tmp_path, "init", "new").stdout
    assert settings.read_text() == "# mine\n"
    refused(leeway(tmp_path, "init", "new/okrs.yaml/under"), "new/okrs.yaml/under", "Not a directory")


def test_the_version_is_told_without_a_command(tmp_path: Path) -> None:
    told = started(tmp_path, "--version")
    assert told.returncode == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", told.stdout)


def test_a_broken_register_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "okrs.yaml").write_text(register_yaml(TODAY).replace("priority: 2", "priority: second"))
    refused(started(tmp_path, "okrs", "load", "okrs.yaml"), "okrs.yaml, line ", "objectives[1].priority")
    refused(leeway(tmp_path, "okrs", "lint", "none.yaml"), "none.yaml does not exist", "leeway init")


def test_an_unknown_setting_is_refused_with_the_likely_one(tmp_path: Path) -> None:
    (tmp_path / "leeway.toml").write_text('[jira]\nurl = "https://x"\ntokn = "sekret"\nprojects = ["A"]\n')
    refused(leeway(tmp_path, "status"), "jira.tokn", "Did you mean jira.token?", "LEEWAY_JIRA__TOKEN")
    (tmp_path / "leeway.toml").write_text("")
    refused(leeway(tmp_path, "status", LEEWAY_JIRRA__TOKEN="sekret"), "LEEWAY_JIRRA__TOKEN", "LEEWAY_JIRA__TOKEN?")
    (tmp_path / "leeway.toml").write_text("[jira\n")
    refused(leeway(tmp_path, "status"), "not valid TOML")
    refused(leeway(tmp_path, "--config", "nope.toml", "status"), "nope.toml does not exist")


def test_a_database_that_cannot_be_reached(tmp_path: Path) -> None:
    (tmp_path / "leeway.toml").write_text('[database]\nurl = "postgresql+psycopg://me:sekret@127.0.0.1:9/x"\n')
    refused(
        leeway(tmp_path, "status"),
        "the database:",
        "Start PostgreSQL there, or correct the host and port in database.url",
    )
    for words in (("check",), ("doctor", "--only", "database")):
        row = json.loads(leeway(tmp_path, *words, "--json").stdout)[0]
        assert (row["name"], row["found"][:11], row["fix"][:16]) == ("connection", "connection ", "Start PostgreSQL")
    (tmp_path / "leeway.toml").write_text('[database]\nurl = "what"\n')
    refused(leeway(tmp_path, "status"), "database.url is not a database address")


def test_nothing_configured_and_nothing_loaded_say_what_to_do(tmp_path: Path) -> None:
    for _ in range(2):  # nothing is there after the first either
        refused(leeway(tmp_path, "run", "--once"), "no source is configured", f"is in {tmp_path}")  # duc #95
    assert "is in" not in leeway(tmp_path, "status", LEEWAY_DATABASE__URL="sqlite:///leeway.db").stderr
    assert "is in" not in leeway(tmp_path, "status").stderr  # there is a database by now
    refused(leeway(tmp_path, "backtest"), "no register is loaded", "leeway okrs load")
    refused(leeway(tmp_path, "digest"), "no mail server is set")
    assert "Nothing pulled yet" in leeway(tmp_path, "status").stdout


def test_check_finds_all_in_order_and_then_names_each_fault(tmp_path: Path, company: Simulator) -> None:
    configure(tmp_path, company)
    assert leeway(tmp_path, "okrs", "load", "okrs.yaml").returncode == 0
    good = leeway(tmp_path, "check")
    assert good.returncode == 0, good.stdout
    assert "FAIL" not in good.stdout
    company.config.slack_scopes -= {"channels:history"}
    company.config.hubspot_scopes -= {"sales-email-read"}
    configure(tmp_path, company, jira={"token": "sekret"})
    refused(leeway(tmp_path, "check"), "scope channels:history", "scope sales-email-read", "token was rejected", "fix:")
    rows = json.loads(leeway(tmp_path, "check", "--json").stdout)
    assert {row["part"] for row in rows if not row["ok"]} == {"jira", "slack", "hubspot"}


@pytest.mark.parametrize(
    ("section", "change", "said"),
    [
        ("jira", {"token": "sekret"}, "jira: the token was rejected. Make a new one at"),
        ("slack", {"token": "xoxb-sekret"}, "slack: the token was rejected"),
        ("hubspot", {"token": "pat-sekret"}, "hubspot: the token was rejected"),
    ],
)
def test_a_wrong_token_is_one_sentence_and_the_other_sources_go_on(
    tmp_path: Path, few_days: Simulator, section: str, change: dict[str, object], said: str
) -> None:
    configure(tmp_path, few_days, **{section: change})
    leeway(tmp_path, "okrs", "load", "okrs.yaml")
    # One goes through the whole cycle; the pull alone says it by the same words.
    whole = section == "jira"
    words = ("run", "--once") if whole else ("sync",)
    refused(leeway(tmp_path, *words), said, "new signals" if whole else "new or changed signals")
    status = json.loads(leeway(tmp_path, "status", "--json").stdout)
    assert len([s for s in status["sources"].values() if s["signals"]]) == 2


def test_an_unreachable_server_is_one_sentence(tmp_path: Path, company: Simulator) -> None:
    configure(tmp_path, company, jira={"url": "http://127.0.0.1:9"})
    leeway(tmp_path, "okrs", "load", "okrs.yaml")
    refused(leeway(tmp_path, "check"), "no answer from http://127.0.0.1:9", "Check jira.url")


def test_run_once_again_pulls_only_what_is_new_and_posts_nothing(tmp_path: Path, few_days: Simulator) -> None:
    configure(tmp_path, few_days)
    leeway(tmp_path, "okrs", "load", "okrs.yaml")
    first = leeway(tmp_path, "run", "--once")
    assert first.returncode == 0, first.stderr
    posted = len(few_days.world.posted)
    second = leeway(tmp_path, "run", "--once")
    assert second.stdout.startswith("0 new signals, 0 work items changed, 0 texts encoded, 0 alerts posted")
    assert len(few_days.world.posted) == posted
    shown = leeway(tmp_path, "status").stdout
    assert "jira" in shown
    assert "of days seen" in shown
    assert "no open drift" in shown or "drift " in shown


def test_match_and_detect_write_their_files(tmp_path: Path) -> None:
    (tmp_path / "okrs.yaml").write_text(OKRS)
    (tmp_path / "s.jsonl").write_text(
        '{"id": "A-1", "source": "jira", "kind": "task", "title": "Order spare parts", "text": null}\n'
    )
    (tmp_path / "l.jsonl").write_text('{"id": "A-1", "key_result": "O2.2"}\n')
    done = leeway(tmp_path, "match", "okrs.yaml", "s.jsonl", "--labels", "l.jsonl", "--out", "p.jsonl")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "p.jsonl").read_text())["key_result"] == "O2.2"
    assert leeway(tmp_path, "match", "okrs.yaml", "s.jsonl", "--ask", "5").stdout == "A-1\n"
    refused(leeway(tmp_path, "match", "okrs.yaml", "s.jsonl"), "--out")
    (tmp_path / "e.csv").write_text("date,person,team,source,objective,person_days\n2026-01-05,a,t,jira,O1,-1\n")
    (tmp_path / "p.yaml").write_text("[{start: 2026-01-01, end: 2026-12-31, priority: {O1: 1}}]")
    refused(
        leeway(tmp_path, "detect", "e.csv", "--periods", "p.yaml", "--out", "o.jsonl"),
        "e.csv, line 2: person_days: '-1'",
    )
    (tmp_path / "e.csv").write_text("date,person\n")
    refused(
        leeway(tmp_path, "detect", "e.csv", "--periods", "p.yaml", "--out", "o.jsonl"),
        "e.csv, line 1",
        "'team' is missing",
    )
    refused(leeway(tmp_path, "match", "okrs.yaml", "none.jsonl", "--out", "p.jsonl"), "none.jsonl does not exist")


def test_lint_takes_the_floor_of_the_settings_and_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert least_people() == 5
    (tmp_path / "leeway.toml").write_text("[drift]\nleast_people = 8\n")
    assert least_people() == 8
    monkeypatch.setenv("LEEWAY_JIRA__URL", "https://j.example")  # its token is another machine's
    assert least_people() == 5


def test_lint_says_what_could_be_better_and_stays_quiet_for_scripts(tmp_path: Path) -> None:
    (tmp_path / "okrs.yaml").write_text(
        register_yaml(TODAY).replace("App store rating from 3.6 to 4.5", "Launch three campaigns")
    )
    said = leeway(tmp_path, "okrs", "lint", "okrs.yaml")
    assert said.returncode == 0
    assert 'O3.1: activity: "Launch" names an activity' in said.stdout
    found = json.loads(leeway(tmp_path, "okrs", "lint", "okrs.yaml", "--json").stdout)["findings"]
    assert ("O3.1", "activity", ["Launch"]) in [(one["key"], one["rule"], one["words"]) for one in found]
    assert leeway(tmp_path, "okrs", "lint", "okrs.yaml", "--strict").returncode == 1
    refused(leeway(tmp_path, "okrs", "lint", "okrs.yaml", "--skip", "activty"), "there is no rule", "activity")


def test_a_load_that_loosens_is_said_kept_with_its_reason_and_told_again(tmp_path: Path) -> None:
    file = tmp_path / "okrs.yaml"
    file.write_text(register_yaml(TODAY))
    assert leeway(tmp_path, "okrs", "load", "okrs.yaml", "--by", "ana").returncode == 0
    file.write_text(
        register_yaml(TODAY).replace("App store rating from 3.6 to 4.5", "App store rating from 3.6 to 3.9")
    )
    shown = leeway(tmp_path, "okrs", "diff", "okrs.yaml").stdout
    assert "O3.1: title: App store rating from 3.6 to 4.5 -> App store rating from 3.6 to 3.9" in shown
    assert "caution: O3.1: target-lowered: the target 4.5 became 3.9." in shown
    assert "past figures: all work is matched again" in shown
    refused(leeway(tmp_path, "okrs", "load", "okrs.yaml", "--strict"), "O3.1: target-lowered", "was not loaded")
    refused(leeway(tmp_path, "okrs", "load", "okrs.yaml", "--yes"), "--why")
    loaded = leeway(
        tmp_path, "okrs", "load", "okrs.yaml", "--yes", "--why", "the store hides old ratings", "--by", "bo"
    )
    assert "is now the register (version 2)" in loaded.stdout
    told = json.loads(leeway(tmp_path, "okrs", "history", "O3.1", "--json").stdout)
    assert [(one["by"], one["why"]) for one in told] == [("ana", None), ("bo", "the store hides old ratings")]
    refused(leeway(tmp_path, "okrs", "diff", "1", "9"), "there is no version 9")
    assert "O3.1: title" in leeway(tmp_path, "okrs", "diff", "1").stdout


def test_a_script_that_loads_is_asked_nothing(tmp_path: Path) -> None:
    (tmp_path / "okrs.yaml").write_text(register_yaml(TODAY))
    leeway(tmp_path, "okrs", "load", "okrs.yaml")
    edited = register_yaml(TODAY).replace("from 3.6 to 4.5", "from 3.6 to 3.9").replace("care]", "riders]")
    (tmp_path / "okrs.yaml").write_text(edited.replace("key: care", "key: riders"))
    said = leeway(tmp_path, "okrs", "load", "okrs.yaml")
    assert said.returncode == 0
    assert "past figures: team riders has 6 of the 6 members of team care, which is gone" in said.stdout
    assert "caution: O3.1: target-lowered" in said.stdout
    assert "is now the register (version 2)" in said.stdout


@pytest.mark.parametrize(("typed", "loaded"), [("the store hides old ratings", True), ("", False)])
def test_a_terminal_is_asked_why_and_an_empty_answer_loads_nothing(tmp_path: Path, typed: str, loaded: bool) -> None:
    (tmp_path / "okrs.yaml").write_text(register_yaml(TODAY))
    leeway(tmp_path, "okrs", "load", "okrs.yaml")
    (tmp_path / "okrs.yaml").write_text(register_yaml(TODAY).replace("from 3.6 to 4.5", "from 3.6 to 3.9"))
    hand, terminal = os.openpty()
    os.write(hand, f"{typed}\n".encode())
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LEEWAY_")}
    command = [sys.executable, "-m", "leeway.cli", "okrs", "load", "okrs.yaml"]
    said = subprocess.run(command, cwd=tmp_path, env=environment, stdin=terminal, capture_output=True, text=True)
    os.close(hand)
    os.close(terminal)
    assert said.returncode == (0 if loaded else 2)
    last = json.loads(leeway(tmp_path, "okrs", "history", "--json").stdout)[-1]
    assert (last["version"], last["why"]) == ((2, typed) if loaded else (1, None))


def test_what_others_wrote_is_printed_as_it_is_and_moves_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    # Markup: conductor PR #408, git-hunk #14. Emoji: apolo-cli #1917, codeplain PR #312. Orders: bitbucket-cli #194, uzi #180.
    for console in (Verbatim(), Verbatim(stderr=True)):
        console.print("API:on:prod [draft]/plan.csv\x1b[2J\x9b1m\rlast")
        table = Table(box=None)
        table.add_column("APP:bug:12 [k]")
        table.add_row("O1:one: [i]\x1b[8m")
        console.print(table)
        console.print(Text("bold [b] :bug: \x1b[8m"))
    for said in capsys.readouterr():
        assert said.splitlines()[0].rstrip() == "API:on:prod [draft]/plan.csv [2J 1mlast"
        for kept in ("APP:bug:12 [k]", "O1:one: [i] [8", "bold [b] :bug:  [8m"):
            assert kept in said
        assert not set(said) & {"\x1b", "\x9b", "\x07"}


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_what_a_file_cannot_hold_in_its_encoding_is_written_in_utf_8(  # Textualize/rich #3764, memanto PR #1903
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(raw, encoding=encoding, errors="strict"))
    _say_everything()
    print("Zürich 🚲 漢")
    sys.stdout.flush()
    assert raw.getvalue().decode() == "Zürich 🚲 漢\n"


def test_what_a_terminal_cannot_show_is_a_question_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = BytesIO()
    shown = TextIOWrapper(raw, encoding="cp1252", errors="strict")
    monkeypatch.setattr(shown, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", shown)
    _say_everything()
    print("Zürich 🚲")
    sys.stdout.flush()
    assert raw.getvalue().decode("cp1252") == "Zürich ?\n"


def piped(folder: Path, out: TextIOWrapper | None, err: StringIO | None, *words: str) -> object:
    """The exit status of a command that writes there; None is a stream that was closed before it began."""
    with (
        chdir(folder),
        patch.dict(os.environ, environment(), clear=True),
        patch.multiple(sys, argv=["leeway", *words], stdout=out, stderr=err),
    ):
        try:
            main()
        except SystemExit as end:
            return end.code or 0
        finally:
            for given, opened in ((out, sys.stdout), (err, sys.stderr)):
                if given is None and opened is not None:
                    opened.close()
    return None


@pytest.mark.parametrize(
    "words", [("upgrade", "--check"), ("source", "--json"), ("okrs", "export"), ("--help",), ("nonsense",)]
)
def test_a_reader_that_leaves_is_told_as_by_other_tools(tmp_path: Path, words: tuple[str, ...]) -> None:
    # B2_Command_Line_Tool #1071, click #712, xorq PR #2228: a traceback, "Exception ignored", or the status of any fault.
    newest_sqlite(tmp_path / "leeway.db")
    leeway(tmp_path, "init")
    leeway(tmp_path, "okrs", "load", "okrs.yaml")
    reader, writer = os.pipe()
    os.close(reader)
    err = StringIO()
    out = os.fdopen(writer, "w", encoding="utf-8")
    said = piped(tmp_path, out, err, *words)
    assert (said, err.getvalue()) == (141, "") if words != ("nonsense",) else said == 2
    out.close()  # as at the exit: what is left is not tried again


def test_another_pipe_that_breaks_is_no_reader_that_left(tmp_path: Path) -> None:
    broken = patch("leeway.commands.every_day.the_app", side_effect=BrokenPipeError(32, "Broken pipe"))
    with broken, pytest.raises(BrokenPipeError):
        leeway(tmp_path, "status")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_few_words_of_json_that_a_full_disk_does_not_take_are_an_error(tmp_path: Path) -> None:
    newest_sqlite(tmp_path / "leeway.db")
    err = StringIO()
    with Path("/dev/full").open("w") as out:
        assert piped(tmp_path, out, err, "source", "--json") == 2
    assert "no space is left" in err.getvalue()


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_command_that_is_started_without_a_stream_does_its_work(tmp_path: Path, closed: str) -> None:
    newest_sqlite(tmp_path / "leeway.db")  # a logger of ours asked None whether it is a terminal: daemonize, `2>&-`
    leeway(tmp_path, "init")
    streams = {"stdout": TextIOWrapper(BytesIO()), "stderr": StringIO()} | {closed: None}
    assert piped(tmp_path, *streams.values(), "okrs", "load", "okrs.yaml") == 0
    assert json.loads(leeway(tmp_path, "okrs", "history", "--json").stdout)

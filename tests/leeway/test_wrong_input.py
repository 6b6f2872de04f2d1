"""What somebody types wrongly, or in the wrong place: one sentence that says what is wrong, exit code 2, nothing half done."""

import errno
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from leeway.app import App
from leeway.check import _database
from leeway.doctor import diagnose
from leeway.errors import expected
from leeway.settings import Settings
from leeway.transfer import export
from models import Cycle, connect
from pipeline.files import InputError, write_picture
from simulator.company import register_yaml
from tests.conftest import TODAY
from tests.leeway.test_cli import leeway, refused


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company that has a register and nothing else, loaded once for all tests here."""
    folder = tmp_path_factory.mktemp("loaded")
    (folder / "okrs.yaml").write_text(register_yaml(TODAY))
    (folder / "leeway.toml").write_text('[smtp]\nhost = "127.0.0.1"\nsender = "l@x.example"\n')
    assert leeway(folder, "okrs", "load", "okrs.yaml").returncode == 0
    return folder


@pytest.fixture
def folder(loaded: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(loaded, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        (("backtest", "--from", "yesterday"), ("--from", "'yesterday' is not a date such as 2026-10-01")),
        (("demo", "--today", "tomorrow"), ("--today", "'tomorrow' is not a date such as")),
        (("demo", "--database", "mysql://u:sekret@h/x"), ("--database", "sqlite:///leeway.db")),
        # The calendar's ends: ctx PR #38, nab PR #947.
        (("costs", "--month", "9999-12"), ("'9999-12' is not a month such as 2026-10",)),
        (
            ("okrs", "carry-over", "--start", "9999-12-30"),
            ("--start", "'9999-12-30' is not within the years 1970 to 2200"),
        ),
        (("okrs", "carry-over", "--end", "9999-12-31"), ("--end", "not within the years 1970 to 2200")),
        (("measure", "O1.1", "3", "--day", "0001-01-01"), ("--day", "not within the years 1970 to 2200")),
        (("backtest", "--from", "9999-12-31"), ("--from", "not within the years 1970 to 2200")),
        (("export", "."), (".: Is a directory",)),
        (("sync", "jra"), ("there is no source 'jra'", "Did you mean jira?")),
        (("sync", "salesforce"), ("There are jira, slack, hubspot",)),
        (("source", "replace", "jra"), ("there is no source 'jra'", "Did you mean jira?")),
        (("source", "accept", "github"), ("github is not configured. Add its section",)),
        (("label", "--team", "ap"), ("there is no team 'ap'", "Did you mean app?")),
        (("digest", "--team", "ap"), ("there is no team 'ap'", "Did you mean app?")),
        (("web", "--open", "--role", "team:ap"), ("there is no team 'ap'", "Did you mean app?")),
        # What is read would be gone: qsv #4580, mcap PR #1729, zstd #1422, mjml #1775, ftfy #78.
        (("match", "okrs.yaml", "leeway.toml", "--out", "okrs.yaml"), ("okrs.yaml is an input and would be over",)),
        (("detect", "okrs.yaml", "--periods", "leeway.toml", "--out", "./leeway.toml"), ("leeway.toml is an input",)),
        (("detect", "a", "--periods", "b", "--out", "c", "--company-alarms", "nan"), ("more than 0 and at most 52",)),
        (("detect", "a", "--periods", "b", "--out", "c", "--team-alarms", "0"), ("more than 0 and at most 52",)),
    ],
)
def test_it_is_one_sentence(folder: Path, words: tuple[str, ...], parts: tuple[str, ...]) -> None:
    refused(leeway(folder, *words), *parts)


@pytest.mark.parametrize(
    "words",
    [  # each of two was given, and one dropped in silence: coco #1889, elasticsearch #12368, summon #256
        ("doctor", "--clear", "--json"),
        ("doctor", "--clear", "--only", "alerts"),
        ("progress", "--json", "--csv"),
        ("steps", "--json", "--csv"),
        ("mcp", "--http", "--key"),
        ("interview", "--dry-run", "--json"),
        ("interview", "--ask", "--dry-run"),
        ("pulse", "--dry-run", "--json"),
        ("pulse", "--send", "--dry-run"),
        ("pack", "weekly", "--mail", "--to", "x"),
        ("label", "labels.csv", "--template", "3"),
        ("label", "--template", "3", "--team", "app"),
        ("streams", "streams.csv", "--template", "3"),
        ("sync", "--sweep", "--retry-failed"),
        ("sync", "--sweep", "--minutes", "0"),
        ("measure", "O1.1", "3", "--again"),
        ("okrs", "load", "okrs.yaml", "--yes", "--strict"),
    ],
)
def test_two_options_that_ask_for_different_things_are_refused(folder: Path, words: tuple[str, ...]) -> None:
    refused(leeway(folder, *words), "cannot be combined; give one of them")


@pytest.mark.parametrize(
    ("words", "of"),
    [
        (("web", "--role", "team:app"), "--open"),  # whoever forgot --open was given the page's way in as ops
        (("sync", "--force"), "--sweep"),
        (("measure", "--note", "survey of June"), "a key result and its number"),
    ],
)
def test_an_option_without_what_it_belongs_to_is_refused(folder: Path, words: tuple[str, ...], of: str) -> None:
    refused(leeway(folder, *words), f"it has no effect without {of}")


def test_a_picture_is_written_over_a_picture_alone(tmp_path: Path) -> None:
    labels, picture = tmp_path / "labels.csv", tmp_path / "match.png"
    labels.write_text("item,key_result\n")
    with pytest.raises(InputError, match=r"labels\.csv is not a picture and would be overwritten"):
        write_picture(labels, b"\x89PNG\r\n\x1a\none")
    for made in (b"\x89PNG\r\n\x1a\none", b"\x89PNG\r\n\x1a\ntwo"):
        write_picture(picture, made)
    assert (labels.read_text(), picture.read_bytes()) == ("item,key_result\n", made)


def test_where_nothing_was_looked_at_that_nothing_is_found_is_not_said(folder: Path) -> None:
    # "Nothing" where nobody looked: clawmetry #5716. A success that is none: lxd #1886, gfarm #52.
    assert leeway(folder, "diagnoses").stdout.startswith(
        "The first analysis is not finished, so nothing has been looked for yet."
    )
    assert json.loads(leeway(folder, "diagnoses", "--json").stdout)["looked"] is False
    shown = leeway(folder, "digest", "--preview", "mails")
    assert (shown.stdout, shown.stderr.split(":")[0]) == ("", "Nothing written")
    refused(leeway(folder, "costs", "--month", "2026-01"), "no complete week of 2026-01 is known")


def test_a_template_s_lines_end_as_those_of_all_commands(folder: Path) -> None:  # azure-cli #7290, sqlitebrowser #591
    assert leeway(folder, "label", "--template", "3").stdout == "item,key_result,likely,place,title,part of,version\n"


def test_days_and_times_in_json_are_iso_8601(folder: Path) -> None:  # open-event-server #8, f5-telemetry-streaming #4
    with Session(connect(f"sqlite:///{folder / 'leeway.db'}")) as session, session.begin():
        at = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)
        session.add(Cycle(started_at=at, finished_at=at, seconds={}))
    said = json.loads(leeway(folder, "status", "--json").stdout)
    assert said["last_cycle"]["finished_at"] == "2026-11-23T08:05:00+00:00"


def test_a_folder_in_place_of_a_file_to_write(folder: Path) -> None:
    (folder / "e.csv").write_text("date,person,team,source,objective,person_days\n2026-01-05,a,t,jira,O1,1\n")
    (folder / "p.yaml").write_text("[{start: 2026-01-01, priority: {O1: 1}}]")
    for where in (".", "sub"):
        (folder / "sub").mkdir(exist_ok=True)
        refused(leeway(folder, "detect", "e.csv", "--periods", "p.yaml", "--out", where), "Is a directory")
    refused(leeway(folder, "detect", ".", "--periods", "p.yaml", "--out", "x"), "Is a directory")
    assert sorted(one.name for one in folder.iterdir() if one.suffix == ".part") == []


def test_bytes_that_are_no_utf_8_are_said_and_not_kept(folder: Path) -> None:
    """As a script that was saved in Latin-1 gives them."""
    (folder / "okrs.yaml").write_text(register_yaml(TODAY).replace("Velora", "Velo"))
    wrong = b"caf\xe9".decode(errors="surrogateescape")
    refused(leeway(folder, "okrs", "load", "okrs.yaml", "--why", wrong), "is not in UTF-8. Type it again")
    assert "version 2" not in leeway(folder, "okrs", "history").stdout


def test_an_error_is_json_where_logs_are(folder: Path) -> None:  # nano-brain #235 is its other half
    done = leeway(folder, "--json-logs", "sync", "jra")
    said = json.loads(done.stderr)
    assert (done.returncode, said["level"]) == (2, "error")
    assert said["event"].startswith("there is no source 'jra'")


@pytest.mark.parametrize(
    ("variable", "proxy"),
    [
        ("ALL_PROXY", "socks5://u:sekret@127.0.0.1:1080"),
        ("HTTPS_PROXY", "socks5h://127.0.0.1:1080"),
        ("https_proxy", "http://u:sekret@127.0.0.1:99999"),
    ],
)
def test_a_proxy_that_no_client_speaks_to_is_one_sentence(folder: Path, variable: str, proxy: str) -> None:
    """requests #5448, urllib3 #2104: clients raise it as they are made, and so every command ended in a traceback."""
    given = {"LEEWAY_HUBSPOT__TOKEN": "t", "LEEWAY_HUBSPOT__PIPELINES": "Sales", variable: proxy}
    for words in (("status",), ("check",), ("sync", "hubspot")):
        refused(leeway(folder, *words, **given), "hubspot: the proxy for https is not supported", "HTTPS_PROXY")
    assert leeway(folder, "status", **given, NO_PROXY="api.hubapi.com").returncode == 0


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (sqlite3.OperationalError("database or disk is full"), "Free some space where the database is"),
        (OperationalError("", {}, Exception("disk I/O error")), "the file size limit is reached (ulimit -f)"),
        (OSError(errno.EFBIG, "File too large"), "the file size limit is reached"),
    ],
)
def test_what_a_disk_does_not_take_is_one_sentence(error: Exception, words: str) -> None:  # Tribler #3247, libsql #580
    assert words in str(expected(error))


def test_a_full_disk_leaves_the_file_that_is_there(folder: Path) -> None:
    """nextcloud #25175, netbird #237, bitcoin #21340: what is written in its place is empty first."""
    (folder / "plan.yaml").write_text("a file that somebody wrote")
    full = OSError(errno.ENOSPC, "No space left on device")
    with patch.object(Path, "replace", side_effect=full):
        refused(leeway(folder, "okrs", "export", "--force", "--output", "plan.yaml"), "no space is left")
    assert (folder / "plan.yaml").read_text() == "a file that somebody wrote"
    assert not list(folder.glob("*.part"))
    assert leeway(folder, "okrs", "export", "--force", "--output", "plan.yaml").returncode == 0
    assert (folder / "plan.yaml").read_text() == (folder / "okrs.yaml").read_text()
    (folder / "link.yaml").symlink_to("plan.yaml")
    assert leeway(folder, "okrs", "export", "--force", "--output", "link.yaml").returncode == 0
    assert (folder / "link.yaml").is_symlink()


def test_a_copy_that_is_put_beside_the_log_of_a_later_one_says_what_to_delete(folder: Path) -> None:
    """Trilium #1835, bindery #2337: SQLite takes what stands in a -wal for the file's own."""
    file = folder / "torn.db"
    with closing(sqlite3.connect(file)) as made:
        made.execute("CREATE TABLE installed (text)")
    raw = file.read_bytes()
    file.write_bytes(raw[:100] + b"\xff" * (len(raw) - 100))
    said = leeway(folder, "status", LEEWAY_DATABASE__URL=f"sqlite:///{file}")
    refused(said, "malformed", "delete the files next to it that end in -wal and -shm")


def test_a_database_that_answers_and_has_no_room_is_told(folder: Path) -> None:  # health_check #61, Sportarr #288
    app = App(Settings.model_validate({"database": {"url": f"sqlite:///{folder / 'leeway.db'}"}}))
    assert [row.name for row in diagnose(app, "database")] == ["connection"]
    with (
        patch("shutil.disk_usage", return_value=SimpleNamespace(free=12_000_000)),
        patch("os.access", return_value=False),
    ):
        rows = {row.name: row for row in diagnose(app, "database")}
        assert {row.name for row in _database(app)} >= {"file", "disk"}
    assert (rows["disk"].ok, rows["disk"].found) == (False, "12 MB left on the disk that holds leeway.db")
    assert not rows["file"].ok
    app.engine.dispose()


def test_an_export_that_fails_leaves_nothing_of_it_on_the_disk(tmp_path: Path) -> None:
    app = App(Settings.model_validate({"database": {"url": f"sqlite:///{tmp_path / 'l.db'}"}}))
    app.sessions()
    before = sorted(tmp_path.iterdir())
    full = OSError(errno.ENOSPC, "No space left on device")
    with patch("leeway.transfer._snapshot", side_effect=full), pytest.raises(OSError, match="No space"):
        export(app.engine, tmp_path / "all.zip")
    assert sorted(tmp_path.iterdir()) == before

"""`leeway demo --output FOLDER` replaces what a demo left there, and nothing that somebody else keeps there."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from leeway.demo_folder import DemoError, fresh_database, prepare
from models import connect
from tests.conftest import newest_sqlite
from tests.leeway.test_cli import leeway, refused


def kept(folder: Path, name: str, content: bytes) -> None:
    """The demo ends with a sentence that names the file, which is as it was."""
    refused(leeway(folder, "demo", "--output", "."), f"{name} does not belong to a demo", "--output")
    assert (folder / name).read_bytes() == content


def test_a_company_that_is_there_stays(tmp_path: Path) -> None:
    """It lost its database, the copies beside it and its plan where somebody showed the demo in its folder."""
    newest_sqlite(tmp_path / "leeway.db")
    copy = tmp_path / "leeway.db.2026-10-01"
    copy.write_text("a backup")
    kept(tmp_path, "leeway.db", (tmp_path / "leeway.db").read_bytes())
    (tmp_path / "leeway.db").write_bytes(b"of another program, and long enough to be read" * 30)
    kept(tmp_path, "leeway.db", (tmp_path / "leeway.db").read_bytes())
    (tmp_path / "leeway.db").unlink()
    (tmp_path / "okrs.yaml").write_text("mine")
    kept(tmp_path, "okrs.yaml", b"mine")
    (tmp_path / "leeway.toml").write_text("# mine")
    kept(tmp_path, "leeway.toml", b"# mine")
    assert copy.read_text() == "a backup"


@pytest.mark.parametrize("left", ["stopped", "finished before there was a mark"])
def test_what_a_demo_left_is_replaced_unless_its_page_is_up(tmp_path: Path, left: str) -> None:
    if left == "stopped":
        fresh_database(tmp_path)
        with closing(sqlite3.connect(tmp_path / "leeway.db")) as database:
            database.execute("CREATE TABLE half (id INTEGER)")
    else:
        newest_sqlite(tmp_path / "leeway.db")
        for name in ("summary.json", "okrs.yaml"):
            (tmp_path / name).write_text("{}")
    prepare(tmp_path)
    page = connect(f"sqlite:///{tmp_path}/leeway.db")
    with page.connect() as reading:
        reading.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
        with pytest.raises(DemoError, match="is in use, by another demo or its page"):
            fresh_database(tmp_path)
    page.dispose()
    (tmp_path / "leeway.db-note").touch()
    assert fresh_database(tmp_path) == f"sqlite:///{tmp_path}/leeway.db"
    with closing(sqlite3.connect(tmp_path / "leeway.db")) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert (tmp_path / "leeway.db").stat().st_mode & 0o077 == 0
    assert (tmp_path / "leeway.db-note").exists()

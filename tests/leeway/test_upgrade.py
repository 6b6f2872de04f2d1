"""Upgrades and rollbacks: a dry run, a database newer than the code, disks that are full or may not be written."""

import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, event, text

import migrations
from leeway import __version__
from leeway.transfer import bring_in, export
from models import connect
from tests.conftest import newest_sqlite
from tests.leeway.test_cli import environment, leeway, refused


def revision_of(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of revision 0005."""
    url = f"sqlite:///{tmp_path}/old.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    engine = create_engine(url)
    config = migrations._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
    yield engine
    engine.dispose()


def test_a_dry_run_lists_the_steps_tries_them_and_changes_nothing(old: Engine) -> None:
    steps = migrations.pending(old)
    assert [step.revision for step in steps][:2] == ["0006", "0007"]
    assert all(step.about.endswith(".") for step in steps)
    migrations.rehearse(old)
    assert revision_of(old) == "0005"
    migrations.upgrade(old, "1.2.3")
    assert migrations.is_current(old)
    assert migrations.pending(old) == []


@pytest.mark.parametrize("old", ["postgresql"], indirect=True)
def test_tables_that_others_hold_end_an_upgrade_with_a_sentence(old: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waited without a word, for as long as a pg_dump takes, and the page and all pulls stood behind it."""
    monkeypatch.setattr(migrations, "_LONGEST_WAIT", "50ms")
    other = create_engine(old.url, connect_args={"application_name": "pg_dump"})
    with other.connect() as dump:
        dump.execute(text("SELECT count(*) FROM work_item"))
        for attempt in (migrations.rehearse, migrations.upgrade):
            with pytest.raises(
                migrations.UpgradeError, match=r"others hold its tables .*pg_dump.* Nothing was changed"
            ):
                attempt(old)
    other.dispose()
    assert revision_of(old) == "0005"


@pytest.mark.parametrize("statement", [3, 12, 40])
def test_an_upgrade_that_is_cut_off_anywhere_is_done_by_the_next_start(tmp_path: Path, statement: int) -> None:
    """A process that is killed leaves what the database has committed by then: all of an upgrade, or nothing."""
    engine = connect(f"sqlite:///{tmp_path}/new.db")
    left = statement

    def cut(*given: object) -> None:
        nonlocal left
        left -= str(given[2]).lstrip().startswith(("CREATE", "ALTER", "DROP"))
        if not left:
            raise KeyboardInterrupt

    event.listen(engine, "before_cursor_execute", cut)
    with pytest.raises(KeyboardInterrupt):
        migrations.upgrade(engine)
    event.remove(engine, "before_cursor_execute", cut)
    migrations.upgrade(engine)
    assert migrations.is_current(engine)


def test_a_newer_database_is_refused_with_the_version_that_wrote_it_and_left_alone(old: Engine) -> None:
    migrations.upgrade(old, "1.2.3")
    with old.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (migrations.upgrade, migrations.pending):
        with pytest.raises(migrations.UpgradeError, match=r"a newer version of Leeway \(revision 9999\)"):
            attempt(old)
    with old.begin() as connection:
        connection.execute(text("INSERT INTO installed VALUES ('9999', '9.8.7', '2027-01-01 00:00:00')"))
    with pytest.raises(
        migrations.UpgradeError, match=r"written by Leeway 9\.8\.7 \(revision 9999\).*Install Leeway 9\.8\.7"
    ):
        migrations.upgrade(old)
    assert revision_of(old) == "9999"


@pytest.mark.parametrize(
    ("tables", "whose"),
    [
        (
            [
                "CREATE TABLE alembic_version (version_num VARCHAR(32))",
                "INSERT INTO alembic_version VALUES ('d259a9bca9e7')",
            ],
            "d259",
        ),
        (
            ["CREATE TABLE alembic_version (version_num VARCHAR(32))", "INSERT INTO alembic_version VALUES ('0021')"],
            "0021",
        ),
        (["CREATE TABLE person (id INTEGER)"], "a table person"),
    ],
)  # mlflow/mlflow #3374, curie-eng/curie #1705: two programs in one database
def test_the_database_of_another_program_is_left_alone(tables: list[str], whose: str, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/theirs.db")
    with engine.begin() as connection:
        for statement in tables:
            connection.execute(text(statement))
    with engine.connect() as connection:
        before = list(connection.connection.driver_connection.iterdump())  # type: ignore[union-attr]
    for way in (migrations.upgrade, migrations.pending, migrations.rehearse):
        with pytest.raises(migrations.UpgradeError, match=f"belongs to another program .*{whose}"):
            way(engine)
    with engine.connect() as connection:
        assert list(connection.connection.driver_connection.iterdump()) == before  # type: ignore[union-attr]


def test_every_command_says_it_in_one_sentence(tmp_path: Path) -> None:
    assert leeway(tmp_path, "status").returncode == 0
    with closing(sqlite3.connect(tmp_path / "leeway.db", isolation_level=None)) as database:
        assert database.execute("SELECT version FROM installed").fetchall() == [(__version__,)]
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    refused(leeway(tmp_path, "status"), "revision 9999", "docs/operations.md")
    refused(leeway(tmp_path, "upgrade", "--check"), "revision 9999")


def test_the_rollback_as_operations_md_tells_it(tmp_path: Path) -> None:
    before = connect(f"sqlite:///{tmp_path}/before.db")
    migrations.upgrade(before, "1.0.0")
    with before.begin() as connection:
        connection.execute(text("INSERT INTO tally VALUES ('tasks', 'x done', 3)"))
    export(before, tmp_path / "all.zip")
    with before.begin() as connection:  # the newer version came, and is taken back
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    again = connect(f"sqlite:///{tmp_path}/again.db")
    migrations.upgrade(again, "1.0.0")
    bring_in(again, tmp_path / "all.zip")
    with again.connect() as connection:
        assert connection.scalar(text("SELECT value FROM tally")) == 3
    before.dispose()
    again.dispose()


def limited(folder: Path, *words: str, size: int) -> subprocess.CompletedProcess[str]:
    """The command where no file may grow beyond a size, as on a full disk."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return subprocess.run(
        [sys.executable, "-m", "leeway.cli", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        preexec_fn=limit,
        timeout=300,
    )


def test_a_full_disk_is_one_sentence_and_what_was_stored_stays(tmp_path: Path) -> None:
    assert leeway(tmp_path, "status").returncode == 0
    leeway(tmp_path, "init")
    refused(limited(tmp_path, "okrs", "load", "okrs.yaml", size=1024), "the database: ")
    assert leeway(tmp_path, "okrs", "load", "okrs.yaml").returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_an_output_that_is_full_is_one_sentence(tmp_path: Path) -> None:
    newest_sqlite(tmp_path / "leeway.db")
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", "leeway.cli", "status"]
        said = subprocess.run(
            words, cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, timeout=1200
        )
    assert said.returncode == 2, said.stderr
    assert " ".join(said.stderr.split()).startswith("Error: no space is left where this writes")
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("content", [b"no database, but long enough to look at\n" * 30, b""])
def test_a_file_that_is_no_database(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "leeway.db").write_bytes(content)
    result = leeway(tmp_path, "status")
    if content:
        refused(result, "the database: file is not a database", "restore a backup")
    else:
        assert result.returncode == 0


def test_a_database_that_may_not_be_written_is_one_sentence_and_stays_as_it_was(tmp_path: Path) -> None:
    leeway(tmp_path, "init")
    assert leeway(tmp_path, "okrs", "load", "okrs.yaml").returncode == 0
    kept = tmp_path / "kept.db"
    with closing(sqlite3.connect(tmp_path / "leeway.db")) as database, closing(sqlite3.connect(kept)) as copy:
        database.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    before = kept.read_bytes()
    (tmp_path / "okrs.yaml").write_text((tmp_path / "okrs.yaml").read_text().replace("Customers stay", "They stay"))
    only_read = f"sqlite:///file:{kept}?mode=ro&uri=true"  # whoever runs the tests may write every file
    result = leeway(tmp_path, "okrs", "load", "okrs.yaml", LEEWAY_DATABASE__URL=only_read)
    refused(result, "the database: ", "readonly database", "Give the user that runs Leeway write access to the file")
    assert kept.read_bytes() == before
    again = leeway(tmp_path, "okrs", "load", "okrs.yaml", LEEWAY_DATABASE__URL=f"sqlite:///{kept}")
    assert "version 2" in again.stdout

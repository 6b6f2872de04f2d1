"""`leeway export` and `leeway import`: a backup of everything, also to move from SQLite to PostgreSQL or back.

A zip with one JSON-lines file per table and a manifest. It is written in one read transaction, so it is consistent; it is
imported in one transaction, all or nothing.
"""

import json
import os
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, Table, false, func, select, text

import migrations
from leeway import __version__
from leeway.export_rows import ROWS, Damaged, lots, plain
from leeway.older_export import brought_up
from models import Installed
from models.base import Base
from pipeline.files import beside

FORMAT = 1
_MANIFEST = "manifest.json"
_FRESH = {"basis", "dead_task", "lease", "secret", "tally", "used_link"}
"""Tables of which an empty database may hold rows: some are there from the first, others as soon as a page, a worker or a command
looked at it. The file's rows replace them."""
_PRIVATE = {"interview_answer"}
"""Tables whose rows stay where they are: an open interview's answers are in no backup, and are asked again after a restore."""
Progress = Callable[[str, int], None]


class TransferError(Exception):
    """The file or the database is not suitable; the message says what to do."""


def export(engine: Engine, path: Path, progress: Progress = lambda *_: None) -> dict[str, int]:
    """Write everything to a new file, which only its owner may read; returns the rows by table.

    Raises TransferError where the file is there already.
    """
    part = beside(path)
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise TransferError(f"{part} cannot be written: {error.strerror}.") from None
    if path.exists():
        os.close(handle)
        part.unlink()
        raise TransferError(f"{path} already exists. Choose another name; a backup is never overwritten.")
    try:
        with os.fdopen(handle, "wb") as file:
            counts = _write(engine, file, progress)
    except BaseException:  # a half is no backup, and on a full disk it is what fills it
        part.unlink(missing_ok=True)
        raise
    part.replace(path)
    return counts


def _write(engine: Engine, file: IO[bytes], progress: Progress) -> dict[str, int]:
    counts: dict[str, int] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        with _snapshot(engine) as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
            for table in _tables():
                with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as raw:
                    counts[table.name] = 0
                    rows = select(table).order_by(*table.primary_key)
                    if table.name in _PRIVATE:
                        rows = rows.where(false())
                    for row in connection.execute(rows, execution_options={"yield_per": ROWS}):
                        values = {c.name: plain(value) for c, value in zip(table.columns, row, strict=True)}
                        raw.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
                        counts[table.name] += 1
                        if counts[table.name] % ROWS == 0:
                            progress(table.name, counts[table.name])
        manifest = {
            "format": FORMAT,
            "version": __version__,
            "revision": revision,
            "made_at": datetime.now(UTC).isoformat(),
            "rows": counts,
        }
        archive.writestr(_MANIFEST, json.dumps(manifest, indent=1))
    return counts


def bring_in(engine: Engine, path: Path, progress: Progress = lambda *_: None) -> dict[str, int]:
    """Fill an empty database from a file of this version or an older one; returns the rows by table.

    Raises TransferError where the file is none of ours, is of a newer version, or the database holds something.
    """
    with _opened(path) as archive:
        manifest = _manifest(archive, path)
        try:
            if manifest["revision"] == migrations.revisions()[-1]:
                return _bring_in(engine, archive, manifest["rows"], progress)
            with brought_up(archive, manifest["revision"], manifest["rows"]) as (newest, folder):
                export(newest, folder / "newest.zip")
                return bring_in(engine, folder / "newest.zip", progress)
        except Damaged as error:
            raise TransferError(f"{path}: {error}; nothing was imported.") from None


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except FileNotFoundError:
        raise TransferError(f"{path} does not exist.") from None
    except (OSError, zipfile.BadZipFile):
        raise _no_export(path) from None


def _manifest(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    """What the file says of itself. Raises TransferError where it is none of ours, or of a newer version."""
    try:
        manifest = json.loads(archive.read(_MANIFEST))
        written, by, known = manifest["revision"], manifest.get("version"), migrations.revisions()
        if not isinstance(manifest["rows"], dict):
            raise _no_export(path)
    except (KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile):
        raise _no_export(path) from None
    if manifest.get("format") != FORMAT or written not in known:
        newer = f"Leeway {by}" if by else "a newer version of Leeway"
        raise TransferError(
            f"{path} was written by {newer} (revision {written}), and this version reads revisions up to {known[-1]}. "
            "Import it with that version, or upgrade this one."
        )
    return manifest  # type: ignore[no-any-return]


def _no_export(path: Path) -> TransferError:
    return TransferError(f"{path} is not a Leeway export, or is incomplete. `leeway export FILE` writes one.")


def _bring_in(engine: Engine, archive: zipfile.ZipFile, rows: dict[str, int], progress: Progress) -> dict[str, int]:
    counts = {}
    with engine.begin() as connection:
        tables = _tables()
        full = [
            t.name for t in tables if connection.scalar(select(func.count()).select_from(t)) and t.name not in _FRESH
        ]
        if full:
            raise TransferError(
                f"the database already holds data ({', '.join(full[:3])}). Import needs an empty one: stop everything that uses "
                "it, create another database (or delete the SQLite file), and import before starting anything else."
            )
        for table in tables:
            counts[table.name] = 0
            if table.name in _FRESH:
                connection.execute(table.delete())
            for some in lots(archive, table, rows.get(table.name, 0)):
                connection.execute(table.insert(), some)
                counts[table.name] += len(some)
                progress(table.name, counts[table.name])
            _move_sequence(connection, table)
    return counts


def _tables() -> list[Table]:
    """All but the record of upgrades, which is of the installation and not of the company."""
    return [table for table in Base.metadata.sorted_tables if table.name != Installed.__tablename__]


def _snapshot(engine: Engine) -> Connection:
    if engine.dialect.name == "postgresql":
        return engine.connect().execution_options(isolation_level="REPEATABLE READ")
    connection = engine.connect()
    connection.exec_driver_sql("BEGIN")
    return connection


def _move_sequence(connection: Connection, table: Table) -> None:
    """New rows get numbers after the imported ones."""
    if connection.dialect.name != "postgresql" or "id" not in table.columns:
        return
    name = connection.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": f'"{table.name}"'})
    highest = connection.scalar(select(func.max(table.columns["id"])))
    if name and highest:
        connection.execute(text("SELECT setval(CAST(:name AS regclass), :highest)"), {"name": name, "highest": highest})

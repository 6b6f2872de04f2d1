"""`leeway export` and `leeway import`: a backup of everything, also to move from SQLite to PostgreSQL or back.

A zip of one JSON-lines file a table and a manifest. It is written in one read transaction, so it is of one moment; it is read in
one transaction, so that it arrives whole or not at all.
"""

import base64
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, Date, Engine, LargeBinary, Table, func, select, text

from models import Installed
from models.base import Base, UtcDateTime

FORMAT = 1
_MANIFEST = "manifest.json"
_ROWS = 2_000
_FRESH = {"basis"}
"""Tables that an empty database of the newest version may hold rows of."""
Progress = Callable[[str, int], None]


class TransferError(Exception):
    """The file or the database is not fit for it; the message says what to do."""


def export(engine: Engine, path: Path, progress: Progress = lambda *_: None) -> dict[str, int]:
    """Write everything to a new file, which only its owner may read; returns the rows by table.

    Raises TransferError where the file is there already.
    """
    part = path.with_name(path.name + ".part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise TransferError(f"{part} cannot be written: {error.strerror}.") from None
    if path.exists():
        os.close(handle)
        part.unlink()
        raise TransferError(f"{path} is there already. Give another name; a backup is not overwritten.")
    counts: dict[str, int] = {}
    with os.fdopen(handle, "wb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        with _snapshot(engine) as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
            for table in _tables():
                with archive.open(f"{table.name}.jsonl", "w", force_zip64=True) as raw:
                    counts[table.name] = 0
                    for row in connection.execute(
                        select(table).order_by(*table.primary_key), execution_options={"yield_per": _ROWS}
                    ):
                        values = {c.name: _plain(value) for c, value in zip(table.columns, row, strict=True)}
                        raw.write(json.dumps(values, ensure_ascii=False).encode() + b"\n")
                        counts[table.name] += 1
                        if counts[table.name] % _ROWS == 0:
                            progress(table.name, counts[table.name])
        manifest = {"format": FORMAT, "revision": revision, "made_at": datetime.now(UTC).isoformat(), "rows": counts}
        archive.writestr(_MANIFEST, json.dumps(manifest, indent=1))
    part.replace(path)
    return counts


def bring_in(engine: Engine, path: Path, progress: Progress = lambda *_: None) -> dict[str, int]:
    """Fill an empty database from a file; returns the rows by table.

    Raises TransferError where the file is none of ours, is of another version, or the database holds something.
    """
    try:
        archive = zipfile.ZipFile(path)
        manifest = json.loads(archive.read(_MANIFEST))
    except FileNotFoundError:
        raise TransferError(f"{path} does not exist.") from None
    except (OSError, zipfile.BadZipFile, KeyError, ValueError):
        raise TransferError(
            f"{path} is no export of Leeway, or only a part of one. `leeway export FILE` writes one."
        ) from None
    with archive, engine.begin() as connection:
        revision = MigrationContext.configure(connection).get_current_revision()
        if manifest.get("format") != FORMAT or manifest.get("revision") != revision:
            raise TransferError(
                f"{path} is of version {manifest.get('revision')}, this database of {revision}. Export and "
                "import with the same version of Leeway, then upgrade."
            )
        tables = _tables()
        full = [
            t.name for t in tables if connection.scalar(select(func.count()).select_from(t)) and t.name not in _FRESH
        ]
        if full:
            raise TransferError(f"the database holds data already ({', '.join(full[:3])}). Import wants an empty one.")
        counts = {}
        for table in tables:
            counts[table.name] = 0
            for rows in _lots(archive, path, table):
                connection.execute(table.insert(), rows)
                counts[table.name] += len(rows)
                progress(table.name, counts[table.name])
            if counts[table.name] != manifest["rows"].get(table.name, 0):
                said = manifest["rows"].get(table.name)
                raise TransferError(
                    f"{path}: {table.name} has {counts[table.name]} rows, the manifest says {said}. The file is "
                    "damaged; nothing was imported."
                )
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


def _lots(archive: zipfile.ZipFile, path: Path, table: Table) -> Iterator[list[dict[str, Any]]]:
    rows: list[dict[str, Any]] = []
    with archive.open(f"{table.name}.jsonl") as raw:
        for number, line in enumerate(io.TextIOWrapper(raw, encoding="utf-8"), 1):
            try:
                given = json.loads(line)
                rows.append({c.name: _value(c, given[c.name]) for c in table.columns})
            except (ValueError, KeyError, TypeError):
                raise TransferError(
                    f"{path}: {table.name}.jsonl, line {number} is damaged; nothing was imported."
                ) from None
            if len(rows) == _ROWS:
                yield rows
                rows = []
    if rows:
        yield rows


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, date) else value


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    return base64.b64decode(value) if isinstance(column.type, LargeBinary) else value


def _move_sequence(connection: Connection, table: Table) -> None:
    """New rows get numbers after the imported ones."""
    if connection.dialect.name != "postgresql" or "id" not in table.columns:
        return
    name = connection.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": f'"{table.name}"'})
    highest = connection.scalar(select(func.max(table.columns["id"])))
    if name and highest:
        connection.execute(text("SELECT setval(CAST(:name AS regclass), :highest)"), {"name": name, "highest": highest})

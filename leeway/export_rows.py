"""Rows in an export: a file of JSON lines for each table."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from zipfile import BadZipFile, ZipFile

from sqlalchemy import Column, Date, DateTime, LargeBinary, Table

from models.base import UtcDateTime

ROWS = 2_000
"""Rows read or written per batch."""


class Damaged(Exception):
    """A table of the file cannot be read; the message says which and where."""


def plain(value: Any) -> Any:
    """Return a column's value in its JSON form."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value.isoformat() if isinstance(value, date) else value


def lots(archive: ZipFile, table: Table, rows: int) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table, `ROWS` at a time. Raises Damaged where a line is no row of it, or there are not as many as `rows`."""
    lot: list[dict[str, Any]] = []
    number = 0
    try:
        with archive.open(f"{table.name}.jsonl") as raw:
            for line in raw:
                number += 1
                given = json.loads(line)
                lot.append({column.name: _value(column, given[column.name]) for column in table.columns})
                if len(lot) == ROWS:
                    yield lot
                    lot = []
    except (ValueError, KeyError, TypeError, BadZipFile):
        where = f", line {number} is damaged" if number else " is not there"
        raise Damaged(f"{table.name}.jsonl{where}") from None
    if lot:
        yield lot
    if number != rows:
        raise Damaged(f"{table.name} has {number} rows, the manifest says {rows}. The file is damaged")


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, DateTime):  # of a SQLite table as it was found, which keeps UTC without saying so
        return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    return base64.b64decode(value) if isinstance(column.type, LargeBinary) else value

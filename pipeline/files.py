"""Read and write the files of the offline commands."""

import codecs
import csv
import errno
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from connectors.sheet import reader


class InputError(Exception):
    """A file that cannot be used; the message names file, line and field."""


_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_NO_TEXT = (
    (b"PK\x03\x04", "a workbook (.xlsx, .ods) or archive"),
    (b"\xd0\xcf\x11\xe0", "a workbook (.xls)"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "compressed"),
)
"""First bytes of files that are not text, whatever their name."""


def decode(raw: bytes, name: str) -> str:
    """Decode a file's bytes: UTF-8, or as its byte order mark says. Raises InputError, which names the line."""
    if other := next((what for begins, what in _NO_TEXT if raw.startswith(begins)), None):
        raise InputError(f"{name} is {other}, not text. Save the sheet of a spreadsheet as CSV in UTF-8.")
    mark, encoding = next((one for one in _MARKS if raw.startswith(one[0])), (b"", "utf-8"))
    body = raw[len(mark) :]
    try:
        text = body.decode(encoding).lstrip("\ufeff")  # some programs write the mark twice
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        found = body[error.start : error.start + 1]
        guess = found.decode("cp1252", "replace")
        raise InputError(
            f"{name}, line {line}: the byte {found.hex()} is not {encoding.upper()} (in Windows-1252 it would be {guess!r}). "
            "Save the file as UTF-8."
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InputError(f"{name}, line {line}: a zero byte; the file seems to be UTF-16 or binary. Save it as UTF-8.")
    return text


def text_of(path: Path) -> str:
    """Return the file's text. Raises InputError."""
    try:
        return decode(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None


def lines_of(path: Path) -> list[str]:
    """Return the lines, without splitting at other Unicode line separators, which a title may hold. Raises InputError."""
    return re.split("\r\n|\n|\r", text_of(path))


def rows_of(path: Path) -> "csv.DictReader[str]":
    """Return a table's rows by the names in its first line, as any spreadsheet saves it; iterate with `readable`.

    Raises InputError.
    """
    try:
        return reader(text_of(path))
    except csv.Error as error:
        raise InputError(f"{path}, line 1: not valid CSV: {error}.") from None


def readable(path: Path, rows: "csv.DictReader[str]") -> Iterator[dict[str, str]]:
    """Yield the rows. Raises InputError, which names the line."""
    try:
        yield from rows
    except csv.Error as error:
        raise InputError(f"{path}, line {rows.line_num}: not valid CSV: {error}.") from None


def beside(path: Path) -> Path:
    """Return the temporary path for writing a file. Raises IsADirectoryError if the path is a folder, such as "."."""
    if path.is_dir() or not path.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    return path.with_name(path.name + ".part")


def write_whole(path: Path, made: bytes) -> None:
    """Write to a temporary file, then rename: files are never partial, and on a full disk the old one stays. Raises OSError."""
    path = path.resolve() if path.is_symlink() else path
    if path.exists() and not path.is_file() and not path.is_dir():  # such as /dev/stdout
        path.write_bytes(made)
        return
    part = beside(path)
    try:
        part.write_bytes(made)
        if path.exists():
            part.chmod(path.stat().st_mode & 0o777)
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(part):
            error.filename = str(path)  # users do not know the temporary name
        raise


def keep(read: Iterable[Path | None], path: Path | None) -> None:
    """Raise InputError if the file to write is, under any name, one of the files read: it would be overwritten."""
    for one in read:
        if one is not None and path is not None and path.is_file() and one.exists() and path.samefile(one):
            raise InputError(f"{path} is an input and would be overwritten. Name another output file.")


def write_picture(path: Path, png: bytes) -> None:
    """Write a picture, replacing an existing one. Raises InputError if the file exists and is no picture, or OSError."""
    if path.is_file() and path.stat().st_size:
        with path.open("rb") as there:
            if there.read(8) != png[:8]:
                raise InputError(f"{path} is not a picture and would be overwritten. Name another output file.")
    write_whole(path, png)


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON line per row, atomically. Raises InputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode())
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None

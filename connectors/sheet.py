"""Tables as spreadsheets save them in any locale: with commas, semicolons or tabs, in UTF-8 or UTF-16."""

import codecs
import csv
import io
import re
from collections.abc import Iterable

_SAID = re.compile(r"\s*sep=(.)\r?\n")


def separator(text: str) -> tuple[str, str]:
    """What stands between the cells, and the text without the line that says so where there is one ("sep=;")."""
    said = _SAID.match(text)
    if said:
        return said[1], text[said.end() :]
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(",;\t", key=first.count), text


def reader(text: str) -> "csv.DictReader[str]":
    """The rows by the names in the first line, without blanks around these.

    Lines end where CSV ends them, not at each of Unicode's line separators, which stand within titles. Raises csv.Error.
    """
    between, rest = separator(text)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=between)
    if rest != text:
        next(rows.reader)
    if rows.fieldnames:
        rows.fieldnames = [name.strip() for name in rows.fieldnames]
    return rows


def lacking(rows: "csv.DictReader[str]", columns: Iterable[str]) -> str | None:
    """What is wrong with the first of these columns that is not there exactly once; None where all are.

    Of two columns with one name nobody says which is meant, and the reader would take the last.
    """
    head = list(rows.fieldnames or ())
    for name in columns:
        if head.count(name) != 1:
            return f"the column {name!r} is {'there twice' if name in head else 'missing'}"
    return None


def decoded(raw: bytes) -> str:
    """UTF-16 where its mark says so, else UTF-8; without the mark, which some write twice. Raises UnicodeDecodeError."""
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return raw.decode("utf-16" if wide else "utf-8").lstrip("\ufeff")

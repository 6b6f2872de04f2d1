"""CSV for spreadsheets: text from outside must not become a formula there."""

import re
import unicodedata
from pathlib import Path
from typing import Any

_FORMULA = tuple("=+-@")


def guarded(value: Any) -> Any:
    """Return the value, prefixing an apostrophe to text that a spreadsheet could interpret as a formula.

    Spreadsheets skip leading blanks, tabs, line breaks and invisible characters, and read full-width signs as plain ones (OWASP,
    CSV injection).
    """
    if not isinstance(value, str) or not value:
        return value
    seen = "".join(c for c in unicodedata.normalize("NFKC", value) if unicodedata.category(c)[0] not in "CZ")
    return f"'{value}" if seen.startswith(_FORMULA) or value[0] in "\t\r\n" else value


def decimal_comma(value: Any) -> Any:
    """Return the value for a spreadsheet with decimal commas, which would read a decimal point as a date or text."""
    return str(value).replace(".", ",") if isinstance(value, float) else guarded(value)


def unguarded(value: str) -> str:
    """Undo `guarded`."""
    return value[1:] if value.startswith("'") and guarded(value[1:]) == value else value


_ERROR = re.compile(r"#(?:[¡¿]?[^\W\d_a-z]{2,}(?:/0)?[!?]|N/?[ADV])")


def is_error(cell: str) -> bool:
    """Return True if a cell holds what a spreadsheet shows where a formula fails: #REF!, #N/A, #NV, #¿NOMBRE?."""
    return _ERROR.fullmatch(cell) is not None


TABLES = (".csv", ".tsv")


def is_table(file: Path) -> bool:
    """Return True if a file is read as a table, by its name."""
    return file.suffix.lower() in TABLES

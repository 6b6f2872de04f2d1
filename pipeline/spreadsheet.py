"""CSV that a spreadsheet opens and writes: a text from outside must not become a formula there."""

import unicodedata
from pathlib import Path
from typing import Any

_FORMULA = tuple("=+-@")


def guarded(value: Any) -> Any:
    """The value, with an apostrophe before a text that a spreadsheet could take for a formula.

    Spreadsheets skip blanks, tabs, line ends and invisible characters at the start, and read full-width signs as plain ones
    (OWASP, CSV injection).
    """
    if not isinstance(value, str) or not value:
        return value
    seen = "".join(c for c in unicodedata.normalize("NFKC", value) if unicodedata.category(c)[0] not in "CZ")
    return f"'{value}" if seen.startswith(_FORMULA) or value[0] in "\t\r\n" else value


def decimal_comma(value: Any) -> Any:
    """The value as a spreadsheet reads it where numbers have a decimal comma; a point would be a day or a text there."""
    return str(value).replace(".", ",") if isinstance(value, float) else guarded(value)


def unguarded(value: str) -> str:
    """What `guarded` made of a text, as it was."""
    return value[1:] if value.startswith("'") and guarded(value[1:]) == value else value


TABLES = (".csv", ".tsv")


def is_table(file: Path) -> bool:
    """Whether a file is read as a table, by its name."""
    return file.suffix.lower() in TABLES

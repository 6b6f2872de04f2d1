"""Reading and writing the offline commands' files."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


class InputError(Exception):
    """A file that cannot be used; the message names file, line and field."""


def text_of(path: Path) -> str:
    """The file's text. Raises InputError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write beside, then move, so that a file that is there is whole. Raises InputError."""
    part = path.with_name(path.name + ".part")
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None

"""Files that leeway.toml names without a folder are those beside it, from wherever a command is run.

A database of the folder that a job happens to run in would be another one, empty, and a second company's alerts would come of it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SQLITE = "sqlite:///"
_FILES = (("identity", "file"), ("calendar", "file"))
_DATABASE = "sqlite:///leeway.db"


def beside(path: Path, data: Mapping[str, Any]) -> dict[str, Any]:
    """What the settings file at `path` says, with the files that it names without a folder where they are: beside it, or, where
    only there one is, in the folder of the command. The database's default is one of them."""
    found = {name: dict(value) if isinstance(value, Mapping) else value for name, value in data.items()}
    for section, name in _FILES:
        given = found.get(section)
        if isinstance(given, dict) and isinstance(given.get(name), str) and given[name]:
            given[name] = _place(path, given[name])
    database = found.setdefault("database", {})
    if isinstance(database, dict):
        url = database.get("url", _DATABASE)
        if isinstance(url, str) and url.startswith(_SQLITE) and url != _SQLITE and "?" not in url:
            database["url"] = _SQLITE + _place(path, url.removeprefix(_SQLITE))
    return found


def _place(path: Path, file: str) -> str:
    own = path.parent / file
    if Path(file).is_absolute() or file.startswith(("~", ":")) or path.parent.resolve() == Path.cwd():
        return file
    return os.fspath(own.absolute()) if own.exists() or not Path(file).exists() else file

"""The folder that the demo writes into: what stood there before is deleted only where a demo left it."""

import sqlite3
from contextlib import closing
from pathlib import Path

DATABASE = "leeway.db"
_MARK = 0x4C574459
"""SQLite's application_id of a database that the demo made. It has it from the beginning, also where the demo was stopped."""
_ELSEWHERE = "The demo wants a folder of its own: name one by --output, or move that away."


class DemoError(Exception):
    """The demo cannot run; the message says why."""


def prepare(folder: Path) -> None:
    """Make the folder. Raises DemoError where it holds somebody's settings or plan, which the demo's would replace."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "leeway.toml").exists():
        raise DemoError(f"{folder / 'leeway.toml'} is no demo's. {_ELSEWHERE}")
    if (folder / "okrs.yaml").exists() and not (folder / "summary.json").exists():
        raise DemoError(f"{folder / 'okrs.yaml'} is no demo's. {_ELSEWHERE}")


def fresh_database(folder: Path) -> str:
    """The address of an empty database there, in place of the last demo's. Raises DemoError where it is another's, or in use."""
    path = folder / DATABASE
    if path.exists() and path.stat().st_size:
        _refuse_others(path)
    for ending in ("", "-wal", "-shm", "-journal"):  # and no copy that somebody put beside it
        Path(f"{path}{ending}").unlink(missing_ok=True)
    path.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as made:
        made.execute(f"PRAGMA application_id = {_MARK}")
    return f"sqlite:///{path}"


def _refuse_others(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path, timeout=0)) as old:
            ours = old.execute("PRAGMA application_id").fetchone()[0] == _MARK
            if not ours and not path.with_name("summary.json").exists():  # which demos left before there was a mark
                raise DemoError(f"{path} is no demo's. {_ELSEWHERE}")
            old.execute("PRAGMA journal_mode = DELETE")  # refused while anybody else has it open
    except sqlite3.OperationalError:
        raise DemoError(f"{path} is in use, by another demo or its page. Stop it, or name another --output.") from None
    except sqlite3.DatabaseError:
        raise DemoError(f"{path} is no demo's. {_ELSEWHERE}") from None

"""The folder that the demo writes to: only files left by an earlier demo are deleted."""

import sqlite3
from contextlib import closing
from pathlib import Path

DATABASE = "leeway.db"
_MARK = 0x4C574459
"""SQLite's application_id of a database that the demo made. It has it from the beginning, also where the demo was stopped."""
_ELSEWHERE = "The demo needs a folder of its own: name one with --output, or move that file away."


class DemoError(Exception):
    """The demo cannot run; the message says why."""


def prepare(folder: Path) -> None:
    """Create the folder. Raises DemoError if it holds settings or a plan that the demo would overwrite."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "leeway.toml").exists():
        raise DemoError(f"{folder / 'leeway.toml'} does not belong to a demo. {_ELSEWHERE}")
    if (folder / "okrs.yaml").exists() and not (folder / "summary.json").exists():
        raise DemoError(f"{folder / 'okrs.yaml'} does not belong to a demo. {_ELSEWHERE}")


def fresh_database(folder: Path) -> str:
    """Return the address of an empty database there, replacing the last demo's. Raises DemoError if it is not a demo's, or is in
    use."""
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
                raise DemoError(f"{path} does not belong to a demo. {_ELSEWHERE}")
            old.execute("PRAGMA journal_mode = DELETE")  # refused while anybody else has it open
    except sqlite3.OperationalError:
        raise DemoError(f"{path} is in use, by another demo or its page. Stop it, or name another --output.") from None
    except sqlite3.DatabaseError:
        raise DemoError(f"{path} does not belong to a demo. {_ELSEWHERE}") from None

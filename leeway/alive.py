"""`python -m leeway.alive NAME`: check that a worker (by its queue's name) or `beat` works, by the heartbeat it leaves in a file.

For health checks, which run every minute next to each process: no settings, no library, no request to Redis. The heartbeat says
how long it is valid, measured on the machine's monotonic clock.
"""

import os
import stat
import sys
import tempfile
import time
from pathlib import Path

_PRIVATE = 0o700


def sign(name: str, good_for: float, broker: bool = True) -> None:
    """Write this process's heartbeat. Raises OSError if it cannot be written, or if others might read or change it."""
    folder = _folder()
    folder.mkdir(_PRIVATE, exist_ok=True)
    _check(folder)
    new = folder / f".{_file(name)}.{os.getpid()}"
    new.write_text(f"{os.getpid()} {time.monotonic()!r} {good_for:.0f} {int(broker)}", encoding="ascii")
    new.replace(folder / _file(name))


def end(name: str) -> None:
    """Remove the heartbeat: the process ends as it was asked to."""
    (_folder() / _file(name)).unlink(missing_ok=True)


def fault(name: str, now: float | None = None) -> str | None:
    """Return what is wrong with it, or None. `now` is a `time.monotonic` value."""
    folder = _folder()
    try:
        _check(folder)
        words = (folder / _file(name)).read_text(encoding="ascii").split()
        process, at, good_for, broker = int(words[0]), float(words[1]), float(words[2]), words[3] == "1"
    except (OSError, ValueError, IndexError) as error:
        return f"has left no sign of life: {error}. It must run as this user, with the same TMPDIR"
    if not _runs(process):
        return f"its process {process} has ended"
    age = (time.monotonic() if now is None else now) - at
    if 0 <= age <= good_for:
        return None
    if age < 0:
        return "has left no sign of life since this machine started"
    return f"has had no broker for {age:.0f} s" if not broker else f"has left no sign of life for {age:.0f} s"


def _folder() -> Path:
    who = f"-{os.getuid()}" if hasattr(os, "getuid") else ""
    return Path(tempfile.gettempdir(), f"leeway{who}")


def _file(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)


def _check(folder: Path) -> None:
    """Raise OSError unless the folder belongs to this user alone: in /tmp anybody may have created it before."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(f"{folder} is no folder")
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & ~_PRIVATE):
        raise PermissionError(f"{folder} is open to others; delete it")


def _runs(process: int) -> bool:
    if os.name == "nt":  # there a signal of 0 would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main(words: list[str]) -> int:
    """Exit with status 0 if it works; otherwise print why it does not."""
    if len(words) != 1 or words[0].startswith("-"):
        sys.stderr.write("usage: python -m leeway.alive pull|encode|analyse|speak|beat\n")
        return 1
    found = fault(words[0])
    if found:
        sys.stderr.write(f"{words[0]}: {found}.\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

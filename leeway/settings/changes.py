"""Whether what the settings were read from has changed since: leeway.toml, the files of secrets, and the mapping file."""

import os
from pathlib import Path

from leeway.settings.schema import Settings

Stamp = tuple[tuple[str, int, int, int], ...]


def stamp(path: Path, settings: Settings) -> Stamp:
    """What tells one state of those files from another. Secrets that Kubernetes renews are other files under the same name."""
    named = [str(path)]
    named += [
        value.strip()
        for name, value in os.environ.items()
        if name.upper().startswith("LEEWAY_") and name.upper().endswith("_FILE") and value.strip()
    ]
    named += [settings.identity.file] if settings.identity.file else []
    return tuple(_of(one) for one in named)


def _of(name: str) -> tuple[str, int, int, int]:
    try:
        found = Path(name).expanduser().stat()
    except OSError:
        return (name, 0, 0, 0)
    return (name, found.st_ino, found.st_mtime_ns, found.st_size)

"""What keeps a database that answers from keeping what it is given, as `leeway check` and `leeway doctor` say it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from leeway.app import App
from leeway.errors import FILE_READ_ONLY, ORDER_MOVED
from models import order_moved

LEAST_BYTES = 100_000_000
"""A disk with less is full soon; a first pull of sixty people takes as much."""


def faults(engine: Engine) -> Iterator[tuple[str, str, str]]:
    """Of each fault its name, what was found, and the fix."""
    if moved := order_moved(engine):
        yield "order of texts", f"its indexes are of other rules ({moved})", ORDER_MOVED
    file = Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None
    if file is None or not file.is_file():
        return
    beside = [one for ending in ("-wal", "-shm") if (one := file.with_name(file.name + ending)).exists()]
    if not all(os.access(one, os.W_OK) for one in (file, file.parent, *beside)):
        yield "file", f"{file} may only be read", FILE_READ_ONLY
    free = shutil.disk_usage(file.parent).free
    if free < LEAST_BYTES:
        fix = "Free some: on a full disk nothing is kept, and every pull ends with an error."
        yield "disk", f"{free / 1e6:.0f} MB are left where {file.name} is", fix


def refuse_unfit(app: App) -> None:
    """Let whoever starts workers hear at once of a database that they cannot use: a newer version's, or one that is not in UTF-8.
    One that is away is waited for. Raises UpgradeError or DatabaseUnfit."""
    with suppress(OperationalError):
        app.engine.dispose()

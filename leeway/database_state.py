"""Why a reachable database cannot store data, as `leeway check` and `leeway doctor` report it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from alerts.words import ago
from leeway.app import App
from leeway.errors import FILE_READ_ONLY, ORDER_MOVED
from models import Cycle, StreamCursor, order_moved

LEAST_BYTES = 100_000_000
"""A disk with less free space is soon full; a first pull of sixty people takes as much."""


_AHEAD = timedelta(minutes=10)
"""Clocks of several machines may differ by less."""


def clock_fault(session: Session, now: datetime) -> str | None:
    """Return that this machine's clock is behind the stored times, by how much, and what to do; None if it is not."""
    noted = [session.scalar(select(func.max(one))) for one in (StreamCursor.finished_at, Cycle.finished_at)]
    latest = max(filter(None, noted), default=now)
    if latest - now <= _AHEAD:
        return None
    behind = ago((latest - now).total_seconds() / 60)
    return (
        f"this machine's clock is {behind} behind what was noted last ({latest:%Y-%m-%d %H:%M} UTC). Set it right (`date`); "
        "where it is right, another machine's was ahead, and the next pull and cycle note the right time."
    )


def faults(app: App) -> Iterator[tuple[str, str, str]]:
    """Yield each fault's name, what was found, and the fix."""
    with app.sessions() as session:
        behind = clock_fault(session, datetime.now(UTC))
    if behind:
        found, _, fix = behind.partition(". ")
        yield "clock", found, fix
    engine = app.engine
    if moved := order_moved(engine):
        yield "text sort order", f"its indexes were built with other rules ({moved})", ORDER_MOVED
    file = Path(engine.url.database or "") if engine.dialect.name == "sqlite" else None
    if file is None or not file.is_file():
        return
    beside = [one for ending in ("-wal", "-shm") if (one := file.with_name(file.name + ending)).exists()]
    if not all(os.access(one, os.W_OK) for one in (file, file.parent, *beside)):
        yield "file", f"{file} is read-only", FILE_READ_ONLY
    free = shutil.disk_usage(file.parent).free
    if free < LEAST_BYTES:
        fix = "Free some space: on a full disk nothing is stored, and every pull ends with an error."
        yield "disk", f"{free / 1e6:.0f} MB left on the disk that holds {file.name}", fix


def refuse_unfit(app: App) -> None:
    """Fail at once on a database that workers cannot use: of a newer version, or not in UTF-8. An unreachable one is waited for.
    Raises UpgradeError or DatabaseUnfit."""
    with suppress(OperationalError):
        app.engine.dispose()

"""What keeps a database that answers from keeping what it is given, as `leeway check` and `leeway doctor` say it."""

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
"""A disk with less is full soon; a first pull of sixty people takes as much."""


_AHEAD = timedelta(minutes=10)
"""Of several machines' clocks some are ahead by less."""


def clock_fault(session: Session, now: datetime) -> str | None:
    """That this machine's clock is behind what is kept, by how much, and what to do; None where it is not."""
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
    """Of each fault its name, what was found, and the fix."""
    with app.sessions() as session:
        behind = clock_fault(session, datetime.now(UTC))
    if behind:
        found, _, fix = behind.partition(". ")
        yield "clock", found, fix
    engine = app.engine
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

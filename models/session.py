"""Engines, sessions and the two statements that need to know the database's dialect."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Engine, Table, create_engine, event, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from models.base import Base

_MOST_PARAMETERS = 30_000  # SQLite allows 32,766 in one statement, PostgreSQL 65,535


def connect(url: str) -> Engine:
    """An engine for `sqlite:///file` or `postgresql+psycopg://...`."""
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # readers do not wait for the writer
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()


def without_password(url: str) -> str:
    """The address as it may be shown."""
    return make_url(url).render_as_string(hide_password=True)


def upsert(
    session: Session, table: type[Base], rows: Iterable[Mapping[str, Any]], keys: Sequence[str],
    compare: Sequence[str] = (),
    keep: bool = False,
) -> int:  # fmt: skip
    """Insert rows; where one with the same `keys` is there, set all other columns given.

    With `compare`, a row is only touched where one of these columns differs; with `keep`, none that is there.
    Returns the number of rows that were new or touched. All rows must have the same columns; of two with the same
    keys the last wins.
    """
    rows = list({tuple(row[key] for key in keys): row for row in rows}.values())
    if not rows:
        return 0
    changed, core = 0, cast(Table, table.__table__)
    columns = list(rows[0])
    updated = [] if keep else [name for name in columns if name not in keys]
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    step = max(1, _MOST_PARAMETERS // len(columns))
    for first in range(0, len(rows), step):
        statement: Any = insert(core).values(rows[first : first + step])
        if updated:
            new = {name: getattr(statement.excluded, name) for name in updated}
            differs = [core.c[name].is_distinct_from(new[name]) for name in compare]
            where = or_(*differs) if differs else None
            statement = statement.on_conflict_do_update(index_elements=list(keys), set_=new, where=where)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=list(keys))
        changed += max(
            0, session.connection().execute(statement, execution_options={"preserve_rowcount": True}).rowcount
        )
    return changed

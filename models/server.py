"""What a database server reports about itself."""

from typing import cast

from sqlalchemy import Engine, text


def may_only_be_read(engine: Engine) -> bool:
    """Return True if the database is read-only: a PostgreSQL standby, or one configured that way."""
    with engine.connect() as connection:
        return engine.dialect.name == "postgresql" and connection.scalar(text("SHOW transaction_read_only")) == "on"


_MOVED = """
    SELECT datcollversion || ' to ' || pg_database_collation_actual_version(oid) FROM pg_database
    WHERE datname = current_database() AND datcollversion <> pg_database_collation_actual_version(oid)"""


def order_moved(engine: Engine) -> str | None:
    """Return "<old> to <new>" if the collation version changed under a PostgreSQL database, None if it did not.

    Its indexes are then still in the old order: existing rows may not be found and may be inserted a second time.
    """
    if engine.dialect.name != "postgresql":
        return None
    with engine.connect() as connection:
        return cast("str | None", connection.scalar(text(_MOVED)))

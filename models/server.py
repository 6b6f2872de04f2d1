"""What the server of a database says of itself."""

from typing import cast

from sqlalchemy import Engine, text


def may_only_be_read(engine: Engine) -> bool:
    """Whether a database takes no changes: PostgreSQL's standby, or one that is set so."""
    with engine.connect() as connection:
        return engine.dialect.name == "postgresql" and connection.scalar(text("SHOW transaction_read_only")) == "on"


_MOVED = """
    SELECT datcollversion || ' to ' || pg_database_collation_actual_version(oid) FROM pg_database
    WHERE datname = current_database() AND datcollversion <> pg_database_collation_actual_version(oid)"""


def order_moved(engine: Engine) -> str | None:
    """From which version of the system's rules for sorting texts to which a PostgreSQL database was moved; None where it was not.

    Its indexes are sorted by the old ones then: what is there may not be found, and be written a second time.
    """
    if engine.dialect.name != "postgresql":
        return None
    with engine.connect() as connection:
        return cast("str | None", connection.scalar(text(_MOVED)))

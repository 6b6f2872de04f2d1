"""Read one number from a company's own database, read-only and with a time limit."""

import time
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL, Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from pipeline.progress.cannot import CannotMeasure, number_of

_STEPS = 1_000
"""Number of SQLite virtual machine steps between checks of the time limit."""


def sql_number(address: str, statement: str, seconds: float) -> float:
    """Return the single number that a statement yields. Raises CannotMeasure, whose message never contains the address."""
    try:
        url = make_url(address)
    except ArgumentError:
        raise CannotMeasure("the database address is not valid. Write postgresql://... or sqlite:///file.") from None
    engine = _read_only(url, seconds)
    try:  # bypass SQLAlchemy: a raw statement may contain %
        connection = engine.raw_connection()
        try:
            if url.get_backend_name() == "sqlite":
                _stop_after(connection.driver_connection, seconds)
            cursor = connection.cursor()
            cursor.execute(statement.strip().rstrip(";"))
            rows = cursor.fetchmany(2)
        finally:
            connection.close()
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        raise CannotMeasure(f"the database refused the statement: {_reason(error, seconds)}") from None
    finally:
        engine.dispose()
    if len(rows) != 1 or len(rows[0]) != 1:
        found = "no row" if not rows else "more than one row" if len(rows) > 1 else f"{len(rows[0])} columns"
        raise CannotMeasure(f"the statement gives {found}; one row with one number is needed.")
    return number_of(rows[0][0], "the statement gives")


def _read_only(url: URL, seconds: float) -> Engine:
    """Return an engine with read-only connections."""
    kind = url.get_backend_name()
    if kind == "postgresql":
        options = f"-c default_transaction_read_only=on -c statement_timeout={int(seconds * 1000)}"
        given = url.set(drivername="postgresql+psycopg")
        timeout = max(2, int(seconds))
        return create_engine(
            given, poolclass=NullPool, connect_args={"options": options, "connect_timeout": timeout}, echo=False
        )
    if kind == "sqlite" and url.database and Path(url.database).is_file():
        file = quote(str(Path(url.database).absolute()))
        return create_engine(f"sqlite:///file:{file}?mode=ro&uri=true", poolclass=NullPool)
    if kind == "sqlite":
        raise CannotMeasure("the database file does not exist.")
    raise CannotMeasure(f"a database of the kind {kind} cannot be read; postgresql and sqlite can.")


def _stop_after(connection: object, seconds: float) -> None:
    end = time.monotonic() + seconds
    connection.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)  # type: ignore[attr-defined]


def _reason(error: Exception, seconds: float) -> str:
    """Return the server's own first line; it never contains the address in errors about a statement."""
    text = (str(getattr(error, "orig", None) or error).splitlines() or [type(error).__name__])[0][:200]
    if "interrupted" in text or "statement timeout" in text:
        return f"it takes longer than {seconds:g} s (metrics.sql_seconds)."
    if "connection" in text.lower() and "statement" not in text:
        return "it does not answer; check metrics.databases and the network."
    return f"{text}."

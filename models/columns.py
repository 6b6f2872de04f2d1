"""Read columns of many rows as arrays: the database joins a group's values into one string, which is parsed at once.

Fetching millions of rows one by one takes ten times as long and many times the memory.
"""

from typing import TYPE_CHECKING, Any, TypeVarTuple

from sqlalchemy import Result, Select, Text, case, cast, func
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SEPARATOR = ","
_BINARY = "binary"
Columns = TypeVarTuple("Columns")


def plain(session: Session, query: Select[*Columns]) -> Result[*Columns]:
    """Execute a column query directly on the connection, in PostgreSQL's binary format.

    The session would unpack and rebuild every row, a fifth of the time of a large read.
    """
    session.flush()  # as the session would before reading
    return session.connection().execute(query, execution_options={_BINARY: True})


def in_binary(_connection: Any, cursor: Any, _statement: Any, _values: Any, context: Any, _many: bool) -> None:
    """Event handler: request PostgreSQL's binary format for queries run by `plain`.

    As text a vector is twice as long and takes four times as long to read, a timestamp half as long again. It cannot be the
    default for all statements, since SQLAlchemy parses some catalogue types from their text.
    """
    if context is not None and context.execution_options.get(_BINARY):
        cursor.format = 1  # psycopg.pq.Format.BINARY


def joined(column: Any) -> ColumnElement[str]:
    """Aggregate a column's numbers within a group into one string; several such columns keep the same row order."""
    return func.aggregate_strings(cast(column, Text), _SEPARATOR)


def unless_empty(column: Any) -> ColumnElement[Any]:
    """Select a list column, NULL where it is empty: most are, and parsing each as JSON costs more than the rest of the row."""
    return case((cast(column, Text) != "[]", column)).label(column.key)


def floats(text: str) -> "NDArray[np.float64]":
    """Parse the numbers of a `joined` column."""
    import numpy as np  # slow to import, and every session imports this module

    return np.fromstring(text, sep=_SEPARATOR)


def integers(text: str) -> "NDArray[np.int64]":
    """Parse the integers of a `joined` column."""
    import numpy as np

    return np.fromstring(text, dtype=np.int64, sep=_SEPARATOR)

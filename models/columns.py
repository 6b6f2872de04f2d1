"""Columns of many rows as arrays: the database joins a group's values to one text, which is read at once.

Row by row the driver would take ten times as long for millions of rows, and many times the memory.
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
    """Rows of columns as the connection gives them: a session would take each apart and put it together once more, a fifth of the
    time of reading many. In PostgreSQL's own form of values."""
    session.flush()  # as a session does before it reads
    return session.connection().execute(query, execution_options={_BINARY: True})


def in_binary(_connection: Any, cursor: Any, _statement: Any, _values: Any, context: Any, _many: bool) -> None:
    """Before a statement is run: where it is of `plain`, values come as PostgreSQL holds them. Written out as text a vector is
    twice as long and takes four times as long to read, a time half as long again. Not for all statements: SQLAlchemy reads some
    types of the catalogue from their text alone."""
    if context is not None and context.execution_options.get(_BINARY):
        cursor.format = 1  # of psycopg.pq.Format


def joined(column: Any) -> ColumnElement[str]:
    """All numbers of a column in a group as one text; several columns in the same order of rows."""
    return func.aggregate_strings(cast(column, Text), _SEPARATOR)


def unless_empty(column: Any) -> ColumnElement[Any]:
    """A list, and nothing where it is empty: most are, and to read each as JSON takes longer than what else a row holds."""
    return case((cast(column, Text) != "[]", column)).label(column.key)


def floats(text: str) -> "NDArray[np.float64]":
    """The numbers of a `joined` column."""
    import numpy as np  # slow to import, and every session has this module

    return np.fromstring(text, sep=_SEPARATOR)


def integers(text: str) -> "NDArray[np.int64]":
    """The whole numbers of a `joined` column."""
    import numpy as np

    return np.fromstring(text, dtype=np.int64, sep=_SEPARATOR)

"""Columns of many rows as arrays: the database joins a group's values to one text, which is read at once.

Row by row the driver would take ten times as long for millions of rows, and many times the memory.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Text, case, cast, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.expression import TableValuedAlias
from sqlalchemy.sql.functions import GenericFunction

_SEPARATOR = ","


class json_each_text(GenericFunction[Any]):  # noqa: N801 - as PostgreSQL calls it
    """The members of an object as rows of a key and a value."""

    inherit_cache = True


@compiles(json_each_text, "sqlite")
def _json_each(element: json_each_text, compiler: SQLCompiler, **given: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **given)})"


def members(column: Any) -> TableValuedAlias:
    """The members of each row's object, with `key` and `value`, to be joined with these rows."""
    return func.json_each_text(column).table_valued("key", "value")


def joined(column: Any) -> ColumnElement[str]:
    """All numbers of a column in a group as one text; several columns in the same order of rows."""
    return func.aggregate_strings(cast(column, Text), _SEPARATOR)


def unless_empty(column: Any) -> ColumnElement[Any]:
    """A list, and nothing where it is empty: most are, and to read each as JSON takes longer than what else a row holds."""
    return case((cast(column, Text) != "[]", column)).label(column.key)


def floats(text: str) -> NDArray[np.float64]:
    """The numbers of a `joined` column."""
    return np.fromstring(text, sep=_SEPARATOR)


def integers(text: str) -> NDArray[np.int64]:
    """The whole numbers of a `joined` column."""
    return np.fromstring(text, dtype=np.int64, sep=_SEPARATOR)

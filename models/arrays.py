"""On PostgreSQL, `IN` with values is `= ANY` of one array: thousands of parameters cost driver and database more than the rows.

All statements are written with `column.in_(values)` and mean the same on both databases.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import BinaryExpression, BindParameter, Dialect, Integer, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler


class _Values(ARRAY[Any]):
    """An array of whatever collection was given."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Iterable[Any] | None], Any]:
        """As the driver takes it: a list, whose texts are no members of an enumeration."""
        text = isinstance(self.item_type, String)
        return lambda values: [str(one) if text and one is not None else one for one in values or ()]


@compiles(BinaryExpression, "postgresql")
def _any_of(element: BinaryExpression[Any], compiler: SQLCompiler, **given: Any) -> str:
    right = element.right
    if (
        element.operator is operators.in_op
        and isinstance(right, BindParameter)
        and right.expanding
        and isinstance(right.type, Integer | String)
        and not given.get("literal_binds")
    ):
        # Of the same name, so that a statement that is kept finds its values.
        values = BindParameter(right.key, right.value, type_=_Values(right.type), unique=False)
        return f"{compiler.process(element.left, **given)} = ANY ({compiler.process(values, **given)})"
    return str(compiler.visit_binary(element, **given))  # type: ignore[no-untyped-call]

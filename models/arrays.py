"""Compile `IN (values)` to `= ANY (array)` on PostgreSQL: thousands of parameters cost driver and server more than the rows.

Queries are written with `column.in_(values)` throughout and mean the same on both databases.
"""

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import BinaryExpression, BindParameter, Dialect, Integer, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import operators
from sqlalchemy.sql.compiler import SQLCompiler


class _Values(ARRAY[Any]):
    """An array parameter that accepts any collection."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Iterable[Any] | None], Any]:
        """Convert to a list, as the driver expects, and enum members to plain strings."""
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
        # Keep the parameter's name, so that a cached statement still finds its values.
        values = BindParameter(right.key, right.value, type_=_Values(right.type), unique=False)
        return f"{compiler.process(element.left, **given)} = ANY ({compiler.process(values, **given)})"
    return str(compiler.visit_binary(element, **given))  # type: ignore[no-untyped-call]

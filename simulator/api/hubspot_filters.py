"""The conditions of a search in HubSpot's CRM."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.world import Record

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "GT": lambda a, b: a > b,
    "GTE": lambda a, b: a >= b,
    "LT": lambda a, b: a < b,
    "LTE": lambda a, b: a <= b,
    "EQ": lambda a, b: a == b,
    "NEQ": lambda a, b: a != b,
}


def holds(columns: dict[str, NDArray[np.float64]], records: list[Record], one: dict[str, Any]) -> NDArray[np.bool_]:
    """Which records a filter lets through."""
    name = one["propertyName"]
    if one["operator"] == "IN":
        return np.array([record.properties.get(name) in one["values"] for record in records], bool)
    if one["operator"] == "NOT_HAS_PROPERTY":
        return np.array([not record.properties.get(name) for record in records], bool)
    bound, operator = one["value"], _OPERATORS[one["operator"]]
    if name in columns:
        number = float(bound) if str(bound).isdigit() else datetime.fromisoformat(bound).timestamp() * 1000
        return np.asarray(operator(columns[name], number), bool)
    return np.array([name in r.properties and operator(*_alike(r.properties[name], str(bound))) for r in records], bool)


def _alike(value: str, bound: str) -> tuple[Any, Any]:
    """Both as numbers where they are numbers, or a time and milliseconds; else as texts."""
    try:
        return float(value), float(bound)
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(value).timestamp() * 1000, float(bound)
    except ValueError:
        return value, bound

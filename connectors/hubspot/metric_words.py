"""How a key result of okrs.yaml binds to HubSpot: deals or tickets, conditions, and what to make of those that meet them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.metrics import Metrics

OPERATORS = {"=": "EQ", "!=": "NEQ", ">": "GT", ">=": "GTE", "<": "LT", "<=": "LTE"}
_CONDITION = re.compile(r"\s*([a-z]\w*)\s*(!=|>=|<=|=|>|<)\s*(.+?)\s*", re.DOTALL)
_PROPERTY = re.compile(r"[a-z]\w*")
_PERSON = re.compile(r"owner|user|email|assigned|created_by|updated_by|contact", re.IGNORECASE)
_MOST = 4
"""Conditions beside those that Leeway adds: the search takes six in a group."""


def condition_of(text: str) -> tuple[str, str, str]:
    """Property, operator and value of a condition such as "amount >= 1000". Raises ValueError."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return found[1], OPERATORS[found[2]], found[3].strip("\"'")


def metric_faults(metric: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The word of a metric that is wrong, and what to write."""
    if metric["hubspot"] not in ("deals", "tickets"):
        yield "hubspot", "deals or tickets is needed: other records are not read."
    where = metric.get("where") or []
    if not isinstance(where, list):
        yield "where", 'a list of conditions is needed, such as ["dealstage = closedwon"].'
        where = []
    if len(where) > _MOST:
        yield "where", f"at most {_MOST} conditions; combine the others in a separate property."
    for one in where:
        yield from _condition(one)
    both = [word for word in ("sum", "median_days") if word in metric]
    if len(both) == 2:
        yield "median_days", "is given together with `sum`; delete one of the two."
    if "sum" in metric and not _is_property(metric["sum"]):
        yield "sum", "the internal name of a number property is needed, such as amount."
    days = metric.get("median_days", ["createdate", "closedate"])
    if not isinstance(days, list) or len(days) != 2 or not all(map(_is_property, days)):
        yield "median_days", "the internal names of two date properties are needed, such as [createdate, closedate]."


def _condition(one: Any) -> Iterator[tuple[str, str]]:
    try:
        name, _, _ = condition_of(str(one))
    except ValueError:
        yield "where", f"{one!r} is not a condition; write property, one of {' '.join(OPERATORS)}, and a value."
        return
    if _PERSON.search(name):
        yield "where", f"{name!r} would make it a figure about individuals, which Leeway never gives; remove it."


def _is_property(name: Any) -> bool:
    return isinstance(name, str) and bool(_PROPERTY.fullmatch(name))


METRICS = Metrics("hubspot", ("where", "sum", "median_days"), metric_faults)

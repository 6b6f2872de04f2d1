"""Parse and check measured numbers, or explain why there is none."""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from pipeline.register.figures import Unsure, exactly, figure
from pipeline.register.metric import Metric

_PERCENT = {"%", "percent", "per cent", "pct", "prozent", "pour cent", "por ciento"}
_FAR = 10.0
"""Factor between a number and both start and target beyond which it may be on another scale."""


class CannotMeasure(Exception):
    """Raised if there is no number; the message is a sentence for people, without secrets."""


def number_of(value: Any, where: str, read: Callable[[str], float] = figure) -> float:
    """Return a finite number, from a number or a text such as 45, "2,1" or "2.1 %", parsed by `read`. Raises CannotMeasure."""
    if isinstance(value, bool) or value is None or not isinstance(value, int | float | Decimal | str):
        raise CannotMeasure(f"{where} {'nothing' if value is None else type(value).__name__} instead of a number.")
    try:
        found = read(value) if isinstance(value, str) else float(value)
    except Unsure as error:
        raise CannotMeasure(f"{where} an ambiguous number: {error}.") from None
    except (ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found):
        raise CannotMeasure(f"{where} {str(value)[:40]!r} instead of a number.")
    return found


def check_scale(metric: Metric, value: float) -> None:
    """Raise CannotMeasure if start and target are percentages and the number is a fraction (0.38 for 38 %), or vice versa:
    progress would be wrong by a factor of a hundred."""
    if metric.unit.strip().casefold() not in _PERCENT or not (metric.start and metric.target and value):
        return  # zero does not reveal its scale
    ends = abs(metric.start), abs(metric.target)
    low, high, size = min(ends), max(ends), abs(value)
    if size <= 1 and low >= _FAR * size and low / 2 <= 100 * size <= 2 * high:
        raise CannotMeasure(
            f"{exactly(value)} is a part of one, and start and target are in percent: {exactly(100 * value)} is meant."
        )
    if high <= 1 and size >= _FAR * high and low / 2 <= size / 100 <= 2 * high:
        raise CannotMeasure(
            f"{exactly(value)} is in percent, and start and target are parts of one: write them in percent, too."
        )

"""Why a number cannot be had, and what is a number."""

import math
from decimal import Decimal
from typing import Any


class CannotMeasure(Exception):
    """There is no number; the message is a sentence for people, without secrets."""


def number_of(value: Any, where: str) -> float:
    """A finite number, from a number or a text such as 45, "2,1" or "2.1 %". Raises CannotMeasure."""
    if isinstance(value, bool) or value is None or not isinstance(value, int | float | Decimal | str):
        raise CannotMeasure(f"{where} {'nothing' if value is None else type(value).__name__} and no number.")
    text = str(value).strip().removesuffix("%").strip()
    if "," in text and "." not in text and text.count(",") == 1 and len(text.partition(",")[2]) != 3:
        text = text.replace(",", ".")
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise CannotMeasure(f"{where} {str(value)[:40]!r} and no number.")
    return found

"""Rounding that does not depend on the order of summation."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIGITS = 9
"""Decimal places of stored results: the last bits of a sum depend on the order of the rows."""


def rounded(value: float, digits: int) -> float:
    """Round so that sums that differ in their last bits give the same result, even if the exact value is half way between two
    results, as sums of decimals often are: the half-way point is shifted slightly, away from such values.
    """
    return round(value + _aside(digits), digits)


def all_rounded(values: "NDArray[np.float64]", digits: int) -> list[float]:
    """As `rounded`, of many at once."""
    return [round(value, digits) for value in (values + _aside(digits)).tolist()]


def _aside(digits: int) -> float:
    return 0.37 * 10.0 ** -(digits + 1)

"""Rounding that does not depend on the order of summation."""

DIGITS = 9
"""Decimal places of stored results: the last bits of a sum depend on the order of the rows."""


def rounded(value: float, digits: int) -> float:
    """Round so that sums that differ in their last bits give the same result, even if the exact value is half way between two
    results, as sums of decimals often are: the half-way point is shifted slightly, away from such values.
    """
    return round(value + 0.37 * 10.0 ** -(digits + 1), digits)

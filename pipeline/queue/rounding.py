"""Rounding that does not depend on the order of a sum."""

DIGITS = 9
"""Results are kept rounded: the order of a sum, and so its last bits, depends on the order of the rows."""


def rounded(value: float, digits: int) -> float:
    """Round so that sums which differ in their last bits give the same, also where the exact value lies half way between
    two results, as sums of decimals often do: half way is moved a little aside, to where they do not lie.
    """
    return round(value + 0.37 * 10.0 ** -(digits + 1), digits)

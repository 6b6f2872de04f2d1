"""Mean and standard deviation of similarities over all items, or over those that are representative of the company."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]
_LEAST = np.float32(1e-6)


def over(values: Matrix, rows: Rows | None) -> Matrix:
    """Return the representative rows; all if `rows` is None."""
    return values if rows is None else values[rows]


def moments(values: Matrix, rows: Rows | None = None) -> tuple[Matrix, Matrix]:
    """Return mean and standard deviation of each column, as two matrix products: several times as fast as two passes."""
    values = over(values, rows)
    each = np.full(len(values), 1 / len(values), np.float32)
    mean: Matrix = each @ values
    spread: Matrix = np.sqrt(np.maximum(each @ (values * values) - mean * mean, 0)) + _LEAST
    return mean, spread


def standardised(values: Matrix, rows: Rows | None = None) -> Matrix:
    """Return the columns standardised: in standard deviations from their means."""
    mean, spread = moments(values, rows)
    found: Matrix = values - mean
    found /= spread
    return found

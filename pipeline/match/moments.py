"""Mean and spread of similarities over the items."""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
_LEAST = np.float32(1e-6)


def moments(values: Matrix) -> tuple[Matrix, Matrix]:
    """Mean and standard deviation of each column, as two products: several times as fast as going through the rows twice."""
    each = np.full(len(values), 1 / len(values), np.float32)
    mean: Matrix = each @ values
    spread: Matrix = np.sqrt(np.maximum(each @ (values * values) - mean * mean, 0)) + _LEAST
    return mean, spread


def standardised(values: Matrix) -> Matrix:
    """The columns in standard deviations from their means."""
    mean, spread = moments(values)
    found: Matrix = values - mean
    found /= spread
    return found

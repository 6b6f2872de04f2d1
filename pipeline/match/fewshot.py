"""What people's labels teach beyond their own items: a small model on top of the fused probabilities.

The fusion's weights come from other companies. How much of this company's work serves no key result, which key results
are named unlike their work, and what its words mean, only its own labels can say. So a multinomial logit is fitted on the
labelled items: the logarithm of the probability that was found without any label, times a slope, plus a bias for each
answer, plus a linear function of the text's vector. Everything is drawn towards "leave it as it is" (a Gaussian prior, so
the fit is a penalised likelihood: Bishop 2006, section 4.5), so that three labels move little and sixty a batch. The slope
and the offset are why this is no off-the-shelf classifier: scikit-learn's logistic regression takes no offset.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]
LEAST = 3
"""Fewer labels fix their own items and move their neighbours only."""
SLOPE, BIAS, TEXT = 5.0, 2.0, 0.2
"""Strength of the prior on the logarithm of the slope, on a key result's bias, on the weights of the vector."""
NONE = 40.0
"""The same on the bias of none, divided by the square of the number of labels: how much work is off the plan differs most
between companies, and a few dozen labels say it well."""
FEW = 12
"""Below so many labels the prior is stronger still: the first few are often of one kind."""
_FLOOR = 1e-3


def adapt(found: Matrix, unlabelled: Matrix, vectors: Matrix, rows: Rows, answers: Rows) -> Matrix:
    """`found` as the labels teach it. (items, key results + 1), the last column none.

    `unlabelled` is what was found without any label: an item's own label must not be the evidence for itself. `rows` are
    the labelled items and `answers` their columns.
    """
    middle = vectors.mean(0)
    offset, seen = _log(unlabelled[rows]), (vectors[rows] - middle).astype(np.float64)
    slope, bias, weights = _fit(offset, seen, answers)
    scores = slope * _log(found) + bias + (vectors - middle) @ weights.astype(np.float32)
    taught: Matrix = softmax(scores, axis=1).astype(np.float32)
    return taught


def _fit(
    offset: NDArray[np.float64], seen: NDArray[np.float64], answers: Rows
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Slope, bias by answer, and weights (dimension, answers)."""
    (n, answered), dimension = offset.shape, seen.shape[1]
    caution = max(1.0, FEW / n)
    strength = np.full(answered, BIAS)
    strength[-1] = NONE / n**2
    strength *= caution
    slope, text = caution * SLOPE, caution * TEXT
    true = np.zeros((n, answered))
    true[np.arange(n), answers] = 1

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_slope, bias, weights = theta[0], theta[1 : answered + 1], theta[answered + 1 :].reshape(dimension, answered)
        scores = np.exp(log_slope) * offset + bias + seen @ weights
        logs = log_softmax(scores, axis=1)
        error = np.exp(logs) - true
        value = (
            -(true * logs).sum() + (slope * log_slope**2 + (strength * bias**2).sum() + text * (weights**2).sum()) / 2
        )
        slope_gradient = np.exp(log_slope) * (error * offset).sum() + slope * log_slope
        parts = [[slope_gradient], error.sum(0) + strength * bias, (seen.T @ error + text * weights).ravel()]
        return float(value), np.concatenate(parts)

    start = np.zeros(1 + answered + dimension * answered)
    theta = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return float(np.exp(theta[0])), theta[1 : answered + 1], theta[answered + 1 :].reshape(dimension, answered)


def _log(found: Matrix) -> NDArray[np.float64]:
    return np.log(np.clip(found.astype(np.float64), _FLOOR, 1))

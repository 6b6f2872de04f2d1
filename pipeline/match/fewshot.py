"""What people's labels teach beyond their own items: a small model on top of the fused probabilities.

The fusion's weights come from other companies. How much of this company's work serves no key result, which key results
are named unlike their work, and what its words mean, only its own labels can say. So a multinomial logit is fitted on the
labelled items: the logarithm of the probability that was found without any label, times a slope, plus a bias for each
answer, plus a linear function of the text's vector. Everything is drawn towards "leave it as it is" (a Gaussian prior, so
the fit is a penalised likelihood: Bishop 2006, section 4.5), so that three labels move little and sixty a batch. The slope
and the offset are why this is no off-the-shelf classifier: scikit-learn's logistic regression takes no offset.

In some companies that helps much and in others it hurts, and which is told by the labels themselves: the model is fitted
without each fifth of them, judged on that fifth beside what was found without it, and gets the part of the say that it earned
so (a linear pool, Stone 1961; weights by cross-validation, Wolpert 1992). Labels of one stream are never on both sides.
"""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]
LEAST = 5
"""Fewer labels fix their own streams and move their neighbours only: there is nothing to judge by."""
SLOPE, BIAS, TEXT = 5.0, 2.0, 0.2
"""Strength of the prior on the logarithm of the slope, on an answer's bias, on the weights of the vector."""
FEW = 12
"""Below so many labels the prior is stronger still: the first few are often of one kind."""
FOLDS = 5
SAYS = np.linspace(0, 1, 11)
"""Parts of the say that are tried."""
DOUBT = 1.0
"""Log likelihood that the whole say must bring on labels that it was not fitted on, before it is worth any."""
_FLOOR = 1e-3


def adapt(found: Matrix, unlabelled: Matrix, vectors: Matrix, rows: Rows, answers: Rows, stream: Rows) -> Matrix:
    """`found` as the labels teach it. (items, key results + 1), the last column none.

    `unlabelled` is what was found without any label: an item's own label must not be the evidence for itself. `rows` are
    the labelled items, `answers` their columns, and `stream` tells which of them belong together.
    """
    from scipy.special import softmax  # slow to import, and most who load this room have no labels to learn from

    middle = vectors.mean(0)
    offset, seen = _log(unlabelled[rows]), (vectors[rows] - middle).astype(np.float64)
    say = _earned(offset, seen, answers, stream)
    if not say:
        return found
    slope, bias, weights = _fit(offset, seen, answers)
    scores = slope * _log(found) + bias + (vectors - middle) @ weights.astype(np.float32)
    taught: Matrix = (say * softmax(scores, axis=1) + (1 - say) * found).astype(np.float32)
    return taught


def _earned(offset: NDArray[np.float64], seen: NDArray[np.float64], answers: Rows, stream: Rows) -> float:
    """The part of the say that the model has earned on labels which it was not fitted on."""
    from scipy.special import softmax

    _, place = np.unique(stream, return_inverse=True)
    order = np.random.default_rng(0).permutation(place.max() + 1)
    fold = order[place] % FOLDS
    taught = np.ones(len(answers))
    for one in np.unique(fold):
        out, rest = fold == one, fold != one
        if rest.any():
            slope, bias, weights = _fit(offset[rest], seen[rest], answers[rest])
            scores = softmax(slope * offset[out] + bias + seen[out] @ weights, axis=1)
            taught[out] = scores[np.arange(out.sum()), answers[out]]
    before = softmax(offset, axis=1)[np.arange(len(answers)), answers]
    pooled = SAYS[:, None] * taught + (1 - SAYS[:, None]) * before
    worth = np.log(np.maximum(pooled, _FLOOR)).sum(1) - DOUBT * SAYS
    return float(SAYS[int(worth.argmax())])


def _fit(
    offset: NDArray[np.float64], seen: NDArray[np.float64], answers: Rows
) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Slope, bias by answer, and weights (dimension, answers)."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    n, answered = offset.shape
    caution = max(1.0, FEW / n)
    slope, biased, text = caution * SLOPE, caution * BIAS, caution * TEXT
    true = np.zeros((n, answered))
    true[np.arange(n), answers] = 1
    # The weights lie in the space of the labelled texts: so many unknowns instead of their dimension.
    basis, size, turn = np.linalg.svd(seen, full_matrices=False)
    inner = basis * size
    rank = inner.shape[1]

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        log_slope, bias, weights = theta[0], theta[1 : answered + 1], theta[answered + 1 :].reshape(rank, answered)
        logs = log_softmax(np.exp(log_slope) * offset + bias + inner @ weights, axis=1)
        error = np.exp(logs) - true
        value = -(true * logs).sum() + (slope * log_slope**2 + biased * (bias**2).sum() + text * (weights**2).sum()) / 2
        slope_gradient = np.exp(log_slope) * (error * offset).sum() + slope * log_slope
        parts = [[slope_gradient], error.sum(0) + biased * bias, (inner.T @ error + text * weights).ravel()]
        return float(value), np.concatenate(parts)

    start = np.zeros(1 + answered + rank * answered)
    theta = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    weights = turn.T @ theta[answered + 1 :].reshape(rank, answered)
    return float(np.exp(theta[0])), theta[1 : answered + 1], weights


def _log(found: Matrix) -> NDArray[np.float64]:
    return np.log(np.clip(found.astype(np.float64), _FLOOR, 1))

"""Generalise from people's labels to other items: a small model on top of the fused probabilities.

The fusion weights come from other companies. Only this company's labels can show how much of its work serves no key result, which
key results are worded unlike the work that serves them, and what its words mean. So a multinomial logit is fitted on the labelled
items: a slope times the log probability found without any label, plus a bias per answer, plus a linear function of the text
vector. Everything is shrunk towards "no change" (a Gaussian prior, so the fit is a penalised likelihood: Bishop 2006, section
4.5): three labels change little, sixty a lot. It is written by hand because scikit-learn's logistic regression takes no offset.

This helps a lot in some companies and hurts in others, and the labels themselves show which: the model is fitted without each
fifth of the labels, scored on that fifth against the probabilities without it, and gets the pool weight it earned (a linear pool,
Stone 1961; weights by cross-validation, Wolpert 1992). Labels of one stream are never on both sides of a split.
"""

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]
LEAST = 5
"""Fewer labels only fix their own streams and influence their neighbours: there are too few to validate a model."""
SLOPE, BIAS, TEXT = 5.0, 2.0, 0.2
"""Precision of the prior on the log slope, on an answer's bias, and on the weights of the text vector."""
FEW = 12
"""With fewer labels than this the prior is stronger: the first few are often of one kind."""
FOLDS = 5
SAYS = np.linspace(0, 1, 11)
"""Pool weights that are tried."""
DOUBT = 1.0
"""Gain in held-out log likelihood that the full weight must exceed to be worth using."""
_FLOOR = 1e-3


def adapt(found: Matrix, unlabelled: Matrix, vectors: Matrix, rows: Rows, answers: Rows, stream: Rows) -> Matrix:
    """Return `found`, (items, key results + 1), the last column none, adapted to the labels.

    `unlabelled`: the probabilities found without any label, since an item's own label must not be evidence for itself. `rows`:
    the labelled items; `answers`: their columns; `stream`: the stream of each.
    """
    from scipy.special import softmax  # slow to import, and most callers have no labels to learn from

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
    """Return the pool weight that the model earned on held-out labels."""
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
    """Return slope, bias per answer, and weights (dimension, answers)."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax

    n, answered = offset.shape
    caution = max(1.0, FEW / n)
    slope, biased, text = caution * SLOPE, caution * BIAS, caution * TEXT
    true = np.zeros((n, answered))
    true[np.arange(n), answers] = 1
    # The solution lies in the span of the labelled texts, so there are as many unknowns as labels, not dimensions.
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

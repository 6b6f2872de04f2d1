"""Estimate how accurate a judge of whole streams is in this company, and update the match with its answers accordingly.

A judge is a second rater of unknown accuracy, assessed like any rater against known answers (Dawid & Skene 1979, "Maximum
likelihood estimation of observer error-rates"). No company confirms enough streams to estimate a confusion matrix, so the model
has four parameters, in the style of MACE (Hovy et al. 2013, "Learning whom to trust with MACE"):

- `knows_goal`, `knows_none`: the probability that the judge knows the answer for work that serves a key result, and for work that
  serves none. They differ because a judge may tell goals apart well and still take every side project for one of them.
- `copies`: the probability that it copies when it does not know. It reads the same words as the match, so it makes the same
  errors and gives the match's favourite. Otherwise it guesses from its own marginal distribution of answers.
- `sharpness`: how much to sharpen its stated probabilities. A judge that says 0.8 and is right 95 times in 100 is underconfident;
  read literally, such accuracy would look like copying.

The posterior is computed on a grid. A confirmed stream counts in full. For an unconfirmed one the match's belief stands in for
the truth, at weight AGREES and tempered, because only 88 % of streams believed at 0.97 are right in companies on which no weights
were fitted. The prior is flat over each probability, with three adjustments: always copying is COPYING times as likely as never
copying; knowing everything of one kind and nothing of the other is UNLIKE times as likely as knowing both equally well; and
knowing nothing at all weighs CHANCE times as much as any other grid point, fifteen times all others together. UNLIKE protects
companies in which the match is confident of the wrong key result: a judge that contradicts it there would otherwise look ignorant
of work on key results. The likelihood ratios of an answer follow from the posterior means. An answer that is equally likely under
every truth has ratios of one and changes nothing; a judge that shares the match's errors adds nothing by agreeing with it, but
does by contradicting it.

A judge that knows a lot about one kind of work and nothing about the other would fix one kind of error and leave the other; where
the two cancel, the share would get worse. So the ratios are tempered by an exponent (a power likelihood; Holmes & Walker 2017,
"Assigning a value to a power likelihood"), which is smaller the more unequal the two are. The match is a rater too, and can be
wrong when confident: where the judge contradicts it, it is treated as right for SURE_RIGHT of all streams.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.int64]
KNOWS = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97])
COPIES = np.array([0, 0.25, 0.5, 0.75, 1.0])
SHARPNESS = np.array([1, 1.5, 2.0])
"""The grid. Sharpness is the power to which the answers' probabilities are raised."""
COPYING = np.exp(-6.0)
UNLIKE = np.exp(-8.0)
CHANCE = np.exp(6.0)
AGREES = 0.25
"""Weight of a stream for which the match's belief stands in for the truth."""
OVERSURE = 0.7
"""Power to which a belief about a stream is raised when it stands in for the truth."""
SURE_RIGHT = 0.95
"""Share of streams for which the match is assumed right when an answer contradicts it."""
LEAST = 0.05
"""Least probability of knowing either kind of work for a judge to be used at all."""
STRAYS = 0.01
"""Proportion of a stream's items that serve something other than the stream does."""
VERSION = 4
"""Version of the method; when it changes, the weight is estimated again."""
_TINY = 1e-9


def counts(knows_goal: float, knows_none: float) -> bool:
    """Return True if a judge with these probabilities of knowing the answer is used."""
    return max(knows_goal, knows_none) >= LEAST


@dataclass(frozen=True, slots=True)
class Weight:
    """The judge's estimated accuracy.

    `usual`: marginal distribution of its answers, by key result, none last. `prior`: the match's mean belief over all streams.
    `knows_goal`, `knows_none`: probability that it knows the answer for work that serves a key result, and for work that serves
    none. `copies`: probability that it gives the match's favourite when it does not know. `sharpness`: power to which its answers
    are raised. `says`: exponent of the likelihood ratios. `streams`: number of confirmed streams.
    """

    usual: tuple[float, ...]
    prior: tuple[float, ...]
    knows_goal: float = 0.0
    knows_none: float = 0.0
    copies: float = 0.0
    sharpness: float = 1.0
    says: float = 0.0
    streams: int = 0

    @property
    def silent(self) -> bool:
        """True if the judge's answers change nothing."""
        return not counts(self.knows_goal, self.knows_none)


def liked(believed: Array) -> Places:
    """Return (streams, 2): the match's favourite answer and its favourite key result, from beliefs (streams, key results + 1)."""
    return np.column_stack([believed.argmax(1), believed[:, :-1].argmax(1)])


def weigh(said: Array, believed: Array, true: Array) -> Weight:
    """Estimate a judge's weight from its answers, the match's beliefs (without labels and without the judge) and the known truth.

    All are (streams, key results + 1) with rows that sum to one; a row of zeros in `true` means that the truth is unknown.
    """
    known, best = true.sum(1) > 0, liked(believed)
    truth = np.where(known[:, None], true, _calibrated(believed))
    each = np.where(known, 1.0, AGREES)
    scores = np.stack([_by_copies(_powered(said, power), truth, each, best) for power in SHARPNESS])
    scores += np.log(UNLIKE) * np.abs(KNOWS[:, None] - KNOWS)
    scores[:, 0, 0, 0] += np.log(CHANCE)
    weight = np.exp(scores - scores.max())
    weight /= weight.sum()
    axes = (((1, 2, 3), SHARPNESS), ((0, 2, 3), COPIES), ((0, 1, 3), KNOWS), ((0, 1, 2), KNOWS))
    sharpness, copies, goal, none = (round(float(weight.sum(others) @ grid), 6) for others, grid in axes)
    rows = [tuple(np.round(row, 6).tolist()) for row in (_usual(_powered(said, sharpness)), _usual(believed))]
    says = round(min(goal, none) / max(goal, none, _TINY), 6)
    return Weight(rows[0], rows[1], goal, none, copies, sharpness, says, int(known.sum()))


def ratios_of(weight: Weight, said: Array, best: Places) -> Array:
    """Return the likelihood of each answer under each truth, relative to its marginal likelihood: (streams, key results + 1).

    `best` is the result of `liked`.
    """
    said = _powered(said, weight.sharpness)
    anyhow, copied = _guesses(np.array(weight.usual), said, best)
    guess = (1 - weight.copies) * anyhow + weight.copies * copied
    knows = np.full(said.shape[1], weight.knows_goal)
    knows[-1] = weight.knows_none
    likely = knows * said + (1 - knows) * guess
    found: Array = likely / (likely @ np.array(weight.prior))[:, None]
    return found


def told(believed: Array, ratio: Array, weight: Weight) -> Array:
    """Update items' beliefs with the judge's answer about their stream; the rows of `believed` and `ratio` correspond.

    Whether work serves any key result, and which one, are separate questions; the belief may be overruled in either.
    """
    strays = (1 - STRAYS) * ratio + STRAYS
    part, within, of_part, of_within = _changed(believed, strays, weight.says)
    prior = np.broadcast_to(np.array(weight.prior), ratio.shape)
    alone, within_alone, of_alone, of_within_alone = _changed(prior, strays, weight.says)
    stands, stands_within = _stands(of_part, of_alone), _stands(of_within, of_within_alone)
    part = stands * part + (1 - stands) * alone
    within = stands_within * within + (1 - stands_within) * within_alone
    found: Array = np.hstack([part * within, 1 - part])
    return found


def _stands(of_belief: Array, of_guess: Array) -> Array:
    """Return the weight of the belief: 1 if the answer is at least as likely under it as under the prior."""
    found: Array = np.minimum(1.0, of_belief / (SURE_RIGHT * of_belief + (1 - SURE_RIGHT) * of_guess))
    return found


def _changed(believed: Array, ratio: Array, says: float) -> tuple[Array, Array, Array, Array]:
    """Return the posterior probability of serving any key result, its distribution among them, and the likelihood of each."""
    goals, none = np.maximum(believed[:, :-1], 1e-6), np.maximum(believed[:, -1:], 1e-6)
    mass = goals.sum(1, keepdims=True)
    before, within = mass / (mass + none), goals / mass
    # The answer's ratio for "any key result" is its mean over the key results, weighted by belief.
    any_goal = (within * ratio[:, :-1]).sum(1, keepdims=True) ** says
    likely = before * any_goal + (1 - before) * ratio[:, -1:] ** says
    scores = within * ratio[:, :-1] ** says
    likely_within = scores.sum(1, keepdims=True)
    return before * any_goal / likely, scores / likely_within, likely, likely_within


def _usual(rows: Array) -> Array:
    """Return the mean of the rows, smoothed by two uniform rows."""
    found: Array = (rows.sum(0) + 2 / rows.shape[1]) / (len(rows) + 2)
    return found


def _powered(rows: Array, power: float) -> Array:
    """Raise each row to the power and renormalise."""
    raised = rows**power
    found: Array = raised / raised.sum(1, keepdims=True)
    return found


def _calibrated(believed: Array) -> Array:
    """Temper beliefs about streams so that confidence matches accuracy."""
    found: Array = SURE_RIGHT * _powered(believed, OVERSURE) + (1 - SURE_RIGHT) * _usual(believed)
    return found


def _guesses(usual: Array, said: Array, best: Places) -> tuple[Array, Array]:
    """Return the likelihood of the answers from a judge that guesses, (streams, 1), and from one that copies the match, (streams,
    key results + 1). For work on no key result, the copy is the favourite key result: that is the error that matters."""
    rows = np.arange(len(said))
    copied = np.repeat(said[rows, best[:, 0]][:, None], said.shape[1], axis=1)
    copied[:, -1] = said[rows, best[:, 1]]
    return (said @ usual)[:, None], copied


def _by_copies(said: Array, truth: Array, each: Array, best: Places) -> Array:
    """Return the log likelihood plus the log prior of copying: (copies, knows_goal, knows_none)."""
    anyhow, copied = _guesses(_usual(said), said, best)
    found: Array = np.stack(
        [_scores(said, truth, each, (1 - c) * anyhow + c * copied) + c * np.log(COPYING) for c in COPIES]
    )
    return found


def _scores(said: Array, truth: Array, each: Array, guess: Array) -> Array:
    """Return the log likelihood, (knows_goal, knows_none). `truth` may be a belief; `each` is the weight of each stream."""
    goal = np.stack([(truth[:, :-1] * (k * said[:, :-1] + (1 - k) * guess[:, :-1])).sum(1) for k in KNOWS], axis=1)
    none = np.stack([truth[:, -1] * (k * said[:, -1] + (1 - k) * guess[:, -1]) for k in KNOWS], axis=1)
    likely = np.maximum(goal[:, :, None] + none[:, None, :], _TINY)
    found: Array = np.einsum("s,sgn->gn", each, np.log(likely))
    return found

"""How much a judge of whole streams is worth in this company, and what its answers then change.

A judge is a second reader whose accuracy nobody knows. It is measured as raters are whose answers are compared with known ones
(Dawid & Skene 1979, "Maximum likelihood estimation of observer error-rates"). No company confirms enough streams for a
confusion matrix, so a judge has four unknowns, in the manner of MACE (Hovy et al. 2013, "Learning whom to trust with MACE").
Of work that serves a key result it **knows** the answer with one probability, of work that serves none with another, since a
judge may tell goals apart and take every side project for one. Where it does not know, it **copies** with a third: it errs as
the match errs, which reads the same words, and says what the match likes best. Else it says what it says anyhow.

A fourth is how **sharp** its answers are to be read: one that says 0.8 and is right in 95 of 100 says less than it knows. Read
as it says them, its being right that often would look like copying.

The four are weighed on a grid: what is confirmed counts in full; of a stream that nobody confirmed the match's belief stands
for the truth, at AGREES of its weight and less sure than it is, since of streams that are believed at 0.97 in companies that no
weights were fitted on 0.88 are right. Before any answer each probability is as likely to be small as large, that it copies always
is COPYING times as likely as that it never does, that it knows all of one and nothing of the other UNLIKE times as likely as that
it knows as much of both, and that it knows nothing at all counts CHANCE times any other guess, fifteen times as much as all
others together. UNLIKE is for companies in which the match is sure of the wrong key result: the judge, which contradicts it
there, would be taken for one that knows little of work on key results. What an answer says of each truth follows from the means.
Answers that are the same whatever is true have ratios of one and change nothing; where a judge that errs with the match says what
the match says, that is no news, and where it contradicts it, it is.

One that knows much of work on key results and nothing of work on none, or the other way about, would mend one kind of error and
leave the other, and where the two cancel the share is further off for it. So the ratios are tempered by an exponent (a power
likelihood; Holmes & Walker 2017, "Assigning a value to a power likelihood"), the less it knows of the one beside the other.
The match's belief is a reader too, and errs where it is sure: where the judge contradicts it, it is taken for one that stands in
SURE_RIGHT of all streams.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.int64]
KNOWS = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97])
COPIES = np.array([0, 0.25, 0.5, 0.75, 1.0])
SHARPNESS = np.array([1, 1.5, 2.0])
"""The grid; sharpness is the power to which answers are raised."""
COPYING = np.exp(-6.0)
UNLIKE = np.exp(-8.0)
CHANCE = np.exp(6.0)
AGREES = 0.25
"""What a stream counts for where belief stands for the truth."""
OVERSURE = 0.7
"""The power that a belief about a stream is raised to where it stands for the truth."""
SURE_RIGHT = 0.95
"""How far a belief of the match stands against an answer that contradicts it."""
LEAST = 0.05
"""What a judge must know of either kind to be heard at all."""
STRAYS = 0.01
"""Part of a stream's items that serve something else than the stream."""
VERSION = 4
"""Of the method: where it differs, weights are learned again."""
_TINY = 1e-9


def counts(knows_goal: float, knows_none: float) -> bool:
    """Return True if a judge that knows so much of work on key results and on none is heard."""
    return max(knows_goal, knows_none) >= LEAST


@dataclass(frozen=True, slots=True)
class Weight:
    """What the judge's answers are worth. `usual` is what it answers anyhow, by key result and none, which is last; `prior` what
    the match believes of all streams together.

    `knows_goal` and `knows_none`: of work that serves a key result, and of work that serves none. `copies`: how often it says
    what the match likes best where it does not know. `sharpness` is the power to which its answers are raised, `says` the
    exponent of their ratios; `streams` is how many were confirmed.
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
        """Return True if the judge changes nothing."""
        return not counts(self.knows_goal, self.knows_none)


def liked(believed: Array) -> Places:
    """(streams, 2): the answer that the match likes best, and the best key result; from (streams, key results + 1)."""
    return np.column_stack([believed.argmax(1), believed[:, :-1].argmax(1)])


def weigh(said: Array, believed: Array, true: Array) -> Weight:
    """From the judge's answers, what the match believes without any label and without the judge, and the truth where it is known.

    All (streams, key results + 1), rows adding up to one; a row of zeros in `true` is not known.
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
    """Likelihood of each answer given each truth beside its usual one, (streams, key results + 1); `best` is from `liked`."""
    said = _powered(said, weight.sharpness)
    anyhow, copied = _guesses(np.array(weight.usual), said, best)
    guess = (1 - weight.copies) * anyhow + weight.copies * copied
    knows = np.full(said.shape[1], weight.knows_goal)
    knows[-1] = weight.knows_none
    likely = knows * said + (1 - knows) * guess
    found: Array = likely / (likely @ np.array(weight.prior))[:, None]
    return found


def told(believed: Array, ratio: Array, weight: Weight) -> Array:
    """Beliefs of items as the judge's answer about their stream changes them; rows of both belong together.

    Whether work serves any key result, and which, are two questions, and in each the belief may be one that does not stand.
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
    """How far the belief stands; all of it where the answer is no less likely under it than under a guess."""
    found: Array = np.minimum(1.0, of_belief / (SURE_RIGHT * of_belief + (1 - SURE_RIGHT) * of_guess))
    return found


def _changed(believed: Array, ratio: Array, says: float) -> tuple[Array, Array, Array, Array]:
    """The part that serves any key result and how it is divided among them, after the answer; and how likely it was of either."""
    goals, none = np.maximum(believed[:, :-1], 1e-6), np.maximum(believed[:, -1:], 1e-6)
    mass = goals.sum(1, keepdims=True)
    before, within = mass / (mass + none), goals / mass
    # What the answer says of any key result is its mean over those that are believed.
    any_goal = (within * ratio[:, :-1]).sum(1, keepdims=True) ** says
    likely = before * any_goal + (1 - before) * ratio[:, -1:] ** says
    scores = within * ratio[:, :-1] ** says
    likely_within = scores.sum(1, keepdims=True)
    return before * any_goal / likely, scores / likely_within, likely, likely_within


def _usual(rows: Array) -> Array:
    """The mean of the rows, with two more that are even."""
    found: Array = (rows.sum(0) + 2 / rows.shape[1]) / (len(rows) + 2)
    return found


def _powered(rows: Array, power: float) -> Array:
    """Each row raised to that power, adding up to one."""
    raised = rows**power
    found: Array = raised / raised.sum(1, keepdims=True)
    return found


def _calibrated(believed: Array) -> Array:
    """Beliefs about streams as sure as they are right."""
    found: Array = SURE_RIGHT * _powered(believed, OVERSURE) + (1 - SURE_RIGHT) * _usual(believed)
    return found


def _guesses(usual: Array, said: Array, best: Places) -> tuple[Array, Array]:
    """How likely the answers are, whatever is true, of one who says what it says anyhow, (streams, 1), and of one who copies the
    match, (streams, key results + 1): of work on none it takes the best key result, which is the error that counts."""
    rows = np.arange(len(said))
    copied = np.repeat(said[rows, best[:, 0]][:, None], said.shape[1], axis=1)
    copied[:, -1] = said[rows, best[:, 1]]
    return (said @ usual)[:, None], copied


def _by_copies(said: Array, truth: Array, each: Array, best: Places) -> Array:
    """Log of how likely the answers are, (copies, knows of goals, knows of none), with what was likely beforehand."""
    anyhow, copied = _guesses(_usual(said), said, best)
    found: Array = np.stack(
        [_scores(said, truth, each, (1 - c) * anyhow + c * copied) + c * np.log(COPYING) for c in COPIES]
    )
    return found


def _scores(said: Array, truth: Array, each: Array, guess: Array) -> Array:
    """Log likelihood of the answers, by what is known of key results and of none; `truth` may be a belief, `each` is what
    each of the streams counts."""
    goal = np.stack([(truth[:, :-1] * (k * said[:, :-1] + (1 - k) * guess[:, :-1])).sum(1) for k in KNOWS], axis=1)
    none = np.stack([truth[:, -1] * (k * said[:, -1] + (1 - k) * guess[:, -1]) for k in KNOWS], axis=1)
    likely = np.maximum(goal[:, :, None] + none[:, None, :], _TINY)
    found: Array = np.einsum("s,sgn->gn", each, np.log(likely))
    return found

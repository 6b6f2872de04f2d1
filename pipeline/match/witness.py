"""How much a judge of whole streams is worth in this company, and what its answers then change.

A judge is a second reader whose accuracy nobody knows. It is measured as raters are whose answers are compared with known ones
(Dawid & Skene 1979, "Maximum likelihood estimation of observer error-rates"), by its confusion matrix: how often it answers j
where k is true. No company confirms enough streams for a row of each key result, so a row has one unknown, as in MACE (Hovy et
al. 2013, "Learning whom to trust with MACE"): with the probability `knows` it answers what is true, else what it answers anyhow,
whatever is true. There is one such probability for work on key results and one for work on none, since a judge may tell goals
apart and take every side project for one. Both are counted on streams that people confirmed or the audit answered, less the
hits of mere chance, and shrunk towards zero: USELESS streams more of which it knows nothing. A judge whose answers do not depend
on the truth knows nothing; its likelihood ratios are one and change nothing.

The match's belief is a reader too, and errs where it is sure. Where the judge contradicts it, it is taken for one that knows in
SURE_RIGHT of all streams and guesses in the others, by the same model; where the judge says nothing new it stands as it is.

Two readers of the same words err together. So each ratio is tempered by an exponent (a power likelihood; Holmes & Walker 2017,
"Assigning a value to a power likelihood"), one for whether work serves any key result and one for which. Both are chosen by the
log score of the confirmed streams, each judged without its own count; where that is not better than without the judge by DOUBT,
they are zero. Few streams prove little, and those that are confirmed first are no random ones: so the exponents are shrunk by
the number of streams, and where the judge knows less of work on none than of work on key results by that as well.

Where nothing is confirmed the match's own belief stands for the truth in the counts, and the exponents are UNPROVEN, which
left-out worlds allow (docs/judge.md).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
USELESS = 2.0
"""Streams of either kind, of which the judge knows nothing, that are added to the confirmed ones."""
SAYS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Exponents that are tried."""
DOUBT = 1.0
"""Log score that a full exponent must bring on confirmed streams before it is worth any."""
LEAST = 5
"""Confirmed streams below which nothing is shown."""
MANY = 10.0
"""Confirmed streams at which half of the exponents that were chosen is believed."""
BALANCED = 2.0
"""Streams that serve none of which it is taken to know as much as of others, until there are more."""
UNPROVEN = 0.15
"""Both exponents where nothing is confirmed."""
AGREES = 0.25
"""What a stream counts for where belief stands for the truth."""
SURE_RIGHT = 0.85
"""How often the match is right where it is sure, in worlds that it was not fitted on (docs/matching.md: 81 to 91 of 100)."""
STRAYS = 0.03
"""Part of a stream's items that serve something else than the stream."""
VERSION = 1
"""Of the method: where it differs, weights are learned again."""
_FLOOR = 1e-3


@dataclass(frozen=True, slots=True)
class Weight:
    """What the judge's answers are worth. `usual` is what it answers anyhow, by key result and none, which is last; `prior` what
    the match believes of all streams together.

    `knows_goal` and `knows_none`: of work that serves a key result, and of work that serves none. `whether` and `which` are the
    exponents; `streams` is how many were confirmed.
    """

    usual: tuple[float, ...]
    prior: tuple[float, ...]
    knows_goal: float = 0.0
    knows_none: float = 0.0
    whether: float = 0.0
    which: float = 0.0
    streams: int = 0

    @property
    def silent(self) -> bool:
        """Return True if the judge changes nothing."""
        return (not self.whether and not self.which) or not (self.knows_goal or self.knows_none)


def weigh(said: Array, believed: Array, true: Array) -> Weight:
    """From the judge's answers, what the match believes without any label and without the judge, and the truth where it is known.

    All (streams, key results + 1), rows adding up to one; a row of zeros in `true` is not known.
    """
    usual, prior = _usual(said), _usual(believed)
    likeliest = np.eye(said.shape[1])[said.argmax(1)]
    known = np.flatnonzero(true.sum(1) > 0)
    if len(known) < LEAST:
        counts = AGREES * _counts(_usual(likeliest), likeliest, believed).sum(0)
        return _weight(usual, prior, _knows(counts), (UNPROVEN, UNPROVEN), len(known))
    each = _counts(_usual(likeliest), likeliest[known], true[known])
    whole = each.sum(0)
    ratios = np.array([_ratios(usual, _knows(whole - one), said[i]) for one, i in zip(each, known, strict=True)])
    best, says = 0.0, (0.0, 0.0)
    before = _log_score(believed[known], true[known])
    for whether in SAYS:
        for which in SAYS:
            found = _pooled(believed[known], ratios, prior, whether, which)
            worth = _log_score(found, true[known]) - before - DOUBT * (whether + which)
            if worth > best + 1e-9:
                best, says = worth, (whether, which)
    shrunk = len(known) / (len(known) + MANY) * _balance(whole)
    return _weight(usual, prior, _knows(whole), (shrunk * says[0], shrunk * says[1]), len(known))


def ratios_of(weight: Weight, said: Array) -> Array:
    """Likelihood of each answer given each truth beside what it has anyhow, (streams, key results + 1)."""
    return _ratios(np.array(weight.usual), (weight.knows_goal, weight.knows_none), said)


def told(believed: Array, ratio: Array, weight: Weight) -> Array:
    """Beliefs of items as the judge's answer about their stream changes them; rows of both belong together."""
    strays = (1 - STRAYS) * ratio + STRAYS
    return _pooled(believed, strays, np.array(weight.prior), weight.whether, weight.which)


def _pooled(believed: Array, ratio: Array, prior: Array, whether: float, which: float) -> Array:
    """The belief with the judge's say, and the judge's alone, weighed by which of the two the answer was to be expected from."""
    part, within, of_part, of_within = _tempered(believed, ratio, whether, which)
    alone, within_alone, of_alone, of_within_alone = _tempered(
        np.broadcast_to(prior, ratio.shape), ratio, whether, which
    )
    stands, stands_within = _stands(of_part, of_alone), _stands(of_within, of_within_alone)
    part = stands * part + (1 - stands) * alone
    within = stands_within * within + (1 - stands_within) * within_alone
    found: Array = np.hstack([part * within, 1 - part])
    return found


def _stands(of_belief: Array, of_guess: Array) -> Array:
    """How far the belief stands; all of it where the answer is no less likely under it than under a guess."""
    found: Array = np.minimum(1.0, of_belief / (SURE_RIGHT * of_belief + (1 - SURE_RIGHT) * of_guess))
    return found


def _tempered(believed: Array, ratio: Array, whether: float, which: float) -> tuple[Array, Array, Array, Array]:
    """The part that serves any key result and how it is divided among them, after the answer; and how likely it was of either."""
    goals, none = np.maximum(believed[:, :-1], 1e-6), np.maximum(believed[:, -1:], 1e-6)
    mass = goals.sum(1, keepdims=True)
    before, within = mass / (mass + none), goals / mass
    # What the answer says of any key result is its mean over those that are believed.
    any_goal = (within * ratio[:, :-1]).sum(1, keepdims=True) ** whether
    likely = before * any_goal + (1 - before) * ratio[:, -1:] ** whether
    scores = within * ratio[:, :-1] ** which
    likely_within = scores.sum(1, keepdims=True)
    return before * any_goal / likely, scores / likely_within, likely, likely_within


def _usual(rows: Array) -> Array:
    """The mean of the rows, with two more that are even."""
    found: Array = (rows.sum(0) + 2 / rows.shape[1]) / (len(rows) + 2)
    return found


def _counts(usual: Array, said: Array, true: Array) -> Array:
    """(streams, 6): of key results and then of none, how much was known to be true, hit, and would be hit by chance."""
    hit, chance = true * said, true * usual
    goals = [part[:, :-1].sum(1) for part in (true, hit, chance)]
    none = [part[:, -1] for part in (true, hit, chance)]
    return np.column_stack([*goals, *none])


def _knows(counts: Array) -> tuple[float, float]:
    """The part of each kind of work that the judge knows."""
    goals, none = (
        max(0.0, float((hit - chance) / (size - chance + USELESS))) for size, hit, chance in (counts[:3], counts[3:])
    )
    return goals, none


def _balance(counts: Array) -> float:
    """How much it knows of work on none beside what it knows of work on key results; at most one."""
    size, hit, chance = counts[:3]
    goals = max(1e-3, float((hit - chance) / max(size - chance, 1e-3)))
    size, hit, chance = counts[3:]
    none = float((hit - chance + BALANCED * goals) / (size - chance + BALANCED))
    return min(1.0, max(0.0, none / goals))


def _ratios(usual: Array, knows: tuple[float, float], said: Array) -> Array:
    part = np.full(said.shape[-1], knows[0])
    part[-1] = knows[1]
    found: Array = part * said / usual + 1 - part
    return found


def _log_score(found: Array, true: Array) -> float:
    return float((true * np.log(np.clip(found, _FLOOR, 1))).sum())


def _weight(usual: Array, prior: Array, knows: tuple[float, float], says: tuple[float, float], streams: int) -> Weight:
    """Rounded, since it is kept."""
    plain = [tuple(round(float(x), 6) for x in row) for row in (usual, prior)]
    goal, none, whether, which = (round(x, 6) for x in (*knows, *says))
    return Weight(plain[0], plain[1], goal, none, whether, which, streams)

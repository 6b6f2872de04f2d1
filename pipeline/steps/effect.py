"""What a deviation goes with at the end: the difference of the median times from begin to end. It is no cause."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.steps.case import Judgement

LEAST = 12
"""Cases with and without the deviation that must have come to the end before anything is said."""
DRAWS = 500
_SEED = 23
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effect:
    """Days from begin to end in the middle of the cases with a deviation and of those without any, and the difference with its
    90 % interval (percentile bootstrap over cases)."""

    step: str
    deviation: str
    cases: int
    with_it: float
    without: float
    low: float
    high: float

    @property
    def days(self) -> float:
        """How much longer it took with it."""
        return self.with_it - self.without


def effects(judged: Sequence[Judgement], now: float) -> list[Effect]:
    """Of every step and deviation that enough cases have; `now` is a time stamp. Cases that go on count for how long they have
    lasted (Kaplan & Meier 1958)."""
    days = np.array(
        [((one.ended.timestamp() if one.ended else now) - one.begun.timestamp()) / 86_400 for one in judged]
    )
    over = np.array([one.ended is not None for one in judged], dtype=bool)
    clean = np.array([not one.whole.deviations and not one.whole.open for one in judged], dtype=bool)
    if int((clean & over).sum()) < LEAST:
        return []
    found = []
    marked: dict[tuple[str, str], list[int]] = {}
    for n, one in enumerate(judged):
        for outcome in one.outcomes:
            if outcome.first and not outcome.open:
                marked.setdefault((outcome.key, outcome.first), []).append(n)
    for (step, deviation), places in sorted(marked.items()):
        mask = np.zeros(len(judged), dtype=bool)
        mask[places] = True
        if int((mask & over).sum()) < LEAST:
            continue
        effect = _compared(days[mask], over[mask], days[clean], over[clean])
        if effect is not None:
            found.append(Effect(step, deviation, int(mask.sum()), *effect))
    return found


def _compared(
    days: Floats, over: NDArray[np.bool_], others: Floats, others_over: NDArray[np.bool_]
) -> tuple[float, float, float, float] | None:
    with_it, without = median(days, over), median(others, others_over)
    if with_it is None or without is None:
        return None
    rng = np.random.default_rng(_SEED)
    drawn = []
    for _ in range(DRAWS):
        a, b = rng.integers(len(days), size=len(days)), rng.integers(len(others), size=len(others))
        one, other = median(days[a], over[a]), median(others[b], others_over[b])
        if one is not None and other is not None:
            drawn.append(one - other)
    if len(drawn) < DRAWS // 2:
        return None
    low, high = np.quantile(drawn, [0.05, 0.95])
    return with_it, without, float(low), float(high)


def median(days: Floats, over: NDArray[np.bool_]) -> float | None:
    """The time by which half of the cases have come to the end; None where fewer than half have."""
    order = np.argsort(days, kind="stable")
    at_risk = len(days) - np.arange(len(days))
    left = np.cumprod(np.where(over[order], 1 - 1 / at_risk, 1.0))
    reached = np.flatnonzero(left <= 0.5)
    return float(days[order][reached[0]]) if len(reached) else None

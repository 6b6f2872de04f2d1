"""The association between a deviation and a case's duration: the difference of median times from begin to end. Not causal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.steps.case import Judgement

LEAST = 12
"""Finished cases needed both with the deviation and without any."""
DRAWS = 500
_SEED = 23
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Effect:
    """Median days from begin to end with a deviation and without any, and the 90 % interval of the difference (percentile
    bootstrap over cases)."""

    step: str
    deviation: str
    cases: int
    with_it: float
    without: float
    low: float
    high: float

    @property
    def days(self) -> float:
        """Difference of the medians in days; positive if cases with the deviation took longer."""
        return self.with_it - self.without


def effects(judged: Sequence[Judgement], now: float) -> list[Effect]:
    """Return the effect of every step and deviation with enough cases; `now` is a timestamp. Open cases are censored at their
    present duration (Kaplan & Meier 1958)."""
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
    """Return the Kaplan-Meier median of the duration; None if it is not reached."""
    order = np.argsort(days, kind="stable")
    at_risk = len(days) - np.arange(len(days))
    left = np.cumprod(np.where(over[order], 1 - 1 / at_risk, 1.0))
    reached = np.flatnonzero(left <= 0.5)
    return float(days[order][reached[0]]) if len(reached) else None

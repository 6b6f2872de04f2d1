"""Which days can be trusted: not those with a silent source, low coverage, or hardly anybody present. Never looks ahead."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipeline.drift.observations import Array
from pipeline.queue.rounding import DIGITS, rounded

if TYPE_CHECKING:
    from pipeline.drift.observations import Observations

HISTORY = 30
"""Days of history that define the usual level. After half of them, a new level is the usual one."""
SILENT = 0.25
ABSENT = 0.6
MANY_LEFT = 0.75
"""Fraction of the usual: if fewer people are expected than this, and coverage of those is no lower, no source is at fault."""
LONGEST_FAULT = 30
_SAME_WEEKDAY = 4
"""Days of one weekday needed to know its usual level; many people are off on Fridays, for example."""
_LEAST_LEVEL = 1.0
"""Person-days a day below which a source is too small to judge: one person's work in it may simply pause."""
_CERTAIN = 6.0
_LEAST_DAYS = 3
"""Days until a fault is certain: two odd ones can happen by chance if few people work."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Days `first`..`last` (positions) on which `what` (a source, or 'coverage') cannot be trusted.

    `told` is the position of the day on which it became certain; None if it never did.
    """

    what: str
    first: int
    last: int
    told: int | None
    before: float
    after: float


@dataclass(frozen=True)
class Health:
    """`bad` marks the days that are not used for shares; `faults` are worth reporting."""

    bad: NDArray[np.bool_]
    faults: Sequence[Fault]


def check(seen: "Observations") -> Health:
    """Check every day against the days before it."""
    total = seen.total.sum(0)
    bad = total <= 0
    faults: list[Fault] = []
    away = _known_away(total, seen.expected)
    for number, source in enumerate(seen.sources):
        silent, found = _silences(source, seen.by_source[number], total, away)
        bad |= silent
        faults += found
    weekdays = np.array([day.weekday() for day in seen.days])
    for day in range(5, len(total)):
        bad[day] |= total[day] < ABSENT * _usual(total, weekdays, day)
    if seen.expected is not None:
        low, found = _uncovered(total, seen.expected, weekdays)
        bad |= low
        # A silent source lowers coverage too: report one fault for one cause.
        faults += [one for one in found if not any(f.first <= one.last and one.first <= f.last for f in faults)]
    return Health(bad, faults)


def _usual(level: Array, weekdays: NDArray[np.int64], day: int) -> float:
    """Return the median of the days before, or of the same weekday if that is lower."""
    past = slice(max(0, day - HISTORY), day)
    alike = level[past][weekdays[past] == weekdays[day]]
    usual = float(np.median(level[past]))
    return min(usual, float(np.median(alike))) if len(alike) >= _SAME_WEEKDAY else usual


def _known_away(total: Array, expected: Array | None) -> NDArray[np.bool_]:
    """Mark days on which known absences explain a lower level, for example holidays of an office that has its own tool."""
    found = np.zeros(len(total), bool)
    if expected is None:
        return found
    coverage = np.divide(total, expected, out=np.zeros_like(total), where=expected > 0)
    for day in range(5, len(total)):
        past = slice(max(0, day - HISTORY), day)
        fewer = expected[day] < MANY_LEFT * np.median(expected[past])
        found[day] = fewer and coverage[day] >= MANY_LEFT * np.median(coverage[past])
    return found


def _silences(
    source: str, level: Array, total: Array, away: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], list[Fault]]:
    silent = np.zeros(len(level), bool)
    faults: list[Fault] = []
    rest = total - level
    first: int | None = None
    usual = usual_rest = 0.0
    for day in range(5, len(level)):
        if first is None:
            past = slice(max(0, day - HISTORY), day)
            usual, usual_rest = float(np.median(level[past])), float(np.median(rest[past]))
        others = rest[day] / usual_rest if usual_rest > 0 else 1.0
        expected = usual * min(1.0, others)
        quiet = expected >= _LEAST_LEVEL and level[day] < SILENT * expected and not away[day]
        if first is not None and day - first >= LONGEST_FAULT:
            quiet = False
        if quiet:
            silent[day] = True
            first = day if first is None else first
        elif first is not None and (level[day] >= 0.5 * expected or day - first >= LONGEST_FAULT):
            faults.append(_fault(source, first, day - 1, usual, level))
            first = None
        elif first is not None:
            silent[day] = True  # between silent and usual, or while others are away: still untrustworthy
    if first is not None:
        faults.append(_fault(source, first, len(level) - 1, usual, level))
    return silent, [fault for fault in faults if fault.told is not None]


def _fault(source: str, first: int, last: int, usual: float, level: Array) -> Fault:
    # The smaller a source, the longer its silence can be chance.
    return _certain(source, first, last, max(_LEAST_DAYS, math.ceil(_CERTAIN / max(usual, 0.1))), usual, level)


def _certain(what: str, first: int, last: int, days: int, usual: float, level: Array) -> Fault:
    """Return a fault that is certain after `days` days, with the figures known then."""
    told = first + days - 1 if last - first + 1 >= days else None
    before, after = (rounded(float(one), DIGITS) for one in (usual, level[first : (told or last) + 1].mean()))
    return Fault(what, first, last, told, before, after)


def _uncovered(total: Array, expected: Array, weekdays: NDArray[np.int64]) -> tuple[NDArray[np.bool_], list[Fault]]:
    coverage = np.divide(total, expected, out=np.ones_like(total), where=expected > 0)
    low = np.zeros(len(total), bool)
    faults: list[Fault] = []
    first: int | None = None
    usual = 1.0
    for day in range(5, len(total) + 1):
        if first is None and day < len(total):
            usual = _usual(coverage, weekdays, day)
        if day < len(total):
            low[day] = expected[day] > 0 and coverage[day] < ABSENT * usual
            if first is not None and day - first >= LONGEST_FAULT:
                low[day] = False
        if first is None and day < len(total) and low[day]:
            first = day
        elif first is not None and (day == len(total) or not low[day]):
            faults.append(_certain("coverage", first, day - 1, _LEAST_DAYS, usual, coverage))
            first = None
    return low, [fault for fault in faults if fault.told is not None]

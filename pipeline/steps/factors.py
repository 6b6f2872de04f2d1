"""What a step's deviations are associated with: the day's load, the hour, the team, the kind of case. Association, not cause.

Each is tested with a score test (Rao), clustered by the day on which cases began, since the cases of a day share its conditions;
differences between stretches of four weeks are removed first. Over all steps and factors, those significant after Holm's
correction (1979) are named.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

LEAST_DAYS, LEAST_CASES = 20, 60
"""Days and cases needed before anything is tested."""
LEAST_GROUP = 15
"""Least cases in a group."""
SMALLEST = 0.05
"""Smaller differences are not named, however significant."""
CHANCE = 0.05
"""Family-wise error rate for a path and its steps."""
_STRETCH = 28
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seen:
    """A case in a step: whether it deviated, when it began, how many began that day, its team, kind and participants."""

    deviated: bool
    day: date
    hour: int
    load: int
    team: str | None
    kind: str
    people: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor associated with deviations of `step`: the proportion deviating in `group` (`high`) and in the others (`low`)."""

    step: str
    name: str
    group: str
    high: float
    low: float
    chance: float


def goes_with(by_step: dict[str, Sequence[Seen]], least: int) -> list[Factor]:
    """Return the significant factors of the steps' deviations, most significant first, without groups of fewer than `least`
    people."""
    tried = [one for step, seen in by_step.items() for one in _tried(step, seen, least)]
    named = []
    for place, one in enumerate(sorted(tried, key=lambda one: one.chance)):
        if one.chance > CHANCE / (len(tried) - place):
            break
        if one.high - one.low >= SMALLEST:
            named.append(one)
    return named


def _tried(step: str, seen: Sequence[Seen], least: int) -> list[Factor]:
    days = {one.day for one in seen}
    if len(seen) < LEAST_CASES or len(days) < LEAST_DAYS or len({one.deviated for one in seen}) < 2:
        return []
    found = [_load(step, seen)]
    found.append(_groups(step, "hour", seen, [_hours(one.hour) for one in seen], least))
    found.append(_groups(step, "team", seen, [one.team or "" for one in seen], least))
    found.append(_groups(step, "kind", seen, [one.kind for one in seen], least))
    return [one for one in found if one is not None]


def _hours(hour: int) -> str:
    bounds = (("before 10", 10), ("from 10 to 12", 12), ("from 12 to 14", 14), ("from 14 to 16", 16))
    return next((name for name, end in bounds if hour < end), "after 16")


def _load(step: str, seen: Sequence[Seen]) -> Factor | None:
    loads = np.array([one.load for one in seen], dtype=float)
    if len(set(loads.tolist())) < 2:
        return None
    chance = _score(seen, np.log(loads)[:, None])
    bad = np.array([one.deviated for one in seen], dtype=float)
    low, high = np.quantile(loads, [1 / 3, 2 / 3])
    if low == high:
        low = max((one for one in loads if one < high), default=high)
        high = min((one for one in loads if one > low), default=low)
    quiet, busy = bad[loads <= low], bad[loads >= high]
    if busy.mean() >= quiet.mean():
        return Factor(
            step, "load", f"days with {high:.0f} cases and more", float(busy.mean()), float(quiet.mean()), chance
        )
    return Factor(step, "load", f"days with {low:.0f} cases and fewer", float(quiet.mean()), float(busy.mean()), chance)


def _groups(step: str, name: str, seen: Sequence[Seen], group: Sequence[Hashable], least: int) -> Factor | None:
    keys = [key for key in dict.fromkeys(group) if key and sum(one == key for one in group) >= LEAST_GROUP]
    people = {key: {p for one, g in zip(seen, group, strict=True) if g == key for p in one.people} for key in keys}
    keys = [key for key in keys if len(people[key]) >= least]
    some = [n for n, key in enumerate(group) if key in keys]
    if len(keys) < 2:
        return None
    rows = [seen[n] for n in some]
    columns = np.array([[float(group[n] == key) for key in keys[1:]] for n in some])
    chance = _score(rows, columns)
    bad = np.array([one.deviated for one in rows], dtype=float)
    mine = {key: np.array([group[n] == key for n in some]) for key in keys}
    worst = max(keys, key=lambda key: bad[mine[key]].mean())
    others = bad[~mine[worst]]
    return Factor(step, name, str(worst), float(bad[mine[worst]].mean()), float(others.mean()), chance)


def _score(seen: Sequence[Seen], columns: Floats) -> float:
    """Return the p value of the score test for the columns."""
    from scipy import special  # slow to import, and not every company has steps

    bad = np.array([one.deviated for one in seen], dtype=float)
    stretch = np.array([one.day.toordinal() // _STRETCH for one in seen])
    off, x = bad.copy(), columns.copy()
    for one in np.unique(stretch):
        mask = stretch == one
        off[mask] -= bad[mask].mean()
        x[mask] -= columns[mask].mean(0)
    days, which = np.unique([one.day.toordinal() for one in seen], return_inverse=True)
    each = np.zeros((len(days), x.shape[1]))
    np.add.at(each, which, x * off[:, None])
    score, spread = each.sum(0), each.T @ each * len(days) / max(1, len(days) - 1)
    rank = int(np.linalg.matrix_rank(spread))
    if not rank:
        return 1.0
    square = float(score @ np.linalg.pinv(spread) @ score)
    # With few days use F instead of chi-square (Hotelling's test, with days as the sample).
    freedom = max(1, len(days) - rank)
    return float(special.fdtrc(rank, freedom, square * freedom / (rank * (len(days) - 1))))

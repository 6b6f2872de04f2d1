"""Turnover: teams that are gone, and changes in a share caused by joiners, leavers and leave. Reported, never an alarm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.vocabulary import COMPANY
from pipeline.drift.composition import Array, decompose
from pipeline.drift.data_health import ABSENT, HISTORY
from pipeline.drift.observations import Observations, Priorities
from pipeline.drift.sums import persons

GONE = "gone"
"""Subject of the report on a team whose work has ended."""
GONE_AFTER = 21
"""Working days without any effort, while others work, after which a team is gone: longer than four weeks of leave."""
WINDOW, BASE, EVERY = 15, 60, 40
"""Working days: mix compares the last three weeks with the twelve before; a scope's next change is reported eight weeks later at
the earliest."""
LEAST = {True: 0.05, False: 0.1}
"""Smallest change worth reporting, for the company (True) and for a team (False)."""
LASTS = 8
COMES_OR_GOES = 0.5
"""A row's person came or went if its weight changed by more than this fraction of the larger weight."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A team whose work ended: position of the first day without effort, and of the day on which that was certain."""

    team: str
    first: int
    told: int


@dataclass(frozen=True, slots=True)
class Mixed:
    """A change of mix in a scope: first position of the window that shows it, position of the day it is reported, and sizes."""

    scope: str
    first: int
    told: int
    before: float
    after: float
    mix: float


def gone_teams(scopes: Mapping[str, NDArray[np.int64]], total: Array) -> list[Gone]:
    """Return teams without any effort on GONE_AFTER consecutive days on which the others work as usual, once per disappearance.

    `total` is (people, days).
    """
    found = []
    for team, people in scopes.items():
        if team == COMPANY:
            continue
        mine = total[people].sum(0)
        rest = total.sum(0) - mine
        without: list[int] = []
        for day in range(1, len(mine)):
            if mine[day] > 0:
                without = []
            elif mine[:day].any() and rest[day] > ABSENT * np.median(rest[max(0, day - HISTORY) : day]):
                without.append(day)
                if len(without) == GONE_AFTER:
                    found.append(Gone(team, without[0], day))
    return sorted(found, key=lambda gone: gone.told)


def mix_changes(
    scopes: Mapping[str, NDArray[np.int64]],
    seen: Observations,
    joined: Observations,
    plans: Sequence[Priorities],
    bad: NDArray[np.bool_],
    least_people: int,
    who: NDArray[np.int64] | None = None,
) -> list[Mixed]:
    """Return where the share of the top priorities moved because of who is present; trusted days only, each plan separately.

    The company scope uses the rows of `joined`, in which a renamed team keeps its people.
    """
    found: list[Mixed] = []
    starts = [*(sum(day < plan.start for day in seen.days) for plan in plans), len(seen.days)]
    for plan, begin, end in zip(plans, starts[:-1], starts[1:], strict=True):
        days = np.flatnonzero(~bad[begin:end]) + begin
        rows = np.array([key in plan.top for key in seen.names])
        top = {id(of): of.effort[rows].sum(0) for of in (seen, joined)}
        for scope, people in scopes.items():
            of = joined if scope == COMPANY else seen
            parts, whose = (
                (top[id(of)][people][:, days], of.total[people][:, days]),
                None if who is None else who[people],
            )
            found += _of_scope(scope, *parts, days, least_people, whose)
    return sorted(found, key=lambda mixed: mixed.told)


def _of_scope(
    scope: str, top: Array, total: Array, days: NDArray[np.int64], least: int, who: NDArray[np.int64] | None
) -> list[Mixed]:
    """`top` and `total` are (rows, days) on the positions `days`; `who` numbers each row's person."""
    found = []
    sums = [np.concatenate([np.zeros((len(part), 1)), np.cumsum(part, 1)], 1) for part in (top, total)]
    seen, silent_until = 0, 0
    for n in range(BASE // 2 + WINDOW, len(days) + 1):
        first = n - WINDOW
        top0, all0 = (part[:, first] - part[:, max(0, first - BASE)] for part in sums)
        top1, all1 = (part[:, n] - part[:, first] for part in sums)
        if n < silent_until or min(int(persons(part > 0, who)) for part in (all0, all1)) < least:
            seen = 0
            continue
        before, after = all0 / all0.sum(), all1 / all1.sum()
        moved = abs(after - before) > COMES_OR_GOES * np.maximum(before, after)
        if int(persons(moved, who)) < least:
            seen = 0  # too few people came or went to report on
            continue
        change = decompose(top0, all0, top1, all1)
        seen = seen + 1 if abs(change.mix) >= LEAST[scope == COMPANY] else 0
        if seen == LASTS:
            found.append(Mixed(scope, int(days[first]), int(days[n - 1]), change.before, change.after, change.mix))
            seen, silent_until = 0, n + EVERY
    return found

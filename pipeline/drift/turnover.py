"""Who is there: teams that are gone, and changes of a share that come from joiners, leavers and leave. Reported, never
alarmed."""

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
"""Subject of what is reported of a team whose work ended."""
GONE_AFTER = 21
"""Working days without any effort of a team, while others work, after which it is gone: longer than four weeks of leave."""
WINDOW, BASE, EVERY = 15, 60, 40
"""A change of mix is that of the last three weeks against the twelve before; a scope's next one is told eight weeks later."""
LEAST = {True: 0.05, False: 0.1}
"""Points of a share that are worth a line: of the company, of a team."""
LASTS = 8
COMES_OR_GOES = 0.5
"""Part of its larger weight that a row's weight must have changed by, to be of somebody who came or went."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A team whose work ends: position of the first day without it, and of the day on which that was certain."""

    team: str
    first: int
    told: int


@dataclass(frozen=True, slots=True)
class Mixed:
    """A change of mix of a scope: first position of the window that shows it, position of the day on which it is told, and
    sizes."""

    scope: str
    first: int
    told: int
    before: float
    after: float
    mix: float


def gone_teams(scopes: Mapping[str, NDArray[np.int64]], total: Array) -> list[Gone]:
    """Teams without any effort on GONE_AFTER days in a row on which the others work as usual; each time once. `total` is
    (people, days)."""
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
    """Where the share of the top priorities moved because of who is there, on good days, each plan by itself.

    The company's is that of the rows `joined`: a team that is only called otherwise is no other people.
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
    """`top` and `total` are (rows, days) on the positions `days`, `who` numbers whose row it is."""
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
            seen = 0  # what a few who came or went do is their own affair
            continue
        change = decompose(top0, all0, top1, all1)
        seen = seen + 1 if abs(change.mix) >= LEAST[scope == COMPANY] else 0
        if seen == LASTS:
            found.append(Mixed(scope, int(days[first]), int(days[n - 1]), change.before, change.after, change.mix))
            seen, silent_until = 0, n + EVERY
    return found

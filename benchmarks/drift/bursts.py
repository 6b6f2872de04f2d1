"""A second, different generator of effort: bursts of heavy-tailed length, and days split into many small parts.

Where organisation.py gives everybody two tasks of some days from their team's plan, this one splits a day between a main task and
a few others. Each person's weights follow a slow random walk (autocorrelated over weeks); main tasks have Pareto lengths (most
last a day or two, some two months); and occasionally half of a team takes up the same objective for some weeks. Events and
absence are as in the first generator.
"""

import numpy as np
from numpy.typing import NDArray

from benchmarks.drift import organisation
from benchmarks.drift.organisation import Case, Organisation

TAIL, SHORTEST = 1.5, 1.0
"""Of the Pareto lengths of main tasks, in days; none is longer than LONGEST."""
LONGEST = 60.0
DRIFTING = 0.97
"""Part of a person's leaning that stays from day to day: a month to forget."""
LEANING = 0.7
PUSH = 0.012
"""Chance that a team begins a push on a day."""


def generate(case: Case, seed: int) -> Organisation:
    """One organisation; the same case and seed always give the same one."""
    frame = organisation.frame(case, np.random.default_rng([seed, 7]))
    rng, days, team_of = frame.rng, frame.days, frame.team_of
    things = len(organisation.OBJECTIVES) + 1
    effort, by_source = np.zeros((things, case.people, len(days))), np.zeros((3, len(days)))
    leaning = rng.normal(0, LEANING, (case.people, things))
    main, left = np.full(case.people, -1), np.zeros(case.people)
    pushes: dict[int, tuple[int, int, NDArray[np.bool_]]] = {}
    before = frame.plans
    for d in range(len(days)):
        plan = frame.planned(d)
        leaning = DRIFTING * leaning + rng.normal(0, LEANING * np.sqrt(1 - DRIFTING**2), leaning.shape)
        _push(rng, d, plan, pushes, case.people)
        weights = plan[team_of] * np.exp(leaning)
        weights /= weights.sum(1, keepdims=True)
        for p in range(case.people):
            task, team = main[p], team_of[p]
            dropped = (
                task >= 0
                and plan[team, task] < before[team, task]
                and rng.random() > plan[team, task] / before[team, task]
            )
            if left[p] <= 0 or dropped:
                pushed = team in pushes and pushes[team][2][p]
                main[p] = pushes[team][0] if pushed else rng.choice(things, p=weights[p])
                left[p] = min(LONGEST, SHORTEST * (1 + rng.pareto(TAIL)))
            if frame.away[p, d]:
                continue
            split = rng.dirichlet(0.8 * weights[p] + 0.02)
            on_main = rng.beta(3, 2)
            effort[:, p, d] = frame.capacity[p] * (1 - on_main) * split
            effort[main[p], p, d] += frame.capacity[p] * on_main
            left[p] -= 1
            by_source[:, d] += frame.sources_of(p)
        before = plan
    return frame.organisation(effort, by_source)


def _push(
    rng: np.random.Generator,
    day: int,
    plan: NDArray[np.float64],
    pushes: dict[int, tuple[int, int, NDArray[np.bool_]]],
    people: int,
) -> None:
    """Begin and end the teams' pushes of that day: (objective, last day, whom it takes) by team."""
    things = plan.shape[1]
    for team in range(len(plan)):
        if team not in pushes and rng.random() < PUSH:
            thing, until = int(rng.choice(things, p=plan[team])), day + int(rng.integers(5, 25))
            pushes[team] = (thing, until, rng.random(people) < 0.5)
        elif team in pushes and pushes[team][1] <= day:
            del pushes[team]

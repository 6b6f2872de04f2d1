"""Measurements of a company's key results and outcomes, from two different generators.

`tasks`: a number is a count, so it moves in random steps, some of them backwards. `pool`: it follows a line with autocorrelated
weekly deviations. Most are measured daily, some are entered once a week.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import numpy as np

from pipeline.findings.found import Gauge, Inputs
from pipeline.register.metric import Metric

STEPS = 100
"""Steps of a number on its whole way, of the generator that counts."""
BACK = 1.0
"""Steps a week that go back, and as many more forward."""
SPREAD, STICKS = 0.02, 0.5
"""What a week adds to a number by chance, in parts of its way, and how much of it is left a week later."""
OUTCOME = Metric.model_validate({"checkin": True, "start": 40, "target": 90})


def with_numbers(given: Inputs, seed: int, generator: str, paces: Mapping[str, float]) -> Inputs:
    """The inputs with an outcome behind each objective, and the numbers of all. `paces` are parts of an even pace by key; the
    others go their way at 0.8 to 1.2 of it."""
    rng = np.random.default_rng([seed, 17])
    objectives = tuple(one.model_copy(update={"outcome": OUTCOME}) for one in given.register.objectives)
    register = given.register.model_copy(update={"objectives": objectives})
    keys = [key for one in objectives for key in (one.key, *(below.key for below in one.key_results))]
    drawn = {key: float(rng.uniform(0.8, 1.2)) for key in keys}
    return replace(
        given,
        register=register,
        gauges={key: _gauge(given, rng, generator, paces.get(key, drawn[key])) for key in keys},
    )


def _gauge(given: Inputs, rng: np.random.Generator, generator: str, pace: float) -> Gauge:
    first = given.register.period.start
    whole, count = 7 * 26, 7 * ((given.last - first).days // 7 + 1)
    if generator == "tasks":
        forward = rng.poisson(BACK / 7 + max(0.0, pace) * STEPS / whole, count)
        way = np.cumsum(forward - rng.poisson(BACK / 7, count)) / STEPS
    else:
        sticking = np.zeros(count // 7 + 1)
        for week in range(1, len(sticking)):
            sticking[week] = STICKS * sticking[week - 1] + rng.normal(0, SPREAD)
        days = np.arange(1, count + 1)
        way = pace * days / whole + np.interp(days / 7, np.arange(len(sticking)), sticking)
    start, target = (40.0, 90.0) if rng.random() < 0.5 else (30.0, 5.0)
    weekly = bool(rng.random() < 0.3)
    points = [
        (first + timedelta(days=n), start + float(done) * (target - start))
        for n, done in enumerate(way)
        if n % 7 == 4 or not weekly
    ]
    return Gauge(start, target, points)

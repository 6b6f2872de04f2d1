"""Hand-offs with known truth: two arrival processes of cases, a fall in conformance, and a factor associated with it.

`season`: each day's cases are Poisson, more on Tuesdays than on Fridays, with a seasonal wave over the quarter. `bursts`: cases
come in batches of heavy-tailed size (Pareto, shape 1.8) on random days, and days differ in quality (logit noise of 0.4).
"""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from numpy.typing import NDArray

from pipeline.register.document import parse
from pipeline.steps.case import LATE, Case, Judgement, Outcome
from pipeline.steps.clock import WorkingClock
from pipeline.steps.factors import Seen
from pipeline.steps.report import PathReport, of_judged

FIRST = date(2025, 1, 6)
REGISTER = """\
period: {name: 2025, start: 2025-01-01, end: 2025-12-31}
objectives: [{key: O1, title: Customers start well, priority: 1, key_results: [{key: O1.1, title: In time}]}]
steps:
  - key: handover
    title: From a won deal to operations
    case: {source: hubspot}
    begin: {stage: Won}
    path: [{key: seen, title: Acknowledged, happens: reply, within: 4 hours}]
"""
_WEEKDAYS = np.array([1.1, 1.4, 1.1, 0.9, 0.5]) / 5
Ints = NDArray[np.int64]


def arrivals(way: str, rng: np.random.Generator, a_week: float, weeks: int) -> Ints:
    """Cases by week and working day."""
    if way == "season":
        wave = 1 + 0.2 * np.sin(2 * np.pi * np.arange(weeks) / 13)
        return rng.poisson(a_week * wave[:, None] * _WEEKDAYS)
    found = np.zeros((weeks, 5), dtype=np.int64)
    for week in range(weeks):
        for _ in range(rng.poisson(a_week / 3.2)):
            found[week, rng.integers(5)] += min(60, 1 + int(1.6 * rng.pareto(1.8)))
    return found


def cases(
    way: str,
    rng: np.random.Generator,
    a_week: float,
    weeks: int,
    kept: float,
    *,
    falls_from: int | None = None,
    over: int = 8,
    by: float = 0.15,
    load: float = 0.0,
) -> list[tuple[int, Seen]]:
    """Cases with the week in which they are decided. From week `falls_from` on conformance falls by `by`, over so many weeks;
    on the fullest third of the days it is `load` less."""
    number = arrivals(way, rng, a_week, weeks)
    full = np.quantile(np.repeat(number.ravel(), number.ravel()), 2 / 3)
    found = []
    for week in range(weeks):
        fallen = by * min(1.0, max(0, week - falls_from + 1) / over) if falls_from is not None else 0.0
        for day in range(5):
            count = int(number[week, day])
            p = kept - fallen - (load if count >= full else 0.0)
            if way == "bursts":
                odds = np.log(p / (1 - p)) + rng.normal(0, 0.4)
                p = 1 / (1 + np.exp(-odds))
            when = FIRST + timedelta(weeks=week, days=day)
            for _ in range(count):
                hour = int(rng.integers(8, 18))
                team, kind = f"team {rng.integers(2)}", f"kind {rng.integers(3)}"
                people = frozenset(int(one) for one in rng.integers(9, size=2))
                found.append((week, Seen(bool(rng.random() > p), when, hour, count, team, kind, people)))
    return found


def weekly(made: list[tuple[int, Seen]], weeks: int) -> tuple[list[int], list[int]]:
    """Cases by week, and those as written."""
    number, kept = [0] * weeks, [0] * weeks
    for week, one in made:
        number[week] += 1
        kept[week] += not one.deviated
    return number, kept


def report_of(made: list[tuple[int, Seen]], weeks: int) -> PathReport:
    """What is told of them at the end of the last week."""
    register = parse(REGISTER)
    path = register.paths[0]
    judged = []
    for number, (_, one) in enumerate(made):
        begun = datetime.combine(one.day, time(one.hour), UTC)
        due = begun + timedelta(hours=4)
        at = begun + timedelta(hours=9 if one.deviated else 2)
        outcome = Outcome("seen", (LATE,) if one.deviated else (), at, due, due)
        judged.append(Judgement(Case(number, one.kind), begun, at, (outcome,), team=one.team, people=one.people))
    now = datetime.combine(FIRST + timedelta(weeks=weeks), time(), UTC)
    at_work = {FIRST + timedelta(weeks=n): set(range(9)) for n in range(weeks)}
    return of_judged(path, judged, WorkingClock(register, path), now, 5, at_work)

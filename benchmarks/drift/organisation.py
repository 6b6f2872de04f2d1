"""An organisation's daily effort with a planted event, independent of the product and of the demo's simulator.

People work on tasks that last for days, so weeks are autocorrelated; some work part time; everybody is away sometimes. 39 weeks
of working days, five objectives with priorities 1 to 5, teams of about eight with plans of their own.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

OBJECTIVES = ("O1", "O2", "O3", "O4", "O5")
WEEKS = 39
START = date(2025, 1, 6)
SOURCES = ("jira", "slack", "hubspot")


@dataclass
class Case:
    """What happens. `week` is when; `points` the fall of the company's top share."""

    kind: str = "none"
    people: int = 60
    points: float = 0.0
    week: int = 26
    weeks: int = 0


@dataclass
class Organisation:
    """effort (objectives + none, rows, days), by source, and the truth. `people` says whose each row is."""

    days: list[date]
    teams: list[str]
    effort: NDArray[np.float64]
    by_source: NDArray[np.float64]
    periods: list[tuple[date, dict[str, int]]] = field(default_factory=list)
    team: str = ""
    absorber: str = ""
    start: date | None = None
    people: list[int] = field(default_factory=list)


@dataclass
class Frame:
    """What an organisation is before anybody works: who, when, which plans, and what happens. Shared by all generators of
    effort."""

    case: Case
    rng: np.random.Generator
    days: list[date]
    team_of: NDArray[np.int64]
    plans: NDArray[np.float64]
    capacity: NDArray[np.float64]
    absorber: int
    hit: int
    source_part: NDArray[np.float64]
    away: NDArray[np.bool_]

    @property
    def begin(self) -> int:
        """Position of the event's first day."""
        return self.case.week * 5

    def planned(self, day: int) -> NDArray[np.float64]:
        """Each team's plan on a day."""
        return _planned(self.plans, self.case, day - self.begin, self.hit, self.absorber)

    def sources_of(self, person: int) -> NDArray[np.float64]:
        """A day's effort of somebody by source, draws included."""
        return np.asarray(
            self.capacity[person] * self.source_part[self.team_of[person]] * self.rng.uniform(0.7, 1.3, 3)
        )

    def organisation(self, effort: NDArray[np.float64], by_source: NDArray[np.float64]) -> Organisation:
        """The organisation that worked so. `by_source` is scaled to the effort."""
        begin = self.begin
        if self.case.kind == "outage":
            lost = by_source[2, begin : begin + 5] / by_source[:, begin : begin + 5].sum(0)
            effort[:, :, begin : begin + 5] *= 1 - lost
            by_source[2, begin : begin + 5] = 0
        by_source *= effort.sum((0, 1)) / np.maximum(by_source.sum(0), 1e-9)
        periods = [(START, {key: n for n, key in enumerate(OBJECTIVES, 1)})]
        if self.case.kind == "replan":
            periods.append((self.days[begin], dict(zip(("O4", "O5", "O1", "O2", "O3"), range(1, 6), strict=True))))
        start = self.days[begin] if self.case.kind != "none" else None
        teams, absorber = [f"team{t:02d}" for t in self.team_of], [*OBJECTIVES, ""][self.absorber]
        return Organisation(self.days, teams, effort, by_source, periods, f"team{self.hit:02d}", absorber, start)


def frame(case: Case, rng: np.random.Generator) -> Frame:
    """Draw who is there, their plans, and when they are away."""
    teams = max(1, round(case.people / 8))
    team_of = np.arange(case.people) % teams
    days = [START + timedelta(days=n) for n in range(WEEKS * 7) if (START + timedelta(days=n)).weekday() < 5]
    plans = np.array([_plan(rng) for _ in range(teams)])
    capacity = rng.choice([1.0, 1.0, 1.0, 1.0, 0.8, 0.6], case.people)
    absorber = int(rng.choice([3, 4, 5])) if case.kind in ("step", "ramp") else 5
    hit = int(rng.integers(teams))
    source_part = rng.dirichlet([4, 2, 2], teams)
    return Frame(case, rng, days, team_of, plans, capacity, absorber, hit, source_part, _absence(rng, case, len(days)))


def generate(case: Case, seed: int) -> Organisation:
    """One organisation: everybody has two tasks of some days each from their team's plan."""
    rng = np.random.default_rng(seed)
    its = frame(case, rng)
    effort, by_source = np.zeros((6, case.people, len(its.days))), np.zeros((3, len(its.days)))
    tasks = [[-1, -1] for _ in range(case.people)]
    left = np.zeros((case.people, 2))
    previous = its.plans
    for d in range(len(its.days)):
        plan = its.planned(d)
        for p in range(case.people):
            now, before = plan[its.team_of[p]], previous[its.team_of[p]]
            for slot in range(2):
                task = tasks[p][slot]
                dropped = task >= 0 and now[task] < before[task] and rng.random() < 1 - now[task] / before[task]
                if task < 0 or left[p, slot] <= 0 or dropped:
                    tasks[p][slot] = int(rng.choice(6, p=now))
                    left[p, slot] = rng.lognormal(1.1, 0.6)
            if its.away[p, d]:
                continue
            main = rng.uniform(0.5, 0.9)
            for slot, part in ((0, main), (1, 1 - main)):
                effort[tasks[p][slot], p, d] += part * its.capacity[p]
                left[p, slot] -= part
            by_source[:, d] += its.sources_of(p)
        previous = plan
    return its.organisation(effort, by_source)


def _plan(rng: np.random.Generator) -> NDArray[np.float64]:
    top = rng.uniform(0.5, 0.75)
    plan = np.concatenate([rng.dirichlet([2, 2, 2]) * top, rng.dirichlet([2, 2, 4]) * (1 - top)])
    return np.asarray(plan / plan.sum())


def _planned(plans: NDArray[np.float64], case: Case, since: int, hit: int, absorber: int) -> NDArray[np.float64]:
    if since < 0 or case.kind in ("none", "holiday", "outage"):
        return plans
    plan = plans.copy()
    points = case.points / 100
    if case.kind == "ramp":
        points *= min(1.0, (since + 1) / (case.weeks * 5))
    if case.kind == "dip" and since >= 5:
        return plans
    if case.kind in ("step", "ramp", "dip"):
        for row in plan:
            _shift(row, points, absorber)
    elif case.kind == "team":
        _shift(plan[hit], points, 5)
        for t, row in enumerate(plan):
            if t != hit:
                _shift(row, -points / (len(plan) - 1), 5)
    elif case.kind == "swap":
        for row in plan:
            moved = row[0] * 0.7
            row[0] -= moved
            row[1] += moved
    elif case.kind == "replan":
        for row in plan:
            _shift(row, 0.25, 3)
    return plan


def _shift(row: NDArray[np.float64], points: float, absorber: int) -> None:
    """Take points from the top three (give, where negative) and put them on the absorber."""
    top = row[:3].sum()
    points = min(points, top * 0.98) if points > 0 else -min(-points, row[absorber] * 0.98)
    row[:3] *= 1 - points / top
    row[absorber] += points
    row /= row.sum()


def _absence(rng: np.random.Generator, case: Case, days: int) -> NDArray[np.bool_]:
    away = rng.random((case.people, days)) < 0.02
    for p in range(case.people):
        for _ in range(3):
            start = int(rng.integers(days))
            away[p, start : start + int(rng.choice([3, 5, 5, 10]))] = True
    if case.kind == "holiday":
        begin = case.week * 5
        away[:, begin : begin + 10] |= rng.random((case.people, 1)) < 0.75
    return np.asarray(away)

"""Companies as the findings see them: a register, streams, who worked how much on which, and what each is believed to serve.

Two different generators of effort. `tasks`: everybody works on one or two streams for some days and then draws the next by
weight. `pool`: a team's week is divided among its streams by slowly varying weights, and each person gets a random part of it.
Both have absences, part time, streams that begin and end, and matches that are uncertain or wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np

from models.vocabulary import COMPANY
from pipeline.findings.found import Inputs, StreamFacts
from pipeline.findings.thresholds import thresholds
from pipeline.findings.work import Work
from pipeline.register.document import Register, parse
from pipeline.share.gap import WeekShare

WEEKS = 26
PERIOD_AT = 12
"""The week with which the period begins."""
START = date(2026, 1, 5)
OBJECTIVES = {"O1": 0.2, "O2": 0.17, "O3": 0.14, "O4": 0.12, "O5": 0.1}
"""What each is planned to get, and on average gets, of the company's work; the rest serves none."""
KEY_RESULTS = 3
AT_ONCE = 3
"""Streams of a key result that are worked on at a time."""
WRONG, UNSURE = 0.06, 0.2
"""Part of the streams that are matched wrongly, and of those that are believed with less than two thirds."""


@dataclass
class Stream:
    """A stream of a team. `weight` by week is the part of the team's work that it gets, beside the others' weights; `helped` are
    other teams that work on it, with the weight among their own."""

    id: int
    team: int
    key_result: int | None
    weight: np.ndarray
    helped: dict[int, np.ndarray] = field(default_factory=dict)
    first: int = 0


@dataclass
class Plan:
    """A company before anybody works."""

    rng: np.random.Generator
    register: Register
    teams: list[str]
    people: list[int]
    """Team of each person."""
    streams: list[Stream]
    key_results: list[str]
    seed: int = 0

    def add(self, team: int, key_result: int | None, weight: np.ndarray) -> Stream:
        """One more stream."""
        one = Stream(len(self.streams) + 1, team, key_result, weight)
        worked = np.flatnonzero(weight > 0)
        one.first = int(worked[0]) if len(worked) else 0
        self.streams.append(one)
        return one

    def of_team(self, team: int, *, on: bool | None = None) -> list[Stream]:
        """Streams of a team, only those on a key result or on none where it is asked."""
        return [s for s in self.streams if s.team == team and (on is None or on == (s.key_result is not None))]


def register(teams: int, size: int, *, planned: bool) -> Register:
    """Teams of `size`, five objectives, each key result for one team or two."""
    lines = ["company: Bench", "period:", "  name: Q2", f"  start: {START + PERIOD_AT * timedelta(weeks=1)}"]
    lines += [f"  end: {START + timedelta(weeks=PERIOD_AT + 26, days=-1)}", "teams:"]
    for t in range(teams):
        members = ", ".join(f"p{t}x{n}@bench.example" for n in range(size))
        lines += [f"  - {{key: t{t}, name: Team {t}, members: [{members}]}}"]
    lines.append("objectives:")
    for n, (key, part) in enumerate(OBJECTIVES.items()):
        plan = f", plan: {round(100 * part)} %" if planned else ""
        results = ", ".join(
            f'{{key: {key}.{k + 1}, title: "{key} result {k + 1} of the bench", teams: [t{_owner(n, k, teams)}]}}'
            for k in range(KEY_RESULTS)
        )
        lines.append(f'  - {{key: {key}, title: "Objective {key}", priority: {n + 1}{plan}, key_results: [{results}]}}')
    return parse("\n".join(lines))


def _owner(objective: int, result: int, teams: int) -> int:
    return (objective * KEY_RESULTS + result) % teams


def plan(seed: int, *, teams: int = 7, size: int = 8, planned: bool = True) -> Plan:
    """A clean company: each key result has streams that follow each other, each team small work on none that does so too."""
    rng = np.random.default_rng(seed)
    okr = register(teams, size, planned=planned)
    found = Plan(
        rng, okr, [f"t{t}" for t in range(teams)], [t for t in range(teams) for _ in range(size)], [], [], seed
    )
    found.key_results = [key.key for _, key in okr.key_results()]
    for n, part in enumerate(OBJECTIVES.values()):
        for k in range(KEY_RESULTS):
            team = _owner(n, k, teams)
            for _ in range(AT_ONCE):
                _succession(found, team, n * KEY_RESULTS + k, part / KEY_RESULTS / AT_ONCE * teams, 9)
    on = np.zeros(teams)
    for one in found.streams:
        on[one.team] += one.weight.mean()
    for t in range(teams):
        rest = max(0.15, 1 - on[t])
        for _ in range(6):
            _succession(found, t, None, rest / 6, 5)
    return found


def _succession(company: Plan, team: int, key_result: int | None, weight: float, length: int) -> None:
    """Streams one after the other, overlapping a little, that together get about the weight."""
    at = -int(company.rng.integers(0, length))
    while at < WEEKS:
        lasts = int(company.rng.integers(max(2, length - 3), length + 4))
        span = np.zeros(WEEKS)
        span[max(0, at) : max(0, at + lasts)] = weight * company.rng.uniform(0.85, 1.15)
        if span.sum() > 0:
            company.add(team, key_result, span).first = at
        at += lasts


Effort = Callable[[Plan], np.ndarray]
"""Person-days (people, weeks, streams)."""


def _weights(company: Plan, team: int, week: int) -> np.ndarray:
    found = np.zeros(len(company.streams))
    for n, one in enumerate(company.streams):
        if one.team == team:
            found[n] = one.weight[week]
        elif team in one.helped:
            found[n] = one.helped[team][week]
    return found / found.sum() if found.sum() > 0 else found


def _present(company: Plan) -> np.ndarray:
    """Working days (people, weeks): part time, absence."""
    rng, people = company.rng, len(company.people)
    days = np.full((people, WEEKS), 5.0) * rng.choice([1.0, 1.0, 1.0, 0.8, 0.6], people)[:, None]
    for p in range(people):
        for _ in range(2):
            at = int(rng.integers(0, WEEKS - 2))
            days[p, at : at + int(rng.choice([1, 1, 2]))] *= rng.choice([0.0, 0.4])
    return np.asarray(days)


def tasks(company: Plan) -> np.ndarray:
    """Everybody keeps one or two streams in hand for some days."""
    rng, present = company.rng, _present(company)
    found = np.zeros((len(company.people), WEEKS, len(company.streams)))
    for p, team in enumerate(company.people):
        hand, left = [-1, -1], [0.0, 0.0]
        for week in range(WEEKS):
            weights = _weights(company, team, week)
            if weights.sum() == 0:
                continue
            for _ in range(5):
                main = rng.uniform(0.55, 0.9)
                for slot, amount in ((0, main), (1, 1 - main)):
                    if left[slot] <= 0 or weights[hand[slot]] == 0:
                        hand[slot], left[slot] = (
                            int(rng.choice(len(weights), p=weights)),
                            float(rng.lognormal(1.0, 0.6)),
                        )
                    found[p, week, hand[slot]] += amount * present[p, week] / 5
                    left[slot] -= amount
    return found


def pool(company: Plan) -> np.ndarray:
    """A team's week is shared out by wandering weights; a person gets a draw of it."""
    rng, present = company.rng, _present(company)
    found = np.zeros((len(company.people), WEEKS, len(company.streams)))
    wander = np.zeros(len(company.streams))
    for week in range(WEEKS):
        wander = 0.7 * wander + rng.normal(0, 0.25, len(wander))
        for team in range(len(company.teams)):
            weights = _weights(company, team, week) * np.exp(wander)
            if weights.sum() == 0:
                continue
            weights /= weights.sum()
            for p in (p for p, of in enumerate(company.people) if of == team):
                draw = rng.gamma(np.maximum(4 * weights, 1e-9))
                draw[weights == 0] = 0
                found[p, week] = present[p, week] * draw / max(draw.sum(), 1e-12)
    return found


GENERATORS: dict[str, Effort] = {"tasks": tasks, "pool": pool}


def beliefs(company: Plan) -> np.ndarray:
    """What each stream is believed to serve (streams, key results and none), the truth with errors."""
    rng, count = company.rng, len(company.key_results)
    table = np.zeros((len(company.streams), count + 1))
    for n, one in enumerate(company.streams):
        true = count if one.key_result is None else one.key_result
        said = int(rng.integers(0, count + 1)) if rng.random() < WRONG else true
        p = rng.uniform(0.5, 0.67) if rng.random() < UNSURE else rng.uniform(0.8, 0.99)
        other = rng.dirichlet(np.full(count + 1, 0.3)) * (1 - p)
        table[n] = other
        table[n, said] += p
    return table


def inputs(company: Plan, generator: str, *, size: str = "500") -> Inputs:
    """What the findings would read of it at the end of its last week."""
    effort = GENERATORS[generator](company)
    serves = beliefs(company)
    person, week, stream = np.nonzero(effort)
    weeks = tuple(START + timedelta(weeks=n) for n in range(WEEKS))
    days = effort[person, week, stream]
    work = Work(
        weeks,
        tuple(company.teams),
        tuple(company.key_results),
        person.astype(np.int64),
        np.array(company.people, dtype=np.int64)[person],
        week.astype(np.int64),
        np.array([one.id for one in company.streams], dtype=np.int64)[stream],
        days[:, None] * serves[stream],
    )
    facts = {
        one.id: StreamFacts(START + timedelta(weeks=one.first), weeks[-1], (one.id * 10, one.id * 10 + 1))
        for one in company.streams
    }
    last = weeks[-1] + timedelta(days=6)
    plans = [(company.register.period.start, company.register)]
    given = Inputs(last, company.register, work, facts, 5, thresholds(size, 0, {}), plans)
    return replace(given, shares=shares(given))


def shares(given: Inputs) -> dict[str, dict[str, list[WeekShare]]]:
    """Weekly shares as the product would keep them, with intervals of the usual width."""
    of = given.register.objective_of()
    found: dict[str, dict[str, list[WeekShare]]] = {}
    for scope in given.scopes:
        work = given.work.of(scope)
        total = work.by_week()
        half = 0.08 if scope == COMPANY else 0.14
        for key in [*OBJECTIVES, ""]:
            columns = [n for n, name in enumerate(given.work.key_results) if of[name] == key]
            amounts = work.served[:, columns].sum(1) if key else work.off
            part = work.by_week(amounts) / np.maximum(total, 1e-9)
            found.setdefault(scope, {})[key] = [
                WeekShare(week, float(s), max(0.0, float(s) - half), min(1.0, float(s) + half), float(t))
                for week, s, t in zip(given.work.weeks, part, total, strict=True)
                if t > 0
            ]
    return found

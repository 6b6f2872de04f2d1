"""The detector's table: how often it raises what, on organisations with and without an event.

python -m benchmarks.drift.run [--runs 100] [--first 0] [--case NAME] [--generator tasks|bursts] [--company] [--jobs N]

`--company` omits teams and shifts, which is five times as fast. `--first` is the first seed: thresholds were chosen on seeds from
1000 and 5000 on; docs/drift.md reports other seeds.

Changes of people are applied to an organisation with spare rows; in `still-60` and `still-fall-20-60` nothing happens to the same
organisation. If named before the others, these serve as controls, seed by seed: in how many runs there is an additional drift,
and by how much fewer falls are found. In `fewer`, the people who are on leave in `leave` never existed: the limit for so few
people.
"""

import argparse
import os
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from benchmarks.drift import bursts, organisation
from benchmarks.drift.churn import Churn, churned, with_spare
from benchmarks.drift.organisation import OBJECTIVES, SOURCES, START, WEEKS, Case
from models.vocabulary import COMPANY
from pipeline.drift.detector import Detector, Event
from pipeline.drift.observations import Observations, Priorities

CASES: dict[str, Case] = {
    "none-12": Case(people=12),
    "none-60": Case(people=60),
    "none-400": Case(people=400),
    "fall-15-60": Case("step", 60, 15),
    "fall-20-60": Case("step", 60, 20),
    "fall-30-60": Case("step", 60, 30),
    "fall-10-400": Case("step", 400, 10),
    "fall-20-12": Case("step", 12, 20),
    "ramp-20-60": Case("ramp", 60, 20, weeks=6),
    "team-50-60": Case("team", 60, 50),
    "swap-60": Case("swap", 60),
    "replan-60": Case("replan", 60),
    "holiday-60": Case("holiday", 60),
    "outage-60": Case("outage", 60),
    "dip-60": Case("dip", 60, 25),
    "still-60": Case(people=60),
    "still-fall-20-60": Case("step", 60, 20),
    "churn-60": Case(people=60),
    "churn-fall-20-60": Case("step", 60, 20),
    "leave-60": Case(people=60),
    "fewer-60": Case(people=60),
    "hired-60": Case(people=60),
    "gone-60": Case(people=60),
    "leave-fall-20-60": Case("step", 60, 20),
    "fewer-fall-20-60": Case("step", 60, 20),
    "hired-fall-20-60": Case("step", 60, 20),
    "gone-fall-20-60": Case("step", 60, 20),
    "renamed-60": Case(people=60),
    "renamed-fall-20-60": Case("step", 60, 20),
}
GENERATORS = {"tasks": organisation.generate, "bursts": bursts.generate}
_ON_A_DAY = {
    "leave": Churn(0, 0, 0, leave=0.3),
    "fewer": Churn(0, 0, 0, leave=0.3, never_there=True),
    "hired": Churn(0, 0, 0, hired=0.25),
    "gone": Churn(0, 0, 0, ended=True),
    "renamed": Churn(0, 0, 0, renamed=True),
    "still": Churn(0, 0, 0),
}
CHURN = {
    "churn-60": Churn(),
    "churn-fall-20-60": Churn(),
    **{f"{name}-{rest}": churn for name, churn in _ON_A_DAY.items() for rest in ("60", "fall-20-60")},
}
"""What happens to the people beside."""
STILL = {"none": "still-60", "step": "still-fall-20-60"}
"""What a case with churn is held against, by its kind."""
AT_ONCE = ("none-60", "still-60", "leave-60", "hired-60", "gone-60", "renamed-60")
"""Cases of which the same six weeks are compared: of something that happens on one day, and of nothing."""


@dataclass
class Result:
    """What one run said."""

    case: str
    events: list[Event]
    start: Any
    team: str
    absorber: str


@dataclass(frozen=True, slots=True)
class Job:
    """One run. `company` leaves teams and shifts out."""

    name: str
    seed: int
    generator: str = "tasks"
    company: bool = False


class CompanyOnly(Detector):
    """A detector that leaves teams and shifts out; what it says of the company is the same."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.scopes = {COMPANY: self.scopes[COMPANY]}

    def _shifts(self, begin: int, now: Priorities, position: int) -> list[Event]:
        return []


def one(job: Job) -> Result:
    """One organisation through the detector."""
    case, generate = CASES[job.name], GENERATORS[job.generator]
    if job.name in CHURN:
        o = churned(generate(with_spare(case), job.seed), case.people, CHURN[job.name], job.seed)
    else:
        o = generate(case, job.seed)
    seen = Observations(o.days, OBJECTIVES, o.teams, o.effort, SOURCES, o.by_source, people=o.people)
    kind = CompanyOnly if job.company else Detector
    events = kind(seen, [Priorities(start, rank) for start, rank in o.periods]).run()
    return Result(job.name, events, o.start, o.team, o.absorber)


def _company(r: Result) -> list[Event]:
    return [e for e in r.events if e.kind == "drift" and e.scope == COMPANY]


def _hit(r: Result, weeks: int) -> bool:
    return any(r.start <= e.at <= r.start + timedelta(weeks=weeks) for e in _company(r))


def report(name: str, results: list[Result]) -> str:
    """One line of the table."""
    kind = CASES[name].kind
    if kind == "none":
        said = _false_alarms(results) + (_after_it(results) if name in AT_ONCE else "")
    elif kind in ("step", "ramp"):
        said = _found(results)
    elif kind == "team":
        said = _teams_named(results)
    else:
        said = _after_an_event(results)
    return f"{name:12} {len(results)} runs: {said}"


def _false_alarms(results: list[Result]) -> str:
    years = len(results) * (WEEKS / 52)
    company = sum(len(_company(r)) for r in results)
    teams = sum(e.kind == "drift" and e.scope != COMPANY for r in results for e in r.events)
    return f"company {company / years:.2f} a year, teams {teams / years:.2f} a year"


def _soon_after(r: Result) -> list[Event]:
    """Company drifts in the six weeks after what happens to the people at two thirds of the time."""
    days = [START + timedelta(days=n) for n in range(WEEKS * 7)]
    days = [day for day in days if day.weekday() < 5]
    begin = days[len(days) * 2 // 3]
    return [e for e in _company(r) if begin <= e.at <= begin + timedelta(weeks=6)]


def _beside(name: str, results: list[Result], still: list[Result]) -> str:
    """The same seeds with and without what happens to the people."""
    if CASES[name].kind == "none":
        more = [bool(_soon_after(r)) > bool(_soon_after(s)) for r, s in zip(results, still, strict=True)]
        return f"; a drift in these that there is not where nothing happens {np.mean(more):.0%}"
    fewer = (sum(_hit(s, w) - _hit(r, w) for r, s in zip(results, still, strict=True)) for w in (2, 4, 8))
    return "; found less often than where nothing happens, points: " + ", ".join(
        f"{w} w {100 * less / len(results):.0f}" for w, less in zip((2, 4, 8), fewer, strict=True)
    )


def _after_it(results: list[Result]) -> str:
    """What is said in the six weeks after it."""
    after = [_soon_after(r) for r in results]
    quiet, not_loud = np.mean([not es for es in after]), np.mean([all(e.severity == "low" for e in es) for es in after])
    return f"; in the six weeks after it no company drift {quiet:.0%}, none above low {not_loud:.0%}"


def _found(results: list[Result]) -> str:
    """How soon the shift was told, and how well it was described."""
    within = ", ".join(f"{w} w {sum(_hit(r, w) for r in results) / len(results):.0%}" for w in (2, 4, 8))
    told = [(r, next(e for e in _company(r) if e.at >= r.start)) for r in results if _hit(r, 8)]
    if not told:
        return within
    early = sum(any(e.at < r.start for e in _company(r)) for r in results)
    starts = np.array([abs((e.start - r.start).days) for r, e in told])
    inside = np.mean([e.start_low <= r.start <= e.start_high for r, e in told])
    first = np.mean([e.absorbed_by[0][0] == r.absorber for r, e in told])
    above_low = sum(e.severity != "low" for _, e in told) / max(1, len(told))
    sums = [abs(sum(p for _, p in e.absorbed_by) - 100 * (e.before - e.after)) for _, e in told]
    return (
        f"{within}; start median {np.median(starts):.0f} d, within 14 d {np.mean(starts <= 14):.0%}, inside its interval "
        f"{inside:.0%}, absorber first {first:.0%}, sum off by {max(sums):.2f}, alarms before {early}, "
        f"above low at once {above_low:.0%}"
    )


def _teams_named(results: list[Result]) -> str:
    hit = [
        any(
            e.scope == r.team and e.kind == "drift" and r.start <= e.at <= r.start + timedelta(weeks=4)
            for e in r.events
        )
        for r in results
    ]
    return f"team named in 4 w {np.mean(hit):.0%}"


def _after_an_event(results: list[Result]) -> str:
    """What is said of an event that is no drift."""
    # Six weeks: later, ordinary false alarms would be counted as the event's.
    until = timedelta(weeks=6)
    after = [[e for e in r.events if r.start <= e.at <= r.start + until] for r in results]
    drift = np.mean([any(e.kind == "drift" for e in es) for es in after])
    whole = np.mean([any(e.kind == "drift" and e.scope == COMPANY for e in es) for es in after])
    loud = np.mean([any(e.kind == "drift" and e.severity != "low" for e in es) for es in after])
    kinds: dict[str, int] = defaultdict(int)
    for es in after:
        for kind in {e.kind for e in es}:
            kinds[kind] += 1
    return (
        f"no company drift {1 - whole:.0%}, no drift at all {1 - drift:.0%}, nothing above low {1 - loud:.0%}, "
        f"kinds {dict(kinds)}"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--case", action="append", choices=sorted(CASES))
    parser.add_argument("--generator", choices=sorted(GENERATORS), default="tasks")
    parser.add_argument("--company", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    given = parser.parse_args()
    still: dict[str, list[Result]] = {}
    with ProcessPoolExecutor(given.jobs) as pool:
        for name in given.case or CASES:
            jobs = [
                Job(name, seed, given.generator, given.company) for seed in range(given.first, given.first + given.runs)
            ]
            results = list(pool.map(one, jobs, chunksize=4))
            beside = STILL[CASES[name].kind] if name in CHURN else ""
            if name == beside:
                still[name] = results
            print(
                report(name, results) + (_beside(name, results, still[beside]) if beside in still else ""), flush=True
            )


if __name__ == "__main__":
    main()

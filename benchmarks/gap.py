"""Power and false alarm rate of the gap finding on simulated companies.

    python -m benchmarks.gap --runs 200 --first 200

Companies of 60 people (benchmarks/drift/organisation.py, 39 weeks, nothing planted) in three periods of 13 weeks, with plans for
all five objectives. On plan: each plan equals the objective's true share over the period. Off plan: the plan of the largest
objective is a given number of points higher from the first day. The measured share is the true share plus the errors that the
interval assumes: one systematic error of the company (match and effort, smaller after answers), one per week, and one per person
and week. The rule is the product's (pipeline/drift/gaps.py). Errors of single trees, and dilution of shares far from one half,
are left out.
"""

import argparse
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from benchmarks.drift.organisation import OBJECTIVES, START, WEEKS, Case, generate
from pipeline.drift.gaps import judge
from pipeline.drift.history import DriftSettings
from pipeline.share.audit import OF_ONE
from pipeline.share.estimate import MISPLACED, Z90
from pipeline.share.gap import Followed, WeekShare
from pipeline.share.prior import company_prior

Array = NDArray[np.float64]
PERIOD = 13
ANSWERS, POINTS, GAPS = (0, 30, 300), (10, 5, 4, 3), (15, 20, 25)


def weekly_truth(seed: int) -> tuple[Array, Array]:
    """True shares (objectives, weeks), and the error of one person's week that is in each week's share, as a deviation."""
    effort = generate(Case(), seed).effort
    by_week = effort.reshape(*effort.shape[:2], WEEKS, 5).sum(3)
    people = by_week.sum(0)
    total = people.sum(0)
    return by_week[: len(OBJECTIVES)].sum(1) / total, MISPLACED * np.sqrt(((people / total) ** 2).sum(0))


def told(read: Array, deviation: Array, plan: float, settings: DriftSettings) -> int | None:
    """The whole week, counted from one, at whose end the gap is told; None where it is not within the period."""
    rows = [
        WeekShare(
            START + timedelta(weeks=n), float(s), max(0.0, float(s - Z90 * d)), min(1.0, float(s + Z90 * d)), 300.0
        )
        for n, (s, d) in enumerate(zip(read, deviation, strict=True))
    ]
    for n in range(1, len(rows) + 1):
        found = judge(Followed("company", "O1", plan, START, tuple(rows[:n])), settings)
        if found is not None and found.surely_larger:
            return n
    return None


def main() -> None:
    """Print a line for each number of answers and size that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="seed of the first company")
    given = parser.parse_args()
    worlds = [weekly_truth(seed) for seed in range(given.first, given.first + given.runs)]
    prior = company_prior()
    for answers in ANSWERS:
        level = OF_ONE * np.hypot(prior.match_level * prior.left(answers), prior.effort_level)
        alone = OF_ONE * prior.week
        for points in POINTS:
            settings = DriftSettings(gap_points=points / 100)
            rng = np.random.default_rng([given.first, 1])
            hits: dict[tuple[int, int], list[bool]] = {}
            false = 0
            for truth, misplaced in worlds:
                bias = rng.normal(0, level, len(OBJECTIVES))
                noise = rng.normal(0, 1, truth.shape) * np.hypot(alone, misplaced)
                read = np.clip(truth + bias[:, None] + noise, 0, 1)
                deviation = np.sqrt(level**2 + alone**2 + misplaced**2)
                for first in range(0, WEEKS, PERIOD):
                    span = slice(first, first + PERIOD)
                    on = truth[:, span].mean(1)
                    false += sum(
                        told(read[k, span], deviation[span], float(on[k]), settings) is not None for k in range(len(on))
                    )
                    largest = int(on.argmax())
                    for gap in GAPS:
                        week = told(read[largest, span], deviation[span], float(on[largest]) + gap / 100, settings)
                        for until in (4, 8):
                            hits.setdefault((gap, until), []).append(week is not None and week <= until)
            shown = ", ".join(f"{g} points {np.mean(hits[g, 4]):.0%} ({np.mean(hits[g, 8]):.0%})" for g in GAPS)
            years = given.runs * WEEKS / 52
            print(
                f"answers {answers:3}, gap_points {points:2}: told within four (eight) weeks: {shown}; on plan, false a year "
                f"{false / years:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()

"""How soon a softening is found, at which false-finding rate; and whether the day's load is named where it was planted.

python -m benchmarks.steps.softening [--runs 40] [--first 0]

The results are printed next to the product's own prediction for a step with as many cases (pipeline/steps/power.py).
"""

import argparse
from collections.abc import Callable

import numpy as np

from benchmarks.steps.handoffs import cases, weekly
from pipeline.steps.factors import goes_with
from pipeline.steps.power import PAST, found_by_week
from pipeline.steps.softening import excess_of, softenings

WAYS, VOLUMES, KEPT = ("season", "bursts"), (20, 40, 100), (0.9, 0.8)
KNOWN, YEAR, AHEAD = 26, 52, 36
"""Weeks before a year without an event is counted, its length, and weeks before a fall begins."""
LOOKED_AT = 26


def false_findings(way: str, a_week: int, kept: float, runs: range) -> float:
    """Findings a step and year where nothing changes."""
    found = 0
    for seed in runs:
        number, good = weekly(cases(way, np.random.default_rng(seed), a_week, KNOWN + YEAR, kept), KNOWN + YEAR)
        found += sum(one.found >= KNOWN for one in softenings(number, good))
    return found / len(runs)


def found_within(way: str, a_week: int, kept: float, runs: range, over: int) -> list[float]:
    """Part of the falls of 15 points over so many weeks that is found within five, eight and ten weeks of their first week."""
    weeks = AHEAD + 10
    hits = np.zeros(3)
    for seed in runs:
        made = cases(way, np.random.default_rng(1000 + seed), a_week, weeks, kept, falls_from=AHEAD, over=over)
        found = [one for one in softenings(*weekly(made, weeks)) if one.ended is None or one.ended >= AHEAD]
        # One that chance had opened before the fall and that is open in it counts as found when the fall begins.
        hits += [any(one.found < AHEAD + within for one in found) for within in (5, 8, 10)]
    return list(hits / len(runs))


def said_within(way: str, a_week: int, kept: float, runs: range) -> list[float]:
    """What the product says of a step with so many cases: part found within five, eight and ten weeks."""
    found: list[list[float]] = []
    for seed in runs:
        number, good = weekly(cases(way, np.random.default_rng(1000 + seed), a_week, AHEAD, kept), AHEAD)
        n, k = np.array(number[-PAST:], dtype=float), np.array(good[-PAST:], dtype=float)
        part = found_by_week(float(n.mean()), float(k.sum() / n.sum()), excess_of(n, k), AHEAD)
        found.append([float(part[within - 1]) for within in (5, 8, 10)])
    return list(np.mean(found, axis=0))


def named(way: str, a_week: int, kept: float, runs: range, load: float) -> tuple[float, float]:
    """How often the load is named, and how often anything else is, in half a year of cases."""
    loads = others = 0
    for seed in runs:
        made = cases(way, np.random.default_rng(2000 + seed), a_week, LOOKED_AT, kept, load=load)
        names = {one.name for one in goes_with({"seen": [one for _, one in made]}, 5)}
        loads += "load" in names
        others += bool(names - {"load"})
    return loads / len(runs), others / len(runs)


def table(head: list[str], row: Callable[[str, int, float], list[float]], form: str) -> None:
    """Print a row for each way, volume and level, and the mean of all."""
    print("\n| cases arrive as | a week | as written | " + " | ".join(head) + " |\n|" + " --- |" * (3 + len(head)))
    rows = []
    for way in WAYS:
        for a_week in VOLUMES:
            for kept in KEPT:
                rows.append(row(way, a_week, kept))
                said = " | ".join(format(value, form) for value in rows[-1])
                print(f"| {way} | {a_week} | {kept:.0%} | {said} |", flush=True)
    print("| all | | | " + " | ".join(format(float(value), form) for value in np.mean(rows, axis=0)) + " |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--first", type=int, default=0, help="first seed")
    given = parser.parse_args()
    runs = range(given.first, given.first + given.runs)
    table(["false findings a step and year"], lambda *cell: [false_findings(*cell, runs)], ".2f")
    table(["15 points over 8 weeks: in 5 weeks", "in 8", "in 10"], lambda *cell: found_within(*cell, runs, 8), ".0%")
    table(["what the product says of it: in 5 weeks", "in 8", "in 10"], lambda *cell: said_within(*cell, runs), ".0%")
    table(["15 points at once: in 5 weeks", "in 8", "in 10"], lambda *cell: found_within(*cell, runs, 1), ".0%")
    table(["load planted (20 points): load named", "anything else"], lambda *cell: list(named(*cell, runs, 0.2)), ".0%")
    table(["nothing planted: load named", "anything else"], lambda *cell: list(named(*cell, runs, 0.0)), ".0%")

"""Effort estimated by DX's rule, LinearB's rule and the product, compared with true person-days; one table by style.

    python -m benchmarks.effort [--seeds 2] [--shared FOLDER --labelled FOLDER...] [--cesaw CLONE] [--sip CLONE] [--fit]

For each style in styles.py, weights are fitted on the other styles (in folds) and evaluated on separate seeds. Data given by
folder are evaluated with the shipped weights, which have seen none of them except, with `--fit`, the CESAW projects outside the
evaluation. `--fit` fits the shipped weights again and writes pipeline/effort/weights/effort.json. judge.Figures explains the
figures.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.effort.desk import company
from benchmarks.effort.fit import Known, fit, known
from benchmarks.effort.judge import Figures, judge
from benchmarks.effort.product import estimate
from benchmarks.effort.real import cesaw, sip
from benchmarks.effort.rows import Company
from benchmarks.effort.rules import dx, linearb_state, linearb_touched
from benchmarks.effort.shared_world import world
from benchmarks.effort.styles import STYLES
from pipeline.effort.evidence import ITEM, NONE
from pipeline.effort.likelihood import Weights

FOLDS = 6
FIT_SEEDS, PART = (11, 12), 0.4
STATES_COUNT = 2.0
"""Days of the styles with states alone weigh more in the fit, since all their evidence lies in a few traces."""
JUDGED = ("180", "181", "456", "614", "617")
"""CESAW projects that are never fitted on."""
_FILE = Path(__file__).parents[2] / "pipeline/effort/weights/effort.json"
_HEAD = "| style | " + " | ".join(f"{name}: week, month, corr., seen" for name in ("DX", "LinearB", "ours")) + " |"


def learned(styles: Iterable[str], seeds: Sequence[int], part: float) -> Iterator[Known]:
    """Samples of companies of these styles."""
    for name in styles:
        for seed in seeds:
            yield known(company(name, seed), part, seed, STATES_COUNT if "states only" in name else 1.0)


def fit_all(clone: Path | None) -> Weights:
    """The weights to ship: all styles, and the real projects that are not judged."""
    days = list(learned(STYLES, FIT_SEEDS, PART))
    if clone is not None:
        days += [
            known(one, 0.3, 1, 0.5, absences=False)
            for stories in (False, True)
            for one in cesaw(clone, stories)
            if one.name.split()[1] not in (*JUDGED, "615")
        ]
    found = fit(days)
    text = {
        "item": {str(name): round(float(value), 3) for name, value in zip(ITEM, found.item, strict=True)},
        "none": {name: round(float(value), 3) for name, value in zip(NONE, found.none, strict=True)},
    }
    _FILE.write_text(json.dumps(text, indent=1) + "\n")
    Weights.shipped.cache_clear()
    return Weights.shipped()


def by_style(seeds: Sequence[int]) -> Iterator[tuple[str, list[Company], Weights]]:
    """Companies of each style, with weights that were fitted on the styles of other folds."""
    names = list(STYLES)
    data = {name: list(learned([name], FIT_SEEDS[:1], PART)) for name in names}
    for fold in range(FOLDS):
        held_out = names[fold::FOLDS]
        weights = fit([one for name in names if name not in held_out for one in data[name]])
        for name in held_out:
            yield name, [company(name, seed) for seed in seeds], weights


def given(options: argparse.Namespace) -> Iterator[tuple[str, list[Company], Weights]]:
    """Companies by folder."""
    for folder in options.labelled:
        for style in ("plain", "tidy", "logged"):
            one = world(options.shared, folder, style)
            yield one.name, [one], Weights.shipped()
    if options.sip:
        for first in (2005, 2007):
            for due in (True, False):
                one = sip(options.sip, first, due=due)
                yield one.name, [one], Weights.shipped()
    if options.cesaw:
        for stories in (False, True):
            for one in cesaw(options.cesaw, stories):
                if one.name.split()[1] in JUDGED:
                    yield one.name, [one], Weights.shipped()


def line(name: str, companies: Sequence[Company], weights: Weights) -> tuple[str, Mapping[str, Figures]]:
    """A row of the table: means over the companies; of LinearB's two readings the one with the smaller weekly error."""
    rules = {"DX": dx, "state": linearb_state, "touched": linearb_touched, "ours": lambda c: estimate(c, weights)}
    means = {rule: _mean([judge(one, how(one)) for one in companies]) for rule, how in rules.items()}
    linearb = min(means["state"], means["touched"], key=lambda f: f.week)
    shown = (means["DX"], linearb, means["ours"])
    cells = " | ".join(f"{f.week:.1f}, {f.month:.1f}, {f.correlation:.2f}, {f.seen:.2f}" for f in shown)
    return f"| {name} | {cells} |", {"DX": means["DX"], "LinearB": linearb, "ours": means["ours"]}


def _mean(rows: Sequence[Figures]) -> Figures:
    values = [[f.week, f.month, f.correlation, f.seen, f.hours, f.fall] for f in rows]
    return Figures(*map(float, np.nanmean(values, axis=0))) if len(values) > 1 else rows[0]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--shared", type=Path)
    parser.add_argument("--labelled", type=Path, nargs="*", default=[])
    parser.add_argument("--cesaw", type=Path)
    parser.add_argument("--sip", type=Path)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    if options.fit:
        fit_all(options.cesaw)
    print(_HEAD, "|" + " --- |" * 4, sep="\n")
    means: dict[str, list[Figures]] = {}
    for rows in (given(options), by_style(range(1, options.seeds + 1)) if options.seeds else ()):
        for name, companies, weights in rows:
            text, figures = line(name, companies, weights)
            print(text, flush=True)
            for rule, one in figures.items():
                means.setdefault(rule, []).append(one)
    for rule, all_of_it in means.items():
        mean = _mean(all_of_it)
        print(f"mean of {rule}: week {mean.week:.1f}, month {mean.month:.1f}, correlation {mean.correlation:.2f}")


if __name__ == "__main__":
    main()

"""How much answers help, and whether they ever hurt: figures on items that were not asked about, without and with the answers.

    python -m benchmarks.ask COMPANY... --keep FOLDER [--draws 20] [--jobs N]

Weights are fitted without the company under test; answers come from its true labels. For each number of answers, some sets are
drawn at random and others chosen by the product, each time from a new random four fifths of the items, so that no two draws are
the same.

Each line gives the number of answers and how they were chosen; then, for log loss and macro-F1 of the other items, and for the
expected share of the top priorities among all items (error in points): the mean without the answers, the mean with them, and the
proportion of draws in which it is no worse. The last line of each group covers all companies.
FOLDER keeps weights and vectors for the next run.
"""

import argparse
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

from benchmarks.fit_fusion import Company
from benchmarks.worlds.leftout import fit_without, kept_weights
from benchmarks.worlds.product import CachedEncoder
from pipeline.match.active_learning import worth_asking

COUNTS = (5, 10, 20, 40, 60)
POOL = 0.8
WORSE = {"log loss": 0.01, "macro-F1": -0.01, "top share": 0.5}
"""What is taken for no worse: differences that nobody would see."""
FLOOR = 1e-3
Figures = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Draw:
    """One draw: figures on what was not asked, before and after."""

    company: str
    count: int
    way: str
    before: Figures
    after: Figures


def figures(company: Company, found: NDArray[np.float32], rows: NDArray[np.int64]) -> dict[str, float]:
    """Of these items that were not asked about; the share of all items."""
    of, top = company.register.objective_of(), company.register.top()
    in_top = np.array([of[key] in top for key in company.matcher.keys] + [False])
    off = float(found[:, in_top].sum() / len(found) - in_top[company.true].mean())
    true, found = company.true[rows], found[rows]
    chosen = np.clip(found[np.arange(len(rows)), true], FLOOR, 1)
    labels = range(len(in_top))
    return {
        "log loss": float(-np.log(chosen).mean()),
        "macro-F1": float(f1_score(true, found.argmax(1), labels=labels, average="macro", zero_division=0)),
        "top share": 100 * abs(off),
    }


def no_worse(name: str, draw: Draw) -> bool:
    """Return True if the answers did not hurt."""
    change, room = draw.after[name] - draw.before[name], WORSE[name]
    return change >= room if room < 0 else change <= room


def draws_of(folder: Path, keep: Path, draws: int) -> list[Draw]:
    """All draws of a company."""
    company = Company(folder, CachedEncoder(keep / "vectors.sqlite"))
    weights = kept_weights(keep, folder.name, alone=company.matcher.alone)
    gold = {row["id"]: row["key_result"] for row in company.gold}
    before, _ = company.matcher.probabilities(weights=weights)
    ids = [item.id for item in company.matcher.items]
    place = {id_: n for n, id_ in enumerate(ids)}
    done = []
    for seed in range(draws):
        draw = np.random.default_rng(seed)
        out = {ids[i] for i in draw.choice(len(ids), round((1 - POOL) * len(ids)), replace=False)}
        asked = worth_asking(company.matcher, before, max(COUNTS), out)
        drawn = [ids[i] for i in draw.choice(len(ids), max(COUNTS), replace=False)]
        for way, chosen in (("asked", asked), ("random", drawn)):
            for count in COUNTS:
                labels = {id_: gold[id_] for id_ in chosen[:count]}
                left = np.array(sorted(set(range(len(ids))) - {place[id_] for id_ in labels}))
                after, _ = company.matcher.probabilities(labels, weights)
                both = (figures(company, found, left) for found in (before, after))
                done.append(Draw(company.name, count, way, *both))
    return done


def line(name: str, some: list[Draw]) -> str:
    """The draws of one number of answers and one way."""
    parts = []
    for figure in WORSE:
        before, after = (np.mean([getattr(one, when)[figure] for one in some]) for when in ("before", "after"))
        kept = np.mean([no_worse(figure, one) for one in some])
        parts.append(f"{figure} {before:6.3f} -> {after:6.3f} no worse in {kept:4.0%}")
    return f"{name:12} {some[0].count:3d} {some[0].way:6}  " + "   ".join(parts)


def lines(done: Iterable[Draw]) -> list[str]:
    """A line for each company, number and way, and one of all companies."""
    groups: dict[tuple[int, str, str], list[Draw]] = defaultdict(list)
    for one in done:
        for name in (one.company, "~all"):
            groups[one.count, one.way, name].append(one)
    return [line(name.removeprefix("~"), groups[count, way, name]) for count, way, name in sorted(groups)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--shared", type=Path, help="a folder with another author's world.py, for the weights")
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    given = parser.parse_args()
    given.keep.mkdir(parents=True, exist_ok=True)
    fit_without(given.folders, given.keep, given.shared)
    size = len(given.folders)
    with ProcessPoolExecutor(given.jobs) as pool:
        some = pool.map(draws_of, given.folders, [given.keep] * size, [given.draws] * size)
        print("\n".join(lines(draw for draws in some for draw in draws)))


if __name__ == "__main__":
    main()

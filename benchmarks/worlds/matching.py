"""The match's own error in the wind tunnel, before and after answers, with weights fitted without the company under test.

    python -m benchmarks.worlds.matching COMPANY... --keep FOLDER [--shared FOLDER]

One world per company, each in a different style, twelve weeks, with a planted fall of 20 points; prints the table in
docs/matching.md. Effort x belief is compared with effort x true labels, so errors of effort do not count. The product's questions
are answered truthfully.
"""

import argparse
import pickle
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.worlds import habits, office, shared
from benchmarks.worlds.built import build
from benchmarks.worlds.labelled import read_labelled
from benchmarks.worlds.leftout import fit_without, kept_weights
from benchmarks.worlds.product import CachedEncoder, Opened
from pipeline.feedback.asking import most_telling
from pipeline.match.matcher import Matcher

ANSWERS = (0, 10, 40)
WEEKS, EVENT_WEEK, TEAM_SIZE = 12, 8, (3, 6)
STYLES = (*habits.STYLES, "shared-plain", "shared-tidy", "shared-logged")


def prepared(folder: Path, style: str, keep: Path, given: Path | None, encoder: CachedEncoder) -> dict[str, Any]:
    """Items, vectors, effort and labels of a world; kept for another run."""
    file = keep / f"match-{folder.name}-{style}.pickle"
    if not file.exists():
        world = build(folder, read_labelled(folder), style, "fall20", 1, given)
        opened = Opened(file.with_suffix(".db"), world, encoder)
        file.write_bytes(pickle.dumps(opened.prepared()))
        opened.close()
    return dict(pickle.loads(file.read_bytes()))  # noqa: S301 - written above


def judge(data: dict[str, Any], matcher: Matcher, found: NDArray[np.float32]) -> dict[str, float]:
    """Error of the weekly top share and its sign, the fall in truth and belief, log loss and accuracy by effort."""
    top, true = top_of(data, matcher), true_of(data, matcher)
    effort: NDArray[np.float64] = data["effort"]
    worked = effort.sum(0) > 0
    weeks = np.array(data["weeks"])[worked]
    whole = effort.sum(0)[worked]
    belief = (effort.T @ found[:, top].sum(1))[worked] / whole
    gold = (effort.T @ top[true].astype(float))[worked] / whole
    before = weeks < data["event_at"]
    weight = effort.sum(1) / effort.sum()
    right, sure = found.argmax(1) == true, found.max(1) >= 0.9
    chosen = found[np.arange(len(true)), true]
    return {
        "error": 100 * float(np.abs(belief - gold).mean()),
        "mean": 100 * float((belief - gold).mean()),
        "fall": float(gold[before].mean() - gold[~before].mean()),
        "kept": float(belief[before].mean() - belief[~before].mean()),
        "log_loss": float(-(weight * np.log(np.clip(chosen, 1e-3, 1))).sum()),
        "right": float((weight * right).sum()),
        "right_at_90": float(right[sure].mean()) if sure.any() else float("nan"),
    }


def top_of(data: dict[str, Any], matcher: Matcher) -> NDArray[np.bool_]:
    """Whether each answer is a top priority; the last is none."""
    of, top = data["register"].objective_of(), data["register"].top()
    return np.array([of[key] in top for key in matcher.keys] + [False])


def true_of(data: dict[str, Any], matcher: Matcher) -> NDArray[np.int64]:
    """Column of each item's true answer."""
    column = {key: n for n, key in enumerate(matcher.keys)}
    labels = [data["labels"].get(item.id) for item in data["items"]]
    return np.array([column[label] if label else len(column) for label in labels])


def main() -> None:
    """Print a line a world and the means."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("companies", type=Path, nargs="+")
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--shared", type=Path)
    given = parser.parse_args()
    office.WEEKS, office.EVENT_WEEK, office.TEAM_SIZE = WEEKS, EVENT_WEEK, TEAM_SIZE
    shared.WEEKS, shared.DRIFT_WEEK = WEEKS, EVENT_WEEK
    styles = [style for style in STYLES if given.shared or not style.startswith("shared-")]
    encoder = CachedEncoder(given.keep / "vectors.sqlite")
    fit_without(given.companies, given.keep, given.shared)
    found: dict[int, list[dict[str, float]]] = defaultdict(list)
    for number, folder in enumerate(given.companies):
        data = prepared(folder, styles[4 * number % len(styles)], given.keep, given.shared, encoder)
        matcher = Matcher(data["register"], data["items"], encoder, data["vectors"])
        weights = kept_weights(given.keep, folder.name, alone=matcher.alone)
        belief, _ = matcher.probabilities(None, weights)
        effort, top = data["effort"], belief[:, top_of(data, matcher)].sum(1).astype(np.float64)
        asked = most_telling(
            data["items"], data["vectors"], top, effort.sum(1), effort[:, -4:].sum(1), set(), max(ANSWERS)
        )
        for count in ANSWERS:
            labels = {data["items"][i].id: data["labels"].get(data["items"][i].id) for i in asked[:count]}
            figures = judge(data, matcher, matcher.probabilities(labels, weights)[0])
            found[count].append(figures)
            print(f"{data['world']} +{count}: " + ", ".join(f"{k} {v:.2f}" for k, v in figures.items()), flush=True)
    for count, rows in found.items():
        mean = {name: float(np.nanmean([row[name] for row in rows])) for name in rows[0]}
        kept = sum(row["kept"] for row in rows) / sum(row["fall"] for row in rows)
        print(f"ALL +{count}: part of the fall kept {kept:.2f}, " + ", ".join(f"{k} {v:.2f}" for k, v in mean.items()))


if __name__ == "__main__":
    main()

"""Fit the match's weights on labelled companies, with cross-validation over companies.

    python -m benchmarks.fit_fusion ../shared/eval/tablewright ../shared/eval/brightline --keep FOLDER [--shared FOLDER] [--write]

Prints, for each company, the results of weights fitted without it (a fifth of the companies is left out at a time): as it is;
bare, that is, without teams, links and places, like a company that maps no teams; and lived in, with terse titles and chat. The
weights are fitted on the first two, and on each company at work (at_work.py). The last line is the calibration error over all
companies. `--write` fits on all companies and writes pipeline/match/weights/fusion.json, and undirected.json for vectors of
another model.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.at_work import AtWork, put_to_work
from benchmarks.worlds.product import CachedEncoder
from pipeline.encode.encoder import Encoder
from pipeline.items import Item
from pipeline.match.conditional_logit import Features, Fusion, fit
from pipeline.match.evaluate import calibration_error, reliability
from pipeline.match.item_features import anchors
from pipeline.match.matcher import Matcher
from pipeline.offline.match import read_signals
from pipeline.register.document import parse
from pipeline.said import telling, topic

PENALTY = 15.0
WAYS = ("", "bare", "lived")
FITTED = 2
"""How many of them the weights are fitted on; the rest is judged only."""
CUT_TO, TALK = 5, 6
STEPS, FOLDS = 3, 5
LEFT_OUT = 5
"""So many times a part of the companies is left out."""
VARYING = (
    "first",
    "alike",
    "siblings",
    "near_rank",
    "group_near_rank",
    "none_first",
    "none_alike",
    "none_siblings",
)
BY = ("length", "is_message", "is_deal", "is_epic", "in_group", "none_first", "none_alike")
"""How much each of VARYING counts varies with each of BY, where a step has both."""
DIRECTIONS = (("own", ""), ("tree", ""), ("own", "is_message"), ("own", "customers"))
"""Texts whose vectors get a direction, and what that varies with."""
WEIGHTS = Path(__file__).parents[1] / "pipeline" / "match" / "weights"


class Company:
    """A labelled company with its features, kept in one of the WAYS: as it is; bare, without the evidence beside the text, and
    without what only that decides; or lived in, with issues of a few words, and talk in threads and deals, as in most real ones:
    in the labelled ones short is mostly chatter and long is mostly a goal. Or with "no teams", and all else.

    `true` is by item, `core` by item that speaks for itself, which the weights are fitted on.
    """

    def __init__(self, folder: Path, encoder: Encoder, how: str = "") -> None:
        self.name = folder.name
        self.register = parse((folder / "okrs.yaml").read_text())
        gold = {row["id"]: row for row in map(json.loads, (folder / "gold.jsonl").read_text().splitlines())}
        items = read_signals(folder / "signals.jsonl")
        if how == "bare":
            items = [
                replace(item, team=None, parent=None, container="", mentions=())
                for item in items
                if "linked" not in gold[item.id]["tags"]
            ]
        if how == "no teams":
            items = [replace(item, team=None) for item in items]
        if how == "lived":
            draw = np.random.default_rng(0)
            items = [_lived(item, draw) for item in items]
        self.matcher = Matcher(self.register, items, encoder)
        self.gold = [gold[item.id] for item in items]
        keys = self.matcher.keys
        self.true: NDArray[np.int64] = np.array(
            [keys.index(row["key_result"]) if row["key_result"] else len(keys) for row in self.gold]
        )
        self.core: NDArray[np.int64] = self.true[self.matcher.core]
        self.rows = np.arange(len(self.core))


def _lived(item: Item, draw: np.random.Generator) -> Item:
    """An issue cut to the first few words of its title; a thread or deal with some talk below it."""
    if item.source != "jira":
        talk = draw.choice(anchors()["chatter"], draw.integers(0, TALK + 1)).tolist()
        said = [item.text or "", *talk]
        return replace(item, text=" ".join(telling(said) if item.title else topic(said)).strip() or None)
    return replace(
        item, title=" ".join((item.title or item.text or "").split()[: draw.integers(1, CUT_TO + 1)]), text=None
    )


class ToFit(Protocol):
    """The matcher of a company, the true column of each item that speaks for itself, and which of these to fit on."""

    name: str
    matcher: Matcher
    core: NDArray[np.int64]
    rows: NDArray[np.int64]


def fit_steps(
    companies: Sequence[ToFit], near: Sequence[Fusion] | None = None, directed: bool = True, many: bool = True
) -> list[Fusion]:
    """Each step is fitted on what the step before finds in companies that it was not fitted on (stacking, Wolpert 1992); unless
    they are `many` of each kind, in trees of items that it was not fitted on.

    `near` are weights of each step to begin the search with. Not `directed`, vectors of texts get no directions.
    """
    features = [company.matcher.first for company in companies]
    steps: list[Fusion] = []
    for step in range(STEPS):
        parts = [(f.of(c.rows), c.core[c.rows]) for c, f in zip(companies, features, strict=True)]
        steps.append(_fit(parts, near[step] if near else None, directed))
        if step < STEPS - 1:
            found = _unseen(
                companies, features, steps[-1], directed, _folds(companies) if many else _by_tree(companies)
            )
            features = [c.matcher.around(p) for c, p in zip(companies, found, strict=True)]
    return steps


def _fit(companies: list[tuple[Features, NDArray[np.int64]]], near: Fusion | None, directed: bool) -> Fusion:
    names, of_items = companies[0][0].names, companies[0][0].item
    products = [(one, by) for one in VARYING for by in BY if one in names and by in of_items and one != by]
    return fit(companies, PENALTY, products, near, DIRECTIONS if directed else ())


def _folds(companies: Sequence[ToFit]) -> list[NDArray[np.int64]]:
    """Of each company's items: all copies of a company are in one."""
    names = sorted({c.name for c in companies})
    part = dict(zip(names, np.random.default_rng(0).permutation(len(names)) % FOLDS, strict=True))
    return [np.full(len(c.core), part[c.name]) for c in companies]


def _by_tree(companies: Sequence[ToFit]) -> list[NDArray[np.int64]]:
    order = np.random.default_rng(0).permutation(max(len(c.core) for c in companies))
    return [order[c.matcher.links.root] % FOLDS for c in companies]


def _unseen(
    companies: Sequence[ToFit],
    features: list[Features],
    near: Fusion,
    directed: bool,
    folds: list[NDArray[np.int64]],
) -> list[NDArray[np.float32]]:
    """Probabilities for each item by weights that were fitted without its fold."""
    found = [np.zeros((len(c.core), len(c.matcher.keys) + 1), np.float32) for c in companies]
    for fold in range(FOLDS):
        rest = [c.rows[f[c.rows] != fold] for c, f in zip(companies, folds, strict=True)]
        parts = [(f.of(r), c.core[r]) for c, f, r in zip(companies, features, rest, strict=True)]
        fusion = _fit(parts, near, directed)
        for out, f, own in zip(found, features, folds, strict=True):
            rows = np.flatnonzero(own == fold)
            out[rows] = fusion.predict(f.of(rows))
    return found


def judge(company: Company, weights: list[Fusion], labels: Mapping[str, str | None] | None = None) -> dict[str, float]:
    """The figures of what these weights find, given these labels."""
    return figures_of(company, company.matcher.probabilities(labels, weights)[0])


def figures_of(company: Company, found: NDArray[np.float32]) -> dict[str, float]:
    """The figures of shared/eval/score.py, with expected calibration error and the expected top-three share."""
    from sklearn.metrics import f1_score  # slow to import, and tests that judge nothing load this module

    guess, none = found.argmax(1), len(company.matcher.keys)
    of = company.register.objective_of()
    top = company.register.top()
    in_top = np.array([of[key] in top for key in company.matcher.keys] + [False])
    true_top = np.mean([(row.get("objective") or of.get(row["key_result"] or "")) in top for row in company.gold])
    goal = [row["category"] in ("goal", "objective") for row in company.gold]
    right = guess == company.true
    return {
        "accuracy": right.mean(),
        "macro_f1": f1_score(company.true, guess, labels=range(none + 1), average="macro", zero_division=0),
        "on_goal_f1": f1_score(goal, guess != none),
        "top3_error": 100 * (in_top[guess].mean() - true_top),
        "expected_top3_error": 100 * (found[:, in_top].sum() / len(found) - true_top),
        "calibration_error": calibration_error(reliability(found.max(1), right)),
    }


def write_weights(file: Path, names: Sequence[str], steps: Sequence[Fusion]) -> None:
    """Keep the steps in a file as the product ships them, with the names of what they were fitted on."""
    document = {"fitted_on": names, "penalty": PENALTY, "steps": [step.as_json() for step in steps]}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1) + "\n")


def main() -> None:
    """Judge, and write on request."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--keep", type=Path, required=True, help="folder for simulated companies and their vectors")
    parser.add_argument("--shared", type=Path, help="folder with another author's world.py")
    parser.add_argument("--write", action="store_true", help=f"fit on all companies and write {WEIGHTS.name}")
    given = parser.parse_args()
    given.keep.mkdir(parents=True, exist_ok=True)
    work = put_to_work(given.folders, given.keep, given.shared)
    every = everything(given.folders, work, CachedEncoder(given.keep / "vectors.sqlite"))
    steps = fit_steps(fitted_on(every))
    if len(every) > 1:
        _judge_left_out(every, steps)
    if given.write:
        names = [ways[0].name for ways, _ in every]
        write_weights(WEIGHTS / "fusion.json", names, steps)
        write_weights(WEIGHTS / "undirected.json", names, fit_steps(fitted_on(every), directed=False))


Ways = tuple[Sequence[Company], AtWork]


def everything(folders: Sequence[Path], work: Mapping[str, dict[str, Any]], encoder: Encoder) -> list[Ways]:
    """Each company in the WAYS, and at `work` (what `put_to_work` gives)."""
    return [
        ([Company(one, encoder, how) for how in WAYS], AtWork(one.name, work[one.name], encoder)) for one in folders
    ]


def fitted_on(every: Sequence[Ways]) -> list[ToFit]:
    """What weights are fitted on of these companies: as they are and bare they count twice."""
    found: list[ToFit] = []
    for ways, at_work in every:
        found += [*ways[:FITTED], *ways[:FITTED], at_work]
    return found


def left_out(every: Sequence[Ways], near: Sequence[Fusion]) -> Iterator[tuple[Sequence[Ways], list[Fusion]]]:
    """A fifth of the companies after the other, with weights that were fitted on the rest."""
    for part in range(min(LEFT_OUT, len(every))):
        out = every[part::LEFT_OUT]
        yield out, fit_steps(fitted_on([one for one in every if one not in out]), near)


def _judge_left_out(every: Sequence[Ways], near: Sequence[Fusion]) -> None:
    answers = []
    for out, steps in left_out(every, near):
        for ways, _ in out:
            for company, how in zip(ways, WAYS, strict=True):
                found, _ = company.matcher.probabilities(None, steps)
                figures = figures_of(company, found)
                print(f"{company.name} {how}: " + ", ".join(f"{name} {value:.3f}" for name, value in figures.items()))
                if company is ways[0]:
                    answers.append((found.max(1), found.argmax(1) == company.true))
    confidence, right = (np.concatenate(part) for part in zip(*answers, strict=True))
    print(f"all {len(right)} together: calibration_error {calibration_error(reliability(confidence, right)):.3f}")


if __name__ == "__main__":
    main()

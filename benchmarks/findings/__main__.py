"""Recall of each finding on planted cases, and its false findings on clean ones.

    python -m benchmarks.findings [--seeds 20] [--quarters 10] [--first 5000] [--only KIND] [--texts FOLDER] [--shared FOLDER]

Planted cases at the strength of docs/findings.md, and clean quarters, from three generators. `tasks` and `pool` generate who
worked how much on which stream and what it is believed to serve, with uncertain and wrong matches (company.py). `texts` are the
labelled companies in several styles, processed by the product's own stages and matched without answers (texts.py); `confirmed`
are the same after people confirmed the forty streams with the most work, as many as `leeway streams --template` asks about.
FOLDER keeps vectors, weights and companies for the next run; `--shared` names another author's world.py, as in benchmarks.worlds.

In `texts`, a finding where nothing was planted counts as false unless it is also found with the true labels. `not judged` are
companies whose data the finding itself considers insufficient.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.findings import cases_texts
from benchmarks.findings.cases import CLEAN, PLANTED, any_of, clean
from benchmarks.findings.company import GENERATORS
from benchmarks.findings.texts import Base, based, known
from pipeline.findings.found import Inputs, Outcome, Unjudged
from pipeline.findings.kinds import KINDS

ROOT = Path(__file__).parents[2]
CONFIRMS = {"texts": 0, "confirmed": 40}
"""Streams that people confirmed, by the name of the generator."""
CLEAN_FROM = 1000


def said(outcome: Outcome, subject: str) -> str:
    """Whether it is found, not, or cannot be judged."""
    return "unjudged" if isinstance(outcome, Unjudged) else "found" if any_of(list(outcome), subject) else "missed"


def false_ones(outcome: Outcome, true: Outcome) -> str:
    """Whether something is found that is not true."""
    if isinstance(outcome, Unjudged):
        return "unjudged"
    right = set() if isinstance(true, Unjudged) else {(one.scope, one.subject) for one in true}
    # Of an objective that is starved its key results are not told one by one.
    wrong = (not right & {(one.scope, one.subject), (one.scope, str(one.values.get("objective")))} for one in outcome)
    return "false" if any(wrong) else "clean"


def told(name: str, generator: str, counted: Counter[str], word: str) -> None:
    """Print a line."""
    unjudged = f", {counted['unjudged']} not judged" if counted["unjudged"] else ""
    print(f"{name:16} {generator:10} {counted[word]:3} of {counted.total()}{unjudged}", flush=True)


def drawn(given: argparse.Namespace, only: list[str]) -> None:
    """The companies of company.py."""
    seeds = range(given.first, given.first + given.seeds)
    for name, (kind, case, subject) in PLANTED.items():
        for generator in GENERATORS if kind in only else ():
            counted = Counter(said(KINDS[kind].judged(case(seed, generator)), subject) for seed in seeds)
            told(name, generator, counted, "found")
    print("\nquarters with a false one, nothing planted")
    for kind in [kind for kind in KINDS if kind in only]:
        make = CLEAN.get(kind, clean)
        for generator in GENERATORS:
            quarters = range(given.first + CLEAN_FROM, given.first + CLEAN_FROM + given.quarters)
            outcomes = [KINDS[kind].judged(make(seed, generator)) for seed in quarters]
            told(kind, generator, Counter(false_ones(one, []) for one in outcomes), "false")


def real(given: argparse.Namespace, only: list[str]) -> None:
    """The companies of real texts; the same ones, with nothing planted, are the clean quarters."""
    planted: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    quiet: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for base in _bases(given):
        true = _clean(known(base), only, judged=False)
        for generator, confirms in CONFIRMS.items():
            here = replace(base, confirms=confirms)
            for name, (kind, case, subject) in cases_texts.PLANTED.items():
                if kind in only:
                    planted[name, generator][said(KINDS[kind].judged(case(here)), subject)] += 1
            for kind, outcome in _clean(here, only, judged=True).items():
                quiet[kind, generator][false_ones(outcome, true[kind])] += 1
    print()
    for name in cases_texts.PLANTED:
        for generator in CONFIRMS:
            if (name, generator) in planted:
                told(name, generator, planted[name, generator], "found")
    print("\nquarters with a false one, nothing planted")
    for kind in only:
        for generator in CONFIRMS:
            told(kind, generator, quiet[kind, generator], "false")


def _clean(base: Base, only: list[str], *, judged: bool) -> dict[str, Outcome]:
    """What each kind says of the company with nothing planted."""
    made: dict[cases_texts.Case, Inputs] = {}
    found = {}
    for kind in only:
        make = cases_texts.CLEAN.get(kind, cases_texts.clean)
        made[make] = made.get(make) or make(base)
        found[kind] = KINDS[kind].judged(made[make]) if judged else KINDS[kind].find(made[make])
    return found


def _bases(given: argparse.Namespace) -> Iterator[Base]:
    shared = given.shared if given.shared and (given.shared / "world.py").exists() else None
    folders = [*(ROOT / "benchmarks" / "companies").glob("*/"), *(ROOT.parent / "shared" / "eval").glob("*/")]
    companies = sorted((one for one in folders if (one / "gold.jsonl").exists()), key=lambda one: one.name)
    given.texts.mkdir(parents=True, exist_ok=True)
    for seed in range(given.first, given.first + given.seeds):
        base = based(seed, companies, given.texts, shared)
        print(f"{base.company}, {base.style}", flush=True)
        yield base


def main() -> None:
    """Print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--quarters", type=int, default=10)
    parser.add_argument("--first", type=int, default=5000, help="the first seed")
    parser.add_argument("--only", default="", help="kinds, separated by commas")
    parser.add_argument("--generators", default="drawn,texts", help="drawn, texts or both")
    parser.add_argument("--texts", type=Path, default=ROOT / "build" / "findings")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "worlds")
    given = parser.parse_args()
    only = given.only.split(",") if given.only else list(KINDS)
    if "drawn" in given.generators:
        drawn(given, only)
    if "texts" in given.generators:
        real(given, only)


if __name__ == "__main__":
    main()

"""How often each finding finds what is planted, and how often it finds something where nothing is.

    python -m benchmarks.findings [--seeds 20] [--quarters 10] [--only KIND]

Planted cases at the strength of docs/findings.md, and clean quarters, of both generators of benchmarks/findings/company.py.
What is read is who worked how much on which stream and what that is believed to serve, with unsure and wrong matches; texts,
and how effort is estimated, are not in it.
"""

import argparse

from benchmarks.findings.cases import CLEAN, PLANTED, any_of, clean
from benchmarks.findings.company import GENERATORS
from pipeline.findings.found import Found, Inputs, Unjudged
from pipeline.findings.kinds import KINDS


def found_in(kind: str, given: Inputs) -> list[Found]:
    """What a kind finds; nothing where it cannot be judged."""
    outcome = KINDS[kind].find(given)
    return [] if isinstance(outcome, Unjudged) else list(outcome)


def main() -> None:
    """Print a line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--quarters", type=int, default=10)
    parser.add_argument("--only", default="", help="kinds, separated by commas")
    given = parser.parse_args()
    only = given.only.split(",") if given.only else list(KINDS)
    print(f"{'planted':16} {'generator':10} found")
    for name, (kind, case, subject) in PLANTED.items():
        if kind in only:
            for generator in GENERATORS:
                hits = sum(any_of(found_in(kind, case(seed, generator)), subject) for seed in range(given.seeds))
                print(f"{name:16} {generator:10} {hits:3} of {given.seeds}", flush=True)
    print(f"\n{'clean':16} {'generator':10} quarters with a false one, and how many")
    for kind in KINDS:
        if kind in only:
            for generator in GENERATORS:
                make = CLEAN.get(kind, clean)
                rows = [found_in(kind, make(1000 + seed, generator)) for seed in range(given.quarters)]
                some = sum(bool(row) for row in rows)
                print(f"{kind:16} {generator:10} {some:3} of {given.quarters}, {sum(map(len, rows))}", flush=True)


if __name__ == "__main__":
    main()

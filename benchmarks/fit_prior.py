"""Fit the prior of how a share estimate errs in a new company, from the wind tunnel's figures.

    python -m benchmarks.worlds ... --keep FOLDER        (worlds of companies and styles that the match was not fitted on)
    python -m benchmarks.fit_prior FOLDER/FIGURES.json... [--check] [--write]

Random effects by the method of moments: the variance between worlds minus the sampling variance within a world's weeks. `--check`
leaves out each company in turn and prints the coverage of its weekly intervals, computed as in the product. `--write` writes
pipeline/share/prior.json.
"""

import argparse
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.match.told_by import ToldBy
from pipeline.share.prior import FILE, CompanyPrior, company_prior

LEAST_FALL = 8.0
"""Points that must have fallen for a part of it to tell something."""
LEAST_SPREAD = 0.08
"""Between worlds in what is kept: a handful of worlds that agree are no certainty."""
Z90 = 1.6449
ELSEWHERE = {"level": 0.039, "kept": 0.79, "kept_sd": 0.20}
"""What effort errs by where the worlds cannot tell, since in them all work leaves a trace: level over the styles of
benchmarks/effort, what is kept of a fall over the public logs of docs/effort.md. Averaged with what the worlds show."""
Row = Mapping[str, Any]


def fit(rows: Sequence[Row], half_after: float, silent: Collection[str] = ()) -> CompanyPrior:
    """From worlds without answers; `silent` companies name no teams on their key results, and have a level of their own."""
    telling, others = ([row for row in rows if (row["company"] in silent) == no] for no in (False, True))
    effort = np.array([np.mean(_of(row, "gold") - _of(row, "truth")) for row in rows])
    within = [np.std(_of(row, "belief") - _of(row, "truth"), ddof=1) for row in rows]
    kept, kept_sd = _ratio([(row["fall_belief"], row["fall_gold"]) for row in rows])
    own_kept, own_sd = _ratio([(row["fall_gold"], row["fall_truth"]) for row in rows])
    figures = {
        "match_level": _level(telling),
        "silent_level": _level(others) if others else company_prior().silent_level,
        "titles_level": company_prior().titles_level,
        "match_kept": kept,
        "match_kept_sd": kept_sd,
        "effort_level": _rms(np.array([_rms(effort), ELSEWHERE["level"]])),
        "effort_kept": (own_kept + ELSEWHERE["kept"]) / 2,
        "effort_kept_sd": _rms(np.array([own_sd, ELSEWHERE["kept_sd"]])),
        "week": float(np.median(within)) / 2,
    }
    rounded = {name: round(value, 3) for name, value in figures.items()}
    return CompanyPrior(**rounded, half_after=half_after, worlds=len(rows))


def _level(rows: Sequence[Row]) -> float:
    return _rms(np.array([np.mean(_of(row, "belief") - _of(row, "gold")) for row in rows]))


def half_after(rows: Sequence[Row]) -> float:
    """Answers after which half of the match's error of level is gone, from worlds with answers beside the same without."""
    bare = {row["world"]: abs(np.mean(_of(row, "belief") - _of(row, "gold"))) for row in rows if row["phase"] == "0"}
    some = [row for row in rows if row["phase"] != "0" and row["world"] in bare]
    if not some:
        return company_prior().half_after
    left = sum(abs(np.mean(_of(row, "belief") - _of(row, "gold"))) for row in some) / sum(
        bare[row["world"]] for row in some
    )
    asked = float(np.mean([int(row["phase"]) for row in some]))
    return round(asked * float(np.clip(left, 0.02, 0.9)) / (1 - float(np.clip(left, 0.02, 0.9))), 1)


def _ratio(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Mean part that is kept, as a ratio of sums, and its spread between worlds."""
    some = [pair for pair in pairs if pair[1] >= LEAST_FALL]
    if len(some) < 3:
        raise SystemExit("At least three worlds with a fall are needed: --events fall20")
    whole = sum(a for a, _ in some) / sum(b for _, b in some)
    noise = 1.0 / np.mean([b for _, b in some])  # luck moves a fall by about a point: both are of the same effort
    spread = float(np.var([a / b for a, b in some], ddof=1)) - noise**2
    return float(np.clip(whole, 0.2, 1.0)), math.sqrt(max(LEAST_SPREAD**2, spread))


def _of(row: Row, name: str) -> NDArray[np.float64]:
    return np.array([week[name] for week in row["weeks"]])


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))


def check(rows: Sequence[Row], silent: Collection[str] = ()) -> list[str]:
    """Each company's weeks with the prior of the others, before and after answers: coverage, and width at the least, since the
    product adds what single matches, persons and unseen work are uncertain of."""
    found = []
    for phase in sorted({row["phase"] for row in rows}):
        inside, widths = [], []
        for company in sorted({row["company"] for row in rows}):
            others = [row for row in rows if row["company"] != company]
            prior = fit(_bare(others), half_after(others), silent)
            told_by = ToldBy.TEXTS if company in silent else ToldBy.TEAMS
            for row in rows:
                if row["company"] == company and row["phase"] == phase:
                    left = prior.level(int(phase), told_by)
                    half = Z90 * (left**2 + prior.effort_level**2 + prior.week**2) ** 0.5
                    inside += (np.abs(_of(row, "said") - _of(row, "truth")) <= half).tolist()
                    widths.append(200 * half)
        found.append(
            f"{phase} answers, company left out: {np.mean(inside):.0%} of {len(inside)} weeks inside, "
            f"{np.mean(widths):.1f} points wide at least"
        )
    return found


def _bare(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["phase"] == "0"]


def main() -> None:
    """Print, and write with --write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", type=Path, nargs="+")
    parser.add_argument("--silent", default="", help="companies whose key results name no teams, separated by commas")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    rows = [row for path in given.figures for row in json.loads(path.read_text()) if row["weeks"]]
    silent = given.silent.split(",")
    prior = fit(_bare(rows), half_after(rows), silent)
    print(json.dumps(asdict(prior), indent=2))
    if given.check:
        print("\n".join(check(rows, silent)))
    if given.write:
        FILE.write_text(json.dumps(asdict(prior), indent=2) + "\n")


if __name__ == "__main__":
    main()

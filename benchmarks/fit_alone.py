"""Fit the match's weights for companies whose teams do not show what work is for; evaluate them on held-out real work.

    python -m benchmarks.fit_alone COMPANY... --kubernetes CLONE --sip CLONE --keep FOLDER [--write]

With a single team, or key results that name none, only the text decides. In the labelled companies short texts are chatter, so
weights fitted on them alone dismiss a real company's terse titles. These weights are therefore fitted on the labelled companies
without teams (as they are, bare, and at work) and on real titles: commits on Kubernetes' proposals and SiP's tickets. Only the
weights are kept of either.

Prints the results on SiP of weights fitted without SiP, and on Kubernetes of weights fitted without Kubernetes; FOLDER keeps both
as weights-without-sip.json and weights-without-kubernetes.json. `--write` fits on everything and writes
pipeline/match/weights/alone.json.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks import kubernetes, tickets
from benchmarks.at_work import AtWork, put_to_work
from benchmarks.fit_fusion import Company, ToFit, fit_steps, write_weights
from benchmarks.realwork import from_kubernetes, from_tickets
from benchmarks.worlds.product import CachedEncoder
from pipeline.match.conditional_logit import Fusion

WEIGHTS = Path(__file__).parents[1] / "pipeline" / "match" / "weights" / "alone.json"


def main() -> None:
    """Fit, judge, and write on request."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--kubernetes", type=Path, required=True)
    parser.add_argument("--sip", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True, help="folder for simulated companies, vectors and weights")
    parser.add_argument("--shared", type=Path, help="folder with another author's world.py")
    parser.add_argument("--write", action="store_true", help=f"fit on everything and write {WEIGHTS.name}")
    given = parser.parse_args()
    work, encoder = put_to_work(given.folders, given.keep, given.shared), CachedEncoder(given.keep / "vectors.sqlite")
    labelled: list[ToFit] = [Company(folder, encoder, how) for folder in given.folders for how in ("no teams", "bare")]
    labelled += [AtWork(folder.name, work[folder.name], encoder, teams=False) for folder in given.folders]
    commits, sip = from_kubernetes(given.kubernetes, encoder), from_tickets(given.sip, encoder)
    names = [folder.name for folder in given.folders]
    steps = _fit([*labelled, *commits], given.keep / "weights-without-sip.json", [*names, "kubernetes"])
    for first in tickets.PERIODS:
        for line in tickets.measure(given.sip, first, encoder, steps):
            print(line, flush=True)
    steps = _fit([*labelled, *sip], given.keep / "weights-without-kubernetes.json", [*names, "sip"])
    for line in kubernetes.measure(given.kubernetes, encoder, steps):
        print(line, flush=True)
    if given.write:
        _fit([*labelled, *commits, *sip], WEIGHTS, [*names, "kubernetes", "sip"])


def _fit(companies: Sequence[ToFit], file: Path, names: Sequence[str]) -> list[Fusion]:
    # With directions SiP's months are 6 to 10 points further off. Of real titles there are two sources: a step that saw the one
    # before without either trusted titles no more than the labelled companies teach, and SiP was 20 points further off.
    steps = fit_steps(companies, directed=False, many=False)
    write_weights(file, names, steps)
    return steps


if __name__ == "__main__":
    main()

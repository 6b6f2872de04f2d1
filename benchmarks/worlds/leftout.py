"""The match's weights fitted without the company under test, since the shipped ones were fitted on it."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.at_work import AtWork, put_to_work
from benchmarks.fit_fusion import WAYS, Company, ToFit, everything, fit_steps, left_out
from benchmarks.worlds.product import CachedEncoder
from pipeline.match import matcher
from pipeline.match.conditional_logit import Fusion


def fit_without(folders: Sequence[Path], keep: Path, shared: Path | None) -> None:
    """Fit weights for a fifth of the companies after the other on the rest, and keep them in the folder `keep`; kept ones stay.

    `shared` is the folder of another author's world.py, in which some of the companies are at work. Those for companies whose
    teams say nothing are fitted on the others without teams, but not on real titles, as the shipped ones are.
    """
    if all(_file(keep, folder.name).exists() for folder in folders):
        return
    if len(folders) < 2:
        raise SystemExit("--left-out wants two companies or more: weights for one are fitted on the others")
    work, encoder = put_to_work(folders, keep, shared), CachedEncoder(keep / "vectors.sqlite")
    every = everything(folders, work, encoder)
    without_teams: dict[str, list[ToFit]] = {
        folder.name: [
            Company(folder, encoder, "no teams"),
            ways[WAYS.index("bare")],
            AtWork(folder.name, work[folder.name], encoder, teams=False),
        ]
        for folder, (ways, _) in zip(folders, every, strict=True)
    }
    for out, steps in left_out(every, matcher.shipped_weights()):
        gone = [ways[0].name for ways, _ in out]
        rest = [one for name, ways in without_teams.items() if name not in gone for one in ways]
        kept = {"fusion": steps, "alone": fit_steps(rest, directed=False, many=False)}
        document = json.dumps({name: [step.as_json() for step in fitted] for name, fitted in kept.items()})
        for name in gone:
            _file(keep, name).write_text(document)
            print(f"weights fitted without {name}", flush=True)


def put_in_force(keep: Path, company: str) -> None:
    """From here on this process matches with the weights that were fitted without that company."""
    both = {alone: kept_weights(keep, company, alone=alone) for alone in (False, True)}
    matcher.shipped_weights = lambda name="fusion": both[name == "alone"]  # type: ignore[assignment]


def kept_weights(keep: Path, company: str, *, alone: bool = False) -> tuple[Fusion, ...]:
    """The weights that `fit_without` kept."""
    kept = json.loads(_file(keep, company).read_text())
    return tuple(Fusion.from_json(step) for step in kept["alone" if alone else "fusion"])


def _file(keep: Path, company: str) -> Path:
    return keep / f"left-out-{company}.json"

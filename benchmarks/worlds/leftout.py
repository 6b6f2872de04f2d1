"""The match's weights without the company that is judged: the shipped ones were fitted on it."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fit_fusion import FITTED, WAYS, Company, fit_steps
from pipeline.encode.encoder import Encoder
from pipeline.match import matcher
from pipeline.match.conditional_logit import Fusion


def fit_without(folders: Sequence[Path], keep: Path, encoder: Encoder) -> None:
    """Fit weights for each of the companies on the others, and keep them in the folder `keep`; kept ones stay."""
    left = [folder for folder in folders if not _file(keep, folder.name).exists()]
    if not left:
        return
    if len(folders) < 3:
        raise SystemExit("--left-out wants at least three companies: weights for one are fitted on the others")
    companies = {folder: [Company(folder, encoder, how) for how in WAYS[:FITTED]] for folder in folders}
    for folder in left:
        steps = fit_steps([one for other, ways in companies.items() if other != folder for one in ways])
        _file(keep, folder.name).write_text(json.dumps([step.as_json() for step in steps]))
        print(f"weights fitted without {folder.name}", flush=True)


def put_in_force(keep: Path, company: str) -> None:
    """From here on this process matches with the weights that were fitted without that company."""
    steps = kept_weights(keep, company)
    matcher.shipped_weights = lambda alone=False: steps  # type: ignore[assignment]


def kept_weights(keep: Path, company: str) -> tuple[Fusion, ...]:
    """The weights that `fit_without` kept."""
    return tuple(Fusion.from_json(step) for step in json.loads(_file(keep, company).read_text()))


def _file(keep: Path, company: str) -> Path:
    return keep / f"weights-without-{company}.json"

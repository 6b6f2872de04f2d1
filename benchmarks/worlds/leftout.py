"""The match's weights without the company that is judged: the shipped ones were fitted on it."""

import json
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fit_fusion import FITTED, WAYS, Company, fit_steps
from pipeline.encode.encoder import Encoder
from pipeline.match import matcher
from pipeline.match.conditional_logit import Fusion


def fit_without(folders: Sequence[Path], keep: Path, encoder: Encoder) -> None:
    """Fit weights for each of the companies on the others that write as evenly or unevenly, and keep them in the folder `keep`;
    kept ones stay. Only the scale of the features is that of all."""
    left = [folder for folder in folders if not _file(keep, folder.name).exists()]
    if not left:
        return
    companies = {folder: [Company(folder, encoder, how) for how in WAYS[:FITTED]] for folder in folders}
    scale = matcher.shipped_weights()
    for folder in left:
        uneven = companies[folder][0].uneven
        rest = [
            one for other, ways in companies.items() if other != folder and ways[0].uneven == uneven for one in ways
        ]
        if len(rest) < 2 * FITTED:
            raise SystemExit(
                "--left-out wants three companies that write alike: weights for one are fitted on the others"
            )
        steps = fit_steps(rest, dict(enumerate(matcher.shipped_weights(uneven=float(uneven)))), scale)
        kept = {"uneven": uneven, "steps": [step.as_json() for step in steps]}
        _file(keep, folder.name).write_text(json.dumps(kept))
        print(f"weights fitted without {folder.name}", flush=True)


def put_in_force(keep: Path, company: str) -> None:
    """From here on this process matches with the weights that were fitted without that company."""
    both = _both(keep, company)
    matcher.shipped_weights = lambda alone=False, uneven=0.0: matcher.mixed(*both, uneven)  # type: ignore[assignment]


def kept_weights(keep: Path, company: str, uneven: float) -> tuple[Fusion, ...]:
    """The weights that `fit_without` kept, for what is written so unevenly."""
    return matcher.mixed(*_both(keep, company), uneven)


def _both(keep: Path, company: str) -> tuple[Sequence[Fusion], Sequence[Fusion]]:
    kept = json.loads(_file(keep, company).read_text())
    fitted = [Fusion.from_json(step) for step in kept["steps"]]
    shipped = matcher.shipped_weights(uneven=0.0 if kept["uneven"] else 1.0)
    return (shipped, fitted) if kept["uneven"] else (fitted, shipped)


def _file(keep: Path, company: str) -> Path:
    return keep / f"left-out-{company}.json"

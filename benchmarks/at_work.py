"""Labelled companies at work in the wind tunnel, on which the match's weights are fitted.

The labelled companies have one text per item. At work, items leave traces, threads are answered, customer records are numerous,
and texts repeat. Each company is simulated once, in one style of using tools.
"""

import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.worlds import habits
from benchmarks.worlds.built import build
from benchmarks.worlds.labelled import read_labelled
from benchmarks.worlds.product import CachedEncoder, Opened
from pipeline.encode.encoder import Encoder
from pipeline.items import Item
from pipeline.match.matcher import Matcher

SHARED = ("shared-plain", "shared-tidy", "shared-logged")
ITEMS = 100
"""Of a world's items so many are fitted on. With 250 worlds left out are matched as well, and the companies as they are worse."""


class AtWork:
    """What `fit_steps` needs: the matcher, the true column of each item that speaks for itself, and the rows to fit on, three
    quarters of them drawn by effort, since an error counts by the work that hangs on it."""

    def __init__(self, name: str, data: dict[str, Any], encoder: Encoder, *, teams: bool = True) -> None:
        self.name = name
        self.matcher = Matcher(data["register"], _items(data, teams), encoder, data["vectors"])
        core, speaker = self.matcher.core, self.matcher.following.speaker
        column = {key: n for n, key in enumerate(self.matcher.keys)}
        labels = [data["labels"].get(data["items"][i].id) for i in core.tolist()]
        self.core: NDArray[np.int64] = np.array([column.get(label or "", len(column)) for label in labels])
        effort = np.bincount(speaker, data["effort"].sum(1), len(core))
        worked = np.flatnonzero(effort > 0)
        chance = 0.75 * effort[worked] / effort[worked].sum() + 0.25 / len(worked)
        draw = np.random.default_rng(0)
        self.rows = np.sort(draw.choice(worked, min(ITEMS, len(worked)), replace=False, p=chance))


def _items(data: dict[str, Any], teams: bool) -> list[Item]:
    return data["items"] if teams else [replace(item, team=None) for item in data["items"]]


def put_to_work(folders: Sequence[Path], keep: Path, shared: Path | None) -> dict[str, dict[str, Any]]:
    """By company: its items, vectors, effort and labels after twenty weeks with a fall of 20 points; kept for another run.

    Companies take the styles in turn, those of another author's world.py in `shared` among them.
    """
    styles = [*habits.STYLES, *(SHARED if shared else ())]
    encoder = CachedEncoder(keep / "vectors.sqlite")
    found = {}
    for number, folder in enumerate(folders):
        style = styles[number % len(styles)]
        file = keep / f"at-work-{folder.name}-{style}.pickle"
        if not file.exists():
            world = build(folder, read_labelled(folder), style, "fall20", 1, shared)
            path = file.with_suffix(".db")
            path.unlink(missing_ok=True)
            opened = Opened(path, world, encoder)
            file.write_bytes(pickle.dumps(opened.prepared()))
            opened.close()
            path.unlink()
            print(f"{folder.name} at work: {style}", flush=True)
        found[folder.name] = pickle.loads(file.read_bytes())  # noqa: S301 - written above
    return found

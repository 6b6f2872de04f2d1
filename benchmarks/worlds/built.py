"""A labelled company's world in a style, from our own generator or the other author's."""

from datetime import UTC, datetime
from pathlib import Path

from benchmarks.worlds import office, shared
from benchmarks.worlds.labelled import Labelled
from benchmarks.worlds.rows import World

END = datetime(2026, 11, 21, 18, tzinfo=UTC)
"""A Saturday: all worlds end then, so that a kept one is as it was."""


def build(folder: Path, labelled: Labelled, style: str, event: str, seed: int, given: Path | None) -> World:
    """The world; `given` is the folder of the other author's world.py, which styles of the form shared-plain need."""
    if style.startswith("shared-"):
        assert given is not None, "give --shared"
        return shared.build(given, folder, labelled, style.removeprefix("shared-"), event, seed, END)
    return office.build(labelled, style, event, seed, END)

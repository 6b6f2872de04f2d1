"""Detect a GPU that torch can use.

Device files are checked before asking torch, since loading torch takes seconds that most machines would waste.
"""

import platform
from pathlib import Path
from typing import Literal

Card = Literal["cuda", "mps"]
_DEVICES = ("nvidia[0-9]*", "kfd")
"""Device names of the Nvidia and AMD drivers below /dev (torch calls AMD's GPUs cuda as well)."""


def seems_there(devices: Path = Path("/dev")) -> bool:
    """Return True if it is worth asking torch."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    return any(next(devices.glob(name), None) for name in _DEVICES)


def card() -> Card | None:
    """Return torch's name for the usable GPU; None if there is none, or torch was installed without support for it."""
    if not seems_there():
        return None
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None

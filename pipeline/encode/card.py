"""The graphics card, where there is one that torch can use.

Signs of one are looked for before torch is asked, because loading torch takes seconds that most machines would spend for nothing.
"""

import platform
from pathlib import Path
from typing import Literal

Card = Literal["cuda", "mps"]
_DEVICES = ("nvidia[0-9]*", "kfd")
"""As the drivers of Nvidia and of AMD (whose cards torch calls cuda as well) name them below /dev."""


def seems_there(devices: Path = Path("/dev")) -> bool:
    """Whether it is worth asking torch."""
    if platform.system() == "Darwin":
        return platform.machine() == "arm64"
    return any(next(devices.glob(name), None) for name in _DEVICES)


def card() -> Card | None:
    """What torch calls the card that it can use here; None where there is none, or torch was installed without support for it."""
    if not seems_there():
        return None
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else None

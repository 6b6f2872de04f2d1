"""Which way of encoding is quicker on this processor: tried once, and kept.

A processor's flags do not tell: with bfloat16 in hardware torch may be three times as fast as float32, or no faster. So where
there is bfloat16 both ways encode the same sentences for a moment; where there is none there is nothing to try.
"""

import json
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import platformdirs

Way = Literal["float32", "bfloat16"]
Encode = Callable[[Sequence[str]], object]
_FLAGS = frozenset({"amx_bf16", "avx512_bf16", "bf16"})
"""As Linux names bfloat16 on Intel, AMD and ARM. Other systems keep to float32."""
_SECONDS = 0.5
_SAMPLE = [
    "Checkout: retry failed payments",
    "Customers with more than five seats see one invoice a month instead of one a seat, as was agreed in March",
    "The export stops after 10,000 rows. Steps: open the report, choose a year, press export. Expected: all rows. " * 3,
    "Standup notes",
]


def chosen(ways: Callable[[Way], Encode]) -> Way:
    """The quicker way here; `ways` gives a loaded encoder for each. Tried at most once a processor and user."""
    if not has_bfloat16():
        return "float32"
    kept = known()
    if kept is not None:
        return kept
    speed = {way: _texts_a_second(ways(way)) for way in ("float32", "bfloat16")}
    way: Way = "bfloat16" if speed["bfloat16"] > speed["float32"] else "float32"
    _keep(way)
    return way


def known() -> Way | None:
    """What was chosen before on this processor; None where it is still to be tried."""
    if not has_bfloat16():
        return "float32"
    try:
        kept = json.loads(_file().read_text(encoding="utf-8")).get(_processor())
    except (OSError, ValueError, AttributeError):
        return None
    return kept if kept in ("float32", "bfloat16") else None


def has_bfloat16(info: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether this processor multiplies bfloat16 in hardware, as Linux says."""
    return bool(_FLAGS & set(_line(info, ("flags", "Features")).split()))


def _texts_a_second(encode: Encode) -> float:
    encode(_SAMPLE)  # the first time is for loading
    begun, done = time.perf_counter(), 0
    while (passed := time.perf_counter() - begun) < _SECONDS:
        encode(_SAMPLE)
        done += len(_SAMPLE)
    return done / passed


def _keep(way: Way) -> None:
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({_processor(): way}), encoding="utf-8")
    except OSError:
        return  # tried again by the next process


def _file() -> Path:
    return platformdirs.user_cache_path("leeway") / "encoder.json"


def _processor() -> str:
    return _line(Path("/proc/cpuinfo"), ("model name",)) or platform.processor() or "unknown"


def _line(info: Path, names: tuple[str, ...]) -> str:
    try:
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() in names:
                return value.strip()
    except OSError:
        pass
    return ""

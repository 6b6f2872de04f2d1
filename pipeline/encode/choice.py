"""Choose the fastest way of encoding on this machine by a short trial, and remember the result.

A processor's flags are not enough: with bfloat16 in hardware torch may be three times as fast as float32, or no faster; and an
old GPU may be slower than the CPU. So each available way encodes the same sentences for a moment; with only one, there is no
trial.
"""

import json
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

from pipeline.encode.card import Card, card, seems_there
from pipeline.encode.place import cache_folder

Way = Literal["float32", "bfloat16"] | Card
Encode = Callable[[Sequence[str]], object]
_FLAGS = frozenset({"amx_bf16", "avx512_bf16", "bf16"})
"""CPU flags for bfloat16 on Linux (Intel, AMD, ARM). Other systems stay with float32."""
_ON_PROCESSOR = ("float32", "bfloat16")
_SECONDS = 0.5
_SAMPLE = [
    "Checkout: retry failed payments",
    "Customers with more than five seats see one invoice a month instead of one a seat, as was agreed in March",
    "The export stops after 10,000 rows. Steps: open the report, choose a year, press export. Expected: all rows. " * 3,
    "Standup notes",
]
_BATCHES = 64
"""Number of samples per trial on a GPU, which gets its work in large batches."""


def chosen(ways: Callable[[Way], Encode], *, cards: bool = True) -> Way:
    """Return the fastest way on this machine; `ways` returns a loaded encoder for each. Tried at most once per machine and user.
    `cards=False` restricts it to the CPU."""
    kept = known(cards=cards)
    if kept is not None:
        return kept
    found: list[Way] = ["float32", *(("bfloat16",) if has_bfloat16() else ())]
    found += [one for one in (card() if cards else None,) if one]
    speed = {way: _texts_a_second(ways(way), 1 if way in _ON_PROCESSOR else _BATCHES) for way in found}
    way = max(found, key=lambda one: speed[one])
    _keep(way, cards)
    return way


def known(*, cards: bool = True) -> Way | None:
    """Return the remembered or only way on this machine; None if a trial is needed."""
    if not has_bfloat16() and not (cards and seems_there()):
        return "float32"
    kept = _kept().get(_machine(cards))
    return kept if kept in _ON_PROCESSOR or (cards and kept in ("cuda", "mps")) else None


def has_bfloat16(info: Path = Path("/proc/cpuinfo")) -> bool:
    """Return True if this processor has bfloat16 multiplication in hardware, according to Linux."""
    return bool(_FLAGS & set(_line(info, ("flags", "Features")).split()))


def _texts_a_second(encode: Encode, times: int) -> float:
    sample = _SAMPLE * times
    encode(sample)  # warm-up
    begun, done = time.perf_counter(), 0
    while (passed := time.perf_counter() - begun) < _SECONDS:
        encode(sample)
        done += len(sample)
    return done / passed


def _kept() -> dict[str, Way]:
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _keep(way: Way, cards: bool) -> None:
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(_kept() | {_machine(cards): way}), encoding="utf-8")
    except OSError:
        return  # the next process will try again


def _file() -> Path:
    return cache_folder() / "encoder.json"


def _machine(cards: bool) -> str:
    return f"{_processor()}{' and a graphics card' if cards and seems_there() else ''}"


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

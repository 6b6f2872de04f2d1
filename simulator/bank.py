"""Texts as busy people write them: hand-written templates, filled and combined so that hardly any repeats."""

import random
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

_TRIES = 40


def _read(name: str) -> Any:
    """A file of the bank, by libyaml if it is there (both are safe): each process that serves the company reads all of it."""
    text = files("simulator").joinpath("bank", name).read_text(encoding="utf-8")
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 # nosec B506


@cache
def _load() -> tuple[dict[str, Any], dict[str, list[str]]]:
    streams: dict[str, Any] = {}
    for name in ("O1", "O2", "O3", "O4", "O5", "off"):
        streams |= _read(f"{name}.yaml")
    bau = _read("bau.yaml")
    streams |= {f"bau.{team}": texts for team, texts in bau.items()}
    streams["chatter"] = _read("chatter.yaml")
    slots = _read("slots.yaml")
    return streams, {name: [str(value) for value in values] for name, values in slots.items()}


class _Slots(dict[str, str]):
    """Fills a slot when a template asks for it; the same slot twice in one text gets two values."""

    def __init__(self, rng: random.Random, values: dict[str, list[str]]) -> None:
        super().__init__()
        self._rng, self._values = rng, values

    def __getitem__(self, name: str) -> str:
        if name == "n":
            return str(self._rng.randint(2, 48))
        if name == "n3":
            return str(self._rng.randint(110, 990))
        return self._rng.choice(self._values[name]).format_map(self)


class Bank:
    """Draws texts by stream and part (titles, texts, messages, replies), avoiding what it gave before."""

    def __init__(self, seed: int) -> None:
        self._streams, slots = _load()
        self._rng = random.Random(f"bank{seed}")
        self._slots = _Slots(self._rng, slots)
        self._used: set[str] = set()

    def epics(self, stream: str) -> list[tuple[str, str, str]]:
        """(team, title, text) of the epics of a stream."""
        return [(team, title, text) for team, title, text in self._streams[stream].get("epics", [])]

    def has(self, stream: str, part: str) -> bool:
        """Whether the stream has texts of that part."""
        return part in self._streams[stream]

    def draw(self, stream: str, part: str) -> str:
        """One text. Talk may get an opener and a tail, as talk does."""
        text = ""
        talk = part in ("messages", "replies")
        for attempt in range(_TRIES):
            text = str(self._rng.choice(self._streams[stream][part]).format_map(self._slots))
            if talk and (attempt > 3 or self._rng.random() < 0.3):
                text = f"{self._slots['opener']} {text}"
            if (talk or part == "texts") and (attempt > 1 or self._rng.random() < 0.35):
                text = f"{text}{self._rng.choice(['. ', ' - ', ', ', '; '])}{self._slots['tail']}"
            if text not in self._used:
                break
        self._used.add(text)
        return text

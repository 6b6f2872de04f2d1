"""From which size on a finding is one, by size of company; each can be set by itself."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Parts of one of a scope's person-days, or whole numbers of weeks, days, items.

    `weeks` is the window that most findings look at, `before` the one that it is held against. `stream_part` is the part of a
    scope's work from which a stream is large.
    """

    weeks: int = 8
    recent: int = 4
    before: int = 8
    stream_part: float = 0.03
    shadow: float = 0.15
    creep: float = 0.1
    idle_weeks: int = 3
    idle_part: float = 0.1
    starved: float = 0.5
    fed: float = 0.25
    contribution: float = 0.15
    inflation: float = 1.35
    priorities: int = 5
    moved: float = 0.1
    same: float = 0.9
    fog: float = 0.35
    cycle: int = 14
    bulk: int = 15
    consensus: float = 1.3
    wording: float = 0.05


PRESETS = {
    "50": Thresholds(stream_part=0.05, priorities=3, bulk=10),
    "500": Thresholds(),
    "more": Thresholds(stream_part=0.015, shadow=0.12, cycle=21, bulk=25),
}
"""By the most people of a company that each is for."""


WHOLE = frozenset(one.name for one in fields(Thresholds) if isinstance(one.default, int))
"""Thresholds that count something."""


def thresholds(size: str, people: int, given: dict[str, float]) -> Thresholds:
    """The preset of a size (`auto` takes it from the number of people), with what is given by itself in its place.

    Raises KeyError for an unknown size, TypeError for an unknown threshold.
    """
    name = size if size != "auto" else "50" if people <= 50 else "500" if people <= 500 else "more"
    changed = {key: int(value) if key in WHOLE else value for key, value in given.items()}
    return replace(PRESETS[name], **changed)  # type: ignore[arg-type]

"""Thresholds of the findings by company size; each can be set individually."""

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Fractions of a scope's person-days, or whole numbers of weeks, days or items.

    `weeks` is the window most findings use, `before` the window it is compared with. `stream_part` is the fraction of a scope's
    work from which a stream is large.
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
"""Keyed by the largest number of people for which each is meant."""


WHOLE = frozenset(one.name for one in fields(Thresholds) if isinstance(one.default, int))
"""Thresholds that are counts."""


def thresholds(size: str, people: int, given: dict[str, float]) -> Thresholds:
    """Return the preset of a size (`auto`: by number of people), overridden by the individual settings.

    Raises KeyError for an unknown size, TypeError for an unknown threshold.
    """
    name = size if size != "auto" else "50" if people <= 50 else "500" if people <= 500 else "more"
    changed = {key: int(value) if key in WHOLE else value for key, value in given.items()}
    return replace(PRESETS[name], **changed)  # type: ignore[arg-type]

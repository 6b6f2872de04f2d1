"""What a source can measure for a key result, and how okrs.yaml expresses it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Metrics:
    """What a source can measure for a key result. `word` is what a metric of okrs.yaml says it by, `beside` what may stand beside
    that. `faults` yields, of a metric, the word that is wrong and what to write; it refuses what would count one person's work.
    """

    word: str
    beside: tuple[str, ...]
    faults: Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]


@runtime_checkable
class Measuring(Protocol):
    """A source that measures: its connector has this besides, and its traits have `metrics`."""

    def measure(self, metric: Mapping[str, Any]) -> float:
        """Return the current number for a valid metric. Raises SourceError."""
        ...

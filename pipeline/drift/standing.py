"""Serialise the detector's state after a day, so that the walk can resume there."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import ConfigDict, TypeAdapter

from pipeline.drift.history import Closed, Event
from pipeline.drift.noise import Spread, Wandering
from pipeline.drift.severity import Severity

if TYPE_CHECKING:
    from pipeline.drift.detector import Detector


@dataclass(frozen=True, slots=True)
class Usual:
    """A Spread with lists instead of arrays."""

    share: tuple[list[float], float]
    freedom: list[float]
    together: float
    others: tuple[list[float], float] | None
    shape: list[list[float]] | None

    @classmethod
    def of(cls, spread: Spread) -> "Usual":
        others = None if spread.others is None else (spread.others.pairs.tolist(), spread.others.apart)
        shape = None if spread.shape is None else spread.shape.tolist()
        share = (spread.share.pairs.tolist(), spread.share.apart)
        return cls(share, spread.freedom.tolist(), spread.together, others, shape)

    def spread(self) -> Spread:
        """Convert back to a Spread."""
        others = None if self.others is None else Wandering(np.array(self.others[0]), self.others[1])
        shape = None if self.shape is None else np.array(self.shape)
        return Spread(
            Wandering(np.array(self.share[0]), self.share[1]), np.array(self.freedom), self.together, others, shape
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that later days need to know about earlier ones, and the `events` found so far; see Detector."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(ser_json_inf_nan="constants")
    events: list[Event]
    open: dict[str, Event]
    closed: list[tuple[str, date, Event, list[int], list[int]]]
    era: int
    resting: dict[str, Event]
    ended: dict[str, int]
    shifted: dict[str, date]
    severity: dict[str, tuple[str, float, int]]
    loud_since: list[tuple[str, date, date]]
    failed: list[str]
    set_aside: dict[str, list[int]]
    usual: Usual | None

    @classmethod
    def of(cls, detector: "Detector", events: list[Event]) -> "Standing":
        """Capture a detector's present state."""
        return cls(
            events,
            detector.open,
            [
                (scope, at, one.event, one.base.tolist(), one.span.tolist())
                for (scope, at), one in detector.closed.items()
            ],
            detector.era,
            detector.resting,
            detector.ended,
            detector.shifted,
            {scope: (one.now, one.size, one.changed) for scope, one in detector.severity.items()},
            [(scope, at, day) for (scope, at), day in detector.loud_since.items()],
            sorted(detector.failed),
            {scope: sorted(days) for scope, days in detector.set_aside.items()},
            None if detector.usual_of_company is None else Usual.of(detector.usual_of_company),
        )

    def into(self, detector: "Detector") -> None:
        """Restore the state into a detector that has not started."""
        detector.open, detector.resting = dict(self.open), dict(self.resting)
        detector.closed = {
            (scope, at): Closed(event, np.array(base, dtype=np.int64), np.array(span, dtype=np.int64))
            for scope, at, event, base, span in self.closed
        }
        detector.era, detector.ended, detector.shifted = self.era, dict(self.ended), dict(self.shifted)
        detector.severity = {scope: Severity(*one) for scope, one in self.severity.items()}
        detector.loud_since = {(scope, at): day for scope, at, day in self.loud_since}
        detector.failed = set(self.failed)
        detector.set_aside = {scope: set(days) for scope, days in self.set_aside.items()}
        detector.usual_of_company = None if self.usual is None else self.usual.spread()

    def text(self) -> str:
        """Serialise as JSON, without loss of precision."""
        return _adapter().dump_json(self).decode()

    @staticmethod
    def read(text: str) -> "Standing":
        """Parse the result of `text`."""
        return _adapter().validate_json(text)


@cache
def _adapter() -> TypeAdapter[Standing]:
    return TypeAdapter(Standing)

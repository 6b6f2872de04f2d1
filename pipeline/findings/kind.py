"""A kind of diagnosis: how it is found, and its sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.findings.found import Finder, Inputs, Outcome, Unjudged

HAPPENED = frozenset({"fog", "placeholder", "consensus"})
"""Kinds based on events on items; the others are based on effort, beliefs and words."""
SOME, HALF = 0.3, 0.5
"""Fractions of recent work that must be confirmed for "nothing found" to mean none (benchmarks/findings, real texts)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`asks` is the decision to make. `variants` are alternative signals, by name and text of the value that selects them; the
    text `*` matches anything."""

    title: str
    find: Finder
    signal: str
    insight: str
    reinforcement: str
    asks: str
    brief: str
    parts: bool = True
    """Whether strength and interval are fractions of one, shown as whole per cent."""
    variants: Mapping[tuple[str, str], str] = field(default_factory=dict)
    brief_variants: Mapping[tuple[str, str], str] = field(default_factory=dict)
    minor: bool = False
    """Whether teams settle it among themselves: it stands after all that the leadership decides on, and several are one line."""
    confirmed: float = 0.0
    """Fraction of recent work for which people must have said what it serves before "nothing found" means none: the match errs by
    whole streams, and work mistaken for something else is not seen."""

    def judged(self, given: Inputs) -> Outcome:
        """Return what it finds; if that is nothing and too little is confirmed, that it cannot be judged."""
        found = self.find(given)
        if isinstance(found, Unjudged) or found or given.confirmed >= self.confirmed:
            return found
        return Unjudged(
            f"nothing is found, but people confirmed what {100 * given.confirmed:.0f}% of the last weeks' work serves; only from "
            f"{100 * self.confirmed:.0f}% on does that mean that there is none (`leeway streams` asks)"
        )

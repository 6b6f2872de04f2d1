"""What a kind of diagnosis is: how it is found, and its sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.findings.found import Finder, Inputs, Outcome, Unjudged

HAPPENED = frozenset({"fog", "placeholder", "consensus"})
"""Kinds that rest on what happened on items; the others on effort, beliefs and words."""
SOME, HALF = 0.3, 0.5
"""Parts of the last weeks' work that must be confirmed before nothing found means none (benchmarks/findings, real texts)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`asks` is what is to be decided. `variants` are other signals, by the name and the text of the value that calls for them;
    a text of `*` stands for any."""

    title: str
    find: Finder
    signal: str
    insight: str
    reinforcement: str
    asks: str
    brief: str
    parts: bool = True
    """Whether strength and interval are parts of one, shown as whole percent."""
    variants: Mapping[tuple[str, str], str] = field(default_factory=dict)
    brief_variants: Mapping[tuple[str, str], str] = field(default_factory=dict)
    confirmed: float = 0.0
    """Part of the last weeks' work of which people must have said what it serves, before nothing found means that there is none:
    the match errs by whole streams, and what it takes for something else is not seen."""

    def judged(self, given: Inputs) -> Outcome:
        """What it finds; where that is nothing and too little is confirmed, that it cannot be judged."""
        found = self.find(given)
        if isinstance(found, Unjudged) or found or given.confirmed >= self.confirmed:
            return found
        return Unjudged(
            f"nothing is found, but people confirmed what {100 * given.confirmed:.0f}% of the last weeks' work serves; only from "
            f"{100 * self.confirmed:.0f}% on does that mean that there is none (`leeway streams` asks)"
        )

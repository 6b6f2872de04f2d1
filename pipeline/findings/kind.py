"""What a kind of diagnosis is: how it is found, and its sentences."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.findings.found import Finder


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

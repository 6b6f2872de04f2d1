"""The table of what can be found. A kind is a line here and a module that finds it; its sentence is in alerts/sentences.py."""

from pipeline.drift.falls import find_falls, left_fall, same_fall
from pipeline.drift.faults import find_faults, left_fault, same_fault
from pipeline.drift.finding import Audience, Finding
from pipeline.drift.gaps import find_gaps, left_gap
from pipeline.drift.new_levels import find_mixes, find_shifts

KINDS: dict[str, Finding] = {
    "drift": Finding("company", find_falls, same_fall, left_fall),
    "data": Finding("ops", find_faults, same_fault, left_fault),
    "objective": Finding("company", find_shifts),
    "mix": Finding(None, find_mixes),
    "gap": Finding("company", find_gaps, left=left_gap),
}
"""By kind: a fall of the top share, a fault of the data or a team that is gone, a shift between objectives, a change of mix, a
share below its plan. In the order in which they are looked for: a gap is not told where an open fall tells it."""


def audience_of(kind: str) -> Audience | None:
    """Who is notified of a kind of finding; None for nobody."""
    return KINDS[kind].audience if kind in KINDS else None


def kinds_for(audience: Audience) -> list[str]:
    """The kinds of findings that an audience is notified of."""
    return [kind for kind, one in KINDS.items() if one.audience == audience]

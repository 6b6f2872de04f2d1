"""The table of findings. A kind is one line here and a module that finds it; its wording is in alerts/sentences.py."""

from pipeline.drift.falls import find_falls, left_fall, same_fall
from pipeline.drift.faults import find_faults, left_fault, same_fault
from pipeline.drift.finding import Audience, Finding
from pipeline.drift.gaps import find_gaps, left_gap
from pipeline.drift.new_levels import find_mixes, find_shifts
from pipeline.drift.plan_end import PLAN_END, find_end, left_end, same_end

KINDS: dict[str, Finding] = {
    "drift": Finding("company", find_falls, same_fall, left_fall),
    "data": Finding("ops", find_faults, same_fault, left_fault),
    "objective": Finding("company", find_shifts),
    "mix": Finding(None, find_mixes),
    "gap": Finding("company", find_gaps, left=left_gap),
    PLAN_END: Finding("company", find_end, same_end, left_end, also="ops"),
}
"""By kind: a fall of the top share, a data fault or a team that is gone, a shift between objectives, a change of mix, a share
below its plan, a plan that has run out. They are searched in this order: a gap is not reported if an open fall covers it."""


def audiences_of(kind: str) -> tuple[Audience, ...]:
    """Return who is notified of a kind of finding; empty for nobody."""
    found = (KINDS[kind].audience, KINDS[kind].also) if kind in KINDS else ()
    return tuple(one for one in found if one is not None)


def kinds_for(audience: Audience) -> list[str]:
    """Return the kinds of findings that an audience is notified of."""
    return [kind for kind in KINDS if audience in audiences_of(kind)]

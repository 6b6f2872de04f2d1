"""Data faults as findings for ops, open while they last. A team that is gone is reported once."""

from collections.abc import Sequence

from models import Drift
from models.vocabulary import COMPANY
from pipeline.drift.finding import Analysis, End, Found, figures_of, same_noted
from pipeline.drift.turnover import GONE


def find_faults(analysis: Analysis, _: Sequence[Drift]) -> list[Found]:
    """Return every fault that ever became certain, and the teams that are gone."""
    days, found = analysis.detector.seen.days, []
    for fault in analysis.detector.health.faults:
        if fault.told is None:
            continue
        figures = {"start": days[fault.first], "before": fault.before, "after": fault.after}
        end = ("recovered", days[fault.last + 1]) if fault.last < len(days) - 1 else None
        found.append(Found(COMPANY, days[fault.told], figures, fault.what, end))
    for event in analysis.events:
        if event.kind == "data" and event.subject == GONE:
            found.append(Found(event.scope, event.at, figures_of(event), GONE, once=True))
    return found


def same_fault(analysis: Analysis, row: Drift, found: Found) -> int | None:
    """Rank a row as the same fault: same source and start; for a team that is gone, as for any one-off finding."""
    if found.once:
        return same_noted(analysis, row, found)
    same = (row.scope, row.subject, row.start) == (found.scope, found.subject, found.figures["start"])
    return 0 if same else None


def left_fault(analysis: Analysis, row: Drift) -> End:
    """Return the end of a fault that late data removed."""
    return "recovered", analysis.detector.seen.days[-1]

"""A plan that has run out while no other was loaded: told once, over with a register whose period holds."""

from collections.abc import Sequence
from datetime import timedelta

from models import Drift
from models.vocabulary import COMPANY
from pipeline.drift.finding import Analysis, End, Found
from pipeline.register.ended import ran_out

PLAN_END = "plan"
_NAME = 200


def find_end(analysis: Analysis, _: Sequence[Drift]) -> list[Found]:
    """The end of the current plan, where it has passed. The subject is its last day: that is told once."""
    period = analysis.register.period
    if not ran_out(analysis.register, analysis.last):
        return []
    figures = {
        "start": period.end + timedelta(days=1),
        "before": 0.0,
        "after": 0.0,
        "explanation": {"plan": period.name[:_NAME]},
    }
    return [Found(COMPANY, analysis.last, figures, period.end.isoformat())]


def same_end(_: Analysis, row: Drift, found: Found) -> int | None:
    """The same last day. One that a new plan ended is told anew where that plan is taken back."""
    return 0 if row.subject == found.subject and row.ended_on is None else None


def left_end(analysis: Analysis, _: Drift) -> End:
    """Another plan is loaded, or the period goes on."""
    return "replanned", analysis.last

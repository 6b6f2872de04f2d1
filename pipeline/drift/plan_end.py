"""A plan that has run out without a successor: reported once, and over when a register with a current period is loaded."""

from collections.abc import Sequence
from datetime import timedelta

from models import Drift
from models.vocabulary import COMPANY
from pipeline.drift.finding import Analysis, End, Found
from pipeline.register.ended import ran_out

PLAN_END = "plan"
_NAME = 200


def find_end(analysis: Analysis, _: Sequence[Drift]) -> list[Found]:
    """Return the end of the current plan, if it has passed. The subject is its last day, so each end is reported once."""
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
    """Rank a row as the same end: same last day and still open. If a new plan is withdrawn, the end is reported again."""
    return 0 if row.subject == found.subject and row.ended_on is None else None


def left_end(analysis: Analysis, _: Drift) -> End:
    """Return the end of a row after another plan was loaded, or the period extended."""
    return "replanned", analysis.last

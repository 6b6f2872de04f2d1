"""The definition of a kind of finding, and the reconciliation of stored rows with what is found.

The search is deterministic, so reconciliation is idempotent: an open finding gets its newest figures, a new one a row, and one
that is over its end. Notifying people is a separate stage, which looks for rows that nobody was notified of.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import NOTED, OPEN_STATES, Drift
from pipeline.drift.detector import Detector
from pipeline.drift.history import DriftSettings, Event
from pipeline.drift.themes import Theme
from pipeline.register.document import Register

Audience = Literal["company", "ops"]
End = tuple[str, date | None]
"""The state that a finding ends in, and since when it is over."""
SAME = timedelta(days=28)
"""A one-off finding is not repeated within this time of the day it was raised."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the kinds search: the effort and the detector's results up to the day `last`."""

    session: Session
    register: Register
    last: date
    settings: DriftSettings
    detector: Detector
    events: Sequence[Event]
    themes: Sequence[Theme] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One finding: its scope, the day it became certain, the columns of its row, and its end if it is over.

    `row` is its existing row, if the search knows it. `once`: a new level, reported once and never followed.
    """

    scope: str
    raised_on: date
    figures: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    end: End | None = None
    once: bool = False
    row: Drift | None = None


def same_noted(analysis: Analysis, row: Drift, found: Found) -> int | None:
    """Rank a row as the same finding: same scope and subject, around the same day."""
    same = (row.scope, row.subject) == (found.scope, found.subject)
    return 0 if same and abs(row.raised_on - found.raised_on) <= SAME else None


def stays(analysis: Analysis, row: Drift) -> End | None:
    """Leave a row that is no longer found as it is."""
    return None


@dataclass(frozen=True, slots=True)
class Finding:
    """A kind of finding. `audience` is notified; if None, only the digest and the page show it.

    `find` takes the analysis and the rows of its kind, and returns all findings up to the last day, past or open. `same` ranks
    how well a row fits a finding, lower is better; None if it is a different one. `left` returns the end of an open row that is
    no longer found. `also` is a second audience to notify.
    """

    audience: Audience | None
    find: Callable[[Analysis, Sequence[Drift]], Sequence[Found]]
    same: Callable[[Analysis, Drift, Found], int | None] = same_noted
    left: Callable[[Analysis, Drift], End | None] = stays
    also: Audience | None = None


def reconcile(analysis: Analysis, kind: str, finding: Finding) -> None:
    """Reconcile the rows of a kind with what is found."""
    session = analysis.session
    query = select(Drift).where(Drift.kind == kind).order_by(Drift.raised_on, Drift.id)
    rows = list(session.scalars(query))
    left = list(rows)
    for one in finding.find(analysis, rows):
        row = one.row or _fitting(analysis, left, one, finding)
        if row is not None and one.once:
            continue  # already reported
        if row is None:
            row = _row(kind, one)
            session.add(row)
        elif row in left:
            left.remove(row)
        for column, value in one.figures.items():
            setattr(row, column, value)
        if one.end is not None:
            _end(row, one.end)
    for row in left:
        if row.state in OPEN_STATES and (end := finding.left(analysis, row)) is not None:
            _end(row, end)


def _fitting(analysis: Analysis, rows: Sequence[Drift], one: Found, finding: Finding) -> Drift | None:
    ranked = [(rank, place) for place, row in enumerate(rows) if (rank := finding.same(analysis, row, one)) is not None]
    return rows[min(ranked)[1]] if ranked else None


def _row(kind: str, one: Found) -> Drift:
    state = NOTED if one.once else "raised"
    row = Drift(kind=kind, scope=one.scope, subject=one.subject, raised_on=one.raised_on, state=state)
    row.severity, row.low, row.high, row.absorbed_by, row.explanation = "medium", 0.0, 0.0, [], {}
    return row


def _end(row: Drift, end: End) -> None:
    """End a row; one that somebody closed keeps the state they gave it."""
    state, row.ended_on = end
    if row.state in OPEN_STATES:
        row.state = state


def figures_of(event: Event) -> dict[str, Any]:
    """Return the columns of a row for an event of the detector."""
    shares = {name: round(getattr(event, name), 6) for name in ("before", "after", "low", "high")}
    return shares | {
        "severity": event.severity,
        "start": event.start,
        "start_low": event.start_low,
        "start_high": event.start_high,
        "absorbed_by": [list(pair) for pair in event.absorbed_by],
    }

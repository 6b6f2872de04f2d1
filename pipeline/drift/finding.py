"""What a kind of finding is, and how the rows of all kinds are brought into line with what is found.

The search is deterministic, so this is repeated without harm: an open finding gets its newest figures, a new one a row, one
that is over its end. Notifying people is another stage; it looks for rows that nobody was notified of.
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
"""What is said once is not said again within this of the day on which it was."""


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the kinds look into: the effort and what the detector says of it, up to the day `last`."""

    session: Session
    register: Register
    last: date
    settings: DriftSettings
    detector: Detector
    events: Sequence[Event]
    themes: Sequence[Theme] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One finding: where, when it became certain, the columns of its row, and its end where it is over.

    `row` is the row that it has already, where the search knows it. `once`: it is a new level, said once and never followed.
    """

    scope: str
    raised_on: date
    figures: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    end: End | None = None
    once: bool = False
    row: Drift | None = None


def same_noted(analysis: Analysis, row: Drift, found: Found) -> int | None:
    """The same place and subject, about the same day."""
    same = (row.scope, row.subject) == (found.scope, found.subject)
    return 0 if same and abs(row.raised_on - found.raised_on) <= SAME else None


def stays(analysis: Analysis, row: Drift) -> End | None:
    """What is not found any more stays as it is."""
    return None


@dataclass(frozen=True, slots=True)
class Finding:
    """A kind of finding. `audience` is notified, nobody where it is None: then the digest and the page say it.

    `find` takes the analysis and the rows of its kind, and gives what there is to find up to the last day, over or not.
    `same` ranks how well a row fits what was found, less is better; None where it is another one. `left` is the end of an open
    row that is not found any more. `also` is a second audience that is notified.
    """

    audience: Audience | None
    find: Callable[[Analysis, Sequence[Drift]], Sequence[Found]]
    same: Callable[[Analysis, Drift, Found], int | None] = same_noted
    left: Callable[[Analysis, Drift], End | None] = stays
    also: Audience | None = None


def reconcile(analysis: Analysis, kind: str, finding: Finding) -> None:
    """Bring the rows of a kind into line with what is found."""
    session = analysis.session
    query = select(Drift).where(Drift.kind == kind).order_by(Drift.raised_on, Drift.id)
    rows = list(session.scalars(query))
    left = list(rows)
    for one in finding.find(analysis, rows):
        row = one.row or _fitting(analysis, left, one, finding)
        if row is not None and one.once:
            continue  # it was said
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
    """End a row; one that somebody closed keeps the state that they gave it."""
    state, row.ended_on = end
    if row.state in OPEN_STATES:
        row.state = state


def figures_of(event: Event) -> dict[str, Any]:
    """The columns of a row that an event of the detector gives."""
    shares = {name: round(getattr(event, name), 6) for name in ("before", "after", "low", "high")}
    return shares | {
        "severity": event.severity,
        "start": event.start,
        "start_low": event.start_low,
        "start_high": event.start_high,
        "absorbed_by": [list(pair) for pair in event.absorbed_by],
    }

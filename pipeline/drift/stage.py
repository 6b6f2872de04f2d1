"""Walk the detector over the history and bring the drifts in the database into line with what it says.

The detector is deterministic, so this is repeated without harm: an open drift gets its newest figures, a new one a row,
one that has recovered its end. Telling people is another stage; it looks for rows that nobody was told of.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import NOTED, OPEN_STATES, Drift
from models.vocabulary import COMPANY
from pipeline.drift.detector import Detector, DriftSettings, Event
from pipeline.drift.explain import by_team, by_theme, earliest, levels, parts, team_points
from pipeline.drift.gaps import keep_gaps
from pipeline.drift.observations import Observations, Priorities, observe
from pipeline.drift.theme_stage import current_themes, keep_themes
from pipeline.drift.themes import Theme
from pipeline.drift.turnover import GONE
from pipeline.register.document import Register
from pipeline.register.versions import planned_since
from pipeline.share.company import company_dilution
from pipeline.share.dilution import Size

SAME_SHIFT = timedelta(days=28)


def detector_for(
    session: Session,
    register: Register,
    seen: Observations,
    settings: DriftSettings,
    intended: Mapping[str, date] | None = None,
) -> Detector:
    """A detector with the register's priorities since they are what they are now, until the period's end."""
    rank = {objective.key: objective.priority for objective in register.objectives}
    plan = Priorities(planned_since(session, register), rank, register.period.end + timedelta(days=1))
    return Detector(seen, [plan], settings, intended, company_dilution(session, register))


def detectable_points(session: Session, register: Register, last: date, settings: DriftSettings) -> int | None:
    """Points of a fall of the company's top share that is told within eight weeks four times in five; None where unknown."""
    seen = observe(session, register, last)
    part = detector_for(session, register, seen, settings).detectable() if seen is not None else None
    return None if part is None else min(99, round(100 * part))


def intended_starts(session: Session) -> dict[str, date]:
    """By scope, when the last fall began that somebody called intended."""
    meant = (Drift.kind == "drift", Drift.state == "intended")
    rows = session.execute(select(Drift.scope, Drift.start).where(*meant).order_by(Drift.start))
    return {row.scope: row.start for row in rows}


def detect_drift(
    sessions: sessionmaker[Session], register: Register, last: date, settings: DriftSettings, model: str
) -> list[Event]:
    """Look for drift on every day up to `last`; returns the events the history holds, in order."""
    with sessions() as session:
        seen = observe(session, register, last)
        if seen is None:
            return []
        themes = current_themes(session, model, last)
        intended = intended_starts(session)
        detector = detector_for(session, register, seen, settings, intended)
    events = detector.run()
    with sessions.begin() as session:
        keep_themes(session, themes, last)
        _reconcile(session, detector, events, themes)
        _keep_faults(session, detector)
        _keep_noted(session, events)
        keep_gaps(session, register, last, settings)
    return events


def _reconcile(session: Session, detector: Detector, events: Sequence[Event], themes: Sequence[Theme]) -> None:
    since = detector.priorities[-1].start
    kept: dict[tuple[str, str], Drift] = {}
    for drift in session.scalars(select(Drift).where(Drift.kind == "drift").order_by(Drift.raised_on)):
        if drift.raised_on >= since:
            kept[drift.scope, drift.raised_on.isoformat()] = drift
        elif drift.state in OPEN_STATES:  # measured against priorities that hold no more
            drift.state, drift.ended_on = "replanned", since
    last: dict[str, Drift] = {}
    for event in events:
        if event.kind == "drift":
            key = (event.scope, event.at.isoformat())
            found = kept.pop(key, None) or _near(kept, event)
            drift = found or Drift(kind="drift", scope=event.scope, raised_on=event.at, state="raised", explanation={})
            session.add(drift)
            _set(drift, event)
            _end(last.pop(event.scope, None), "deepened", event.at)
            last[event.scope] = drift
        elif event.kind == "recovery":
            _end(last.pop(event.scope, None), "recovered", event.at)
        elif event.kind == "data" and event.subject == GONE:
            _end(last.pop(event.scope, None), "gone", event.at)
    for scope, drift in last.items():
        if scope not in detector.open:
            _end(drift, "replanned", detector.seen.days[-1])  # the period is over
            continue
        current = detector.now(detector.open[scope])
        with session.begin_nested():
            _set(drift, current)
            drift.explanation = _explain(detector, current, themes)
    for drift in kept.values():
        if drift.state in OPEN_STATES:
            drift.state = "superseded"  # with what is known now it would not have been raised


def _end(drift: Drift | None, state: str, day: date) -> None:
    if drift is not None:
        drift.ended_on = day
        if drift.state in OPEN_STATES:
            drift.state = state


def _explain(detector: Detector, event: Event, themes: Sequence[Theme]) -> dict[str, Any]:
    """Themes, teams, the whole decomposition and the earliest signs, for keeping with the drift."""
    seen = detector.seen
    base, span = detector.stretches(event)
    grown = by_theme(themes, seen, event.scope, base, span)
    teams = by_team(seen, detector.priorities[-1].top, base, span) if event.scope == COMPANY else []
    falling = {one.team for one in teams if one.points <= -1}
    # A team whose own fall is open has one start, here and in its own alert.
    starts = {
        team: detector.open[team].start if team in detector.open else detector.begins(people, event)
        for team, people in detector.scopes.items()
        if team in falling
    }
    known = levels(seen, base, span)
    kept = known if event.scope == COMPANY else {event.scope: known[event.scope]} if event.scope in known else {}
    return {
        "levels": kept,
        "themes": grown[:5],
        "teams": team_points(teams),
        "parts": parts(event, grown[:5]),
        "earliest": earliest(starts, grown, event),
        "size": _points(event.size),
        "behaviour": _in_points(event.after - event.before),
        "mix": _in_points(event.mix),
    }


def _points(size: Size | None) -> dict[str, float] | None:
    """The fall as it likely was: `middle` between `low` and `high` with 90 %, at least `certain`."""
    return {name: _in_points(getattr(size, name)) for name in ("middle", "low", "high", "certain")} if size else None


def _in_points(part: float) -> float:
    return round(100 * part, 2)


def _keep_faults(session: Session, detector: Detector) -> None:
    """Data faults: open while they last, told to ops and not to the COO."""
    days = detector.seen.days
    query = select(Drift).where(Drift.kind == "data")
    kept = {(drift.subject, drift.start): drift for drift in session.scalars(query.where(Drift.scope == COMPANY))}
    for fault in detector.health.faults:
        if fault.told is None:
            continue
        drift = kept.pop((fault.what, days[fault.first]), None) or Drift(
            kind="data",
            scope=COMPANY,
            subject=fault.what,
            start=days[fault.first],
            raised_on=days[fault.told],
            low=0.0,
            high=0.0,
            absorbed_by=[],
            state="raised",
            severity="medium",
            explanation={},
        )
        session.add(drift)
        drift.before, drift.after = fault.before, fault.after
        if fault.last < len(days) - 1:
            _end(drift, "recovered", days[fault.last + 1])
    for drift in kept.values():
        if drift.state in OPEN_STATES:
            _end(drift, "recovered", days[-1])  # late data closed the gap


def _keep_noted(session: Session, events: Sequence[Event]) -> None:
    """Shifts between objectives, changes of mix and teams that are gone are said once and have no life: they are the new
    level."""
    query = select(Drift).where(Drift.kind.in_(("objective", "mix")) | (Drift.subject == GONE))
    kept: dict[tuple[str, str, str], list[Drift]] = defaultdict(list)
    for drift in session.scalars(query):
        kept[drift.kind, drift.scope, drift.subject].append(drift)
    for event in events:
        if event.kind not in ("objective", "mix") and event.subject != GONE:
            continue
        if any(abs(known.raised_on - event.at) <= SAME_SHIFT for known in kept[event.kind, event.scope, event.subject]):
            continue
        drift = Drift(
            kind=event.kind, scope=event.scope, subject=event.subject, raised_on=event.at, state=NOTED, explanation={}
        )
        _set(drift, event)
        session.add(drift)


def _near(kept: dict[tuple[str, str], Drift], event: Event) -> Drift | None:
    """New labels or late data move the day of an alarm a little; it is still the same drift."""
    for key, drift in list(kept.items()):
        if drift.scope == event.scope and abs((drift.raised_on - event.at).days) <= 21:
            return kept.pop(key)
    return None


def _set(drift: Drift, event: Event) -> None:
    drift.severity, drift.start = event.severity, event.start
    figures = (event.before, event.after, event.low, event.high)
    drift.before, drift.after, drift.low, drift.high = (round(value, 6) for value in figures)
    drift.start_low, drift.start_high = event.start_low, event.start_high
    drift.absorbed_by = [list(pair) for pair in event.absorbed_by]

"""Walk the detector over the history and bring the drifts in the database into line with what it says.

The detector is deterministic, so this is repeated without harm: an open drift gets its newest figures, a new one a row,
one that has recovered its end. Telling people is another stage; it looks for rows that nobody was told of.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker

from models import OPEN_STATES, Drift, Effort, Match, Person
from models import Theme as ThemeRow
from pipeline.drift import COMPANY, Detector, DriftSettings, Event, Observations, Priorities
from pipeline.explain import by_team, by_theme, team_points
from pipeline.match_stage import load_vectors
from pipeline.register import Register
from pipeline.share_stage import observe
from pipeline.themes import OffGoal, Theme, find_themes
from pipeline.work import Work, load_work

_OFF = 0.5


def detector_for(
    register: Register, seen: Observations, settings: DriftSettings, intended: Mapping[str, date] | None = None
) -> Detector:
    """A detector with the register's priorities for all of the history."""
    rank = {objective.key: objective.priority for objective in register.objectives}
    return Detector(seen, [Priorities(date.min, rank)], settings, intended)


def intended_starts(session: Session) -> dict[str, date]:
    """By scope, when the last fall began that somebody called intended."""
    rows = session.execute(select(Drift.scope, Drift.start).where(Drift.state == "intended").order_by(Drift.start))
    return {row.scope: row.start for row in rows}


def detect_drift(
    sessions: sessionmaker[Session], register: Register, last: date, settings: DriftSettings, model: str
) -> list[Event]:
    """Look for drift on every day up to `last`; returns the events the history holds, in order."""
    with sessions() as session:
        seen = observe(session, register, last)
        if seen is None:
            return []
        themes = _themes(session, model)
        intended = intended_starts(session)
    detector = detector_for(register, seen, settings, intended)
    events = detector.run()
    with sessions.begin() as session:
        _keep_themes(session, themes, last)
        _reconcile(session, detector, events, seen, themes, register)
    return events


def _reconcile(
    session: Session, detector: Detector, events: Sequence[Event], seen: Observations, themes: Sequence[Theme],
    register: Register,
) -> None:  # fmt: skip
    kept: dict[tuple[str, str], Drift] = {}
    for drift in session.scalars(select(Drift).where(Drift.kind == "drift").order_by(Drift.raised_on)):
        kept[drift.scope, drift.raised_on.isoformat()] = drift
    last: dict[str, Drift] = {}
    for event in events:
        if event.kind == "drift":
            key = (event.scope, event.at.isoformat())
            found = kept.pop(key, None) or _near(kept, event)
            drift = found or Drift(kind="drift", scope=event.scope, raised_on=event.at, state="raised", explanation={})
            session.add(drift)
            _set(drift, event)
            last[event.scope] = drift
        elif event.kind == "recovery" and event.scope in last:
            drift = last.pop(event.scope)
            drift.ended_on = event.at
            if drift.state in OPEN_STATES:
                drift.state = "recovered"
    for scope, event in detector.open.items():
        current = detector.now(event)
        drift = last[scope]
        _set(drift, current)
        drift.explanation = {
            "themes": by_theme(themes, seen, current)[:5],
            "teams": team_points(by_team(seen, register.top(), current.start)) if scope == COMPANY else [],
        }
    for drift in kept.values():
        if drift.state in OPEN_STATES:
            drift.state = "superseded"  # with what is known now it would not have been raised


def _near(kept: dict[tuple[str, str], Drift], event: Event) -> Drift | None:
    """New labels or late data move the day of an alarm a little; it is still the same drift."""
    for key, drift in list(kept.items()):
        if drift.scope == event.scope and abs((drift.raised_on - event.at).days) <= 21:
            return kept.pop(key)
    return None


def _set(drift: Drift, event: Event) -> None:
    drift.severity, drift.start = event.severity, event.start
    drift.before, drift.after, drift.low, drift.high = event.before, event.after, event.low, event.high
    drift.absorbed_by = [list(pair) for pair in event.absorbed_by]


def _themes(session: Session, model: str) -> list[Theme]:
    """Cluster the items that most likely serve no key result."""
    none = {item: 1 - sum(p.values()) for item, p in session.execute(select(Match.work_item_id, Match.probabilities))}
    off = {item for item, p in none.items() if p >= _OFF}
    days: dict[int, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    teams: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    query = select(Effort.work_item_id, Effort.day, Effort.person_days, Person.team)
    for item, day, amount, team in session.execute(query.join(Person, Person.id == Effort.person_id)):
        off_goal = amount * none.get(item, 1.0)  # as in the shares: by probability, not by label
        days[item][day] += off_goal
        teams[item][team or ""] += off_goal
    everything = load_work(session)
    titles = {one.item.id: one.item.title for one in everything if one.item.kind == "epic"}
    work = [one for one in everything if one.row in days and one.item.words]
    inside: list[Work] = [one for one in work if one.row in off]
    vectors = load_vectors(session, inside, model)
    items = [
        OffGoal(one.row, one.item.title or one.item.words, one.item.parent or one.item.id,
                titles.get(one.item.parent or one.item.id), days[one.row], teams[one.row])
        for one in inside
    ]  # fmt: skip
    return find_themes(items, np.asarray(vectors), [one.item.words for one in work if one.row not in off])


def _keep_themes(session: Session, themes: Sequence[Theme], last: date) -> None:
    session.execute(delete(ThemeRow))
    since = date.fromordinal(last.toordinal() - 27)
    for theme in themes[:50]:
        recent = sum(amount for day, amount in theme.by_day.items() if day >= since)
        values: dict[str, Any] = {"teams": [list(pair) for pair in theme.teams], "items": list(theme.items)}
        session.add(ThemeRow(name=theme.name[:200], first_day=theme.first_day, person_days=theme.person_days,
                             recent_person_days=recent, **values))  # fmt: skip

"""Themes of the work that serves no key result, found and kept."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models import Effort, Match, Person, Stream, StreamItem, WorkItem
from models import Theme as ThemeRow
from models.session import in_batches
from pipeline.drift.themes import MOST_ITEMS, OffGoal, Theme, find_themes
from pipeline.encode.vectors import load_vectors
from pipeline.items import load_items
from pipeline.register.workdays import monday

_OFF = 0.5
THEMES_OF = timedelta(weeks=26)
GOAL_ITEMS = 1_500
"""Items on key results that tell which words are not telling."""


def current_themes(session: Session, model: str, last: date) -> list[Theme]:
    """Cluster the items that most likely serve no key result, those that most time went into in half a year."""
    since = last - THEMES_OF
    spent = func.sum(Effort.person_days)
    heaviest = (
        select(Effort.work_item_id)
        .join(Match, Match.work_item_id == Effort.work_item_id)
        .join(WorkItem, WorkItem.id == Effort.work_item_id)
        .where(Effort.day >= since)
        .group_by(Effort.work_item_id)
        .order_by(func.round(spent * 1_000_000).desc(), func.min(WorkItem.source), func.min(WorkItem.external_id))
    )
    off = list(session.scalars(heaviest.where(Match.none >= _OFF).limit(MOST_ITEMS)))
    on = list(session.scalars(heaviest.where(Match.none < _OFF).limit(GOAL_ITEMS)))
    days: dict[int, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    teams: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    query = (
        select(Effort.work_item_id, Effort.day, Effort.person_days, Person.team, Match.none)
        .join(Person, Person.id == Effort.person_id)
        .join(Match, Match.work_item_id == Effort.work_item_id)
        .where(Effort.day >= since)
    )
    for some in in_batches(off):
        for item, day, amount, team, none in session.execute(query.where(Effort.work_item_id.in_(some))):
            days[item][day] += amount * none  # as in the shares: by probability, not by label
            teams[item][team or ""] += amount * none
    inside = [one for one in load_items(session, off) if one.item.words]
    streams = _streams(session, off)
    vectors = load_vectors(session, inside, model)
    items = [
        OffGoal(
            one.row,
            one.item.title or one.item.words,
            one.item.parent or one.item.id,
            streams.get(one.row, ""),
            days[one.row],
            teams[one.row],
        )
        for one in inside
    ]
    goal_words = [one.item.words for one in load_items(session, on) if one.item.words]
    return find_themes(items, np.asarray(vectors), goal_words)


def _streams(session: Session, items: Sequence[int]) -> dict[int, str]:
    """The name of each item's stream, by row id."""
    query = select(StreamItem.work_item_id, Stream.name).join(Stream, Stream.id == StreamItem.stream_id)
    found: dict[int, str] = {}
    for some in in_batches(list(items)):
        found |= dict(session.execute(query.where(StreamItem.work_item_id.in_(some))).all())
    return found


def keep_themes(session: Session, themes: Sequence[Theme], last: date) -> None:
    session.execute(delete(ThemeRow))
    since = date.fromordinal(last.toordinal() - 27)
    for theme in themes[:50]:
        recent = sum(amount for day, amount in theme.by_day.items() if day >= since)
        weeks = _by_week(session, theme.items, last)
        values: dict[str, Any] = {
            "weeks": weeks,
            "teams": [list(pair) for pair in theme.teams],
            "items": list(theme.items),
        }
        session.add(
            ThemeRow(
                name=theme.name[:200],
                first_day=theme.first_day,
                person_days=theme.person_days,
                recent_person_days=recent,
                **values,
            )
        )


def _by_week(session: Session, items: Sequence[int], last: date) -> dict[str, dict[str, float]]:
    """Person-days of a theme by team ('' for nobody's) and week, by probability as in the shares."""
    query = (
        select(Effort.day, Person.team, Effort.person_days * Match.none)
        .join(Person, Person.id == Effort.person_id)
        .join(Match, Match.work_item_id == Effort.work_item_id)
        .where(Effort.day >= last - THEMES_OF)
    )
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for some in in_batches(list(items)):
        for day, team, amount in session.execute(query.where(Effort.work_item_id.in_(some))):
            found[team or ""][monday(day).isoformat()] += amount
    return {
        team: {week: round(amount, 3) for week, amount in sorted(weeks.items())}
        for team, weeks in sorted(found.items())
    }

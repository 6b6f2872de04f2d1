"""Find and store the themes of the work that serves no key result."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
from sqlalchemy import case, delete, func, select, union_all
from sqlalchemy.orm import Session

from models import Effort, Match, Person, Stream, StreamItem, WorkItem
from models import Theme as ThemeRow
from models.columns import plain
from models.session import in_batches
from pipeline.drift.themes import MOST_ITEMS, OffGoal, Theme, find_themes
from pipeline.effort.load import whole_since
from pipeline.encode.vectors import load_vectors
from pipeline.items import load_items
from pipeline.register.membership import stay_of_effort
from pipeline.register.workdays import monday
from pipeline.share.floor import NOBODY, pooled, shown

_OFF = 0.5
THEMES_OF = timedelta(weeks=26)
MOST_THEMES = 50
GOAL_ITEMS = 1_500
"""Number of items on key results whose words are too common to characterise a theme."""


def current_themes(session: Session, model: str, last: date, least_people: int) -> list[Theme]:
    """Cluster the items that most likely serve no key result, taking those with the most effort in the last half year.

    The privacy floor applies: a theme on which fewer than `least_people` worked is not shown, nor is a team's part of one; their
    effort counts towards the rest.
    """
    since = last - THEMES_OF
    off, on = _heaviest(session, since)
    days, teams, workers = _worked_on(session, off, since)
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
    found = find_themes(items, np.asarray(vectors), goal_words)
    return [allowed for theme in found if (allowed := _allowed(theme, workers, least_people)) is not None]


def _heaviest(session: Session, since: date) -> tuple[list[int], list[int]]:
    """Return the items with the most effort since then: those that most likely serve no key result, and those that serve one."""
    amount = func.round(func.sum(Effort.person_days) * 1_000_000).label("amount")
    # Aggregate before joining: an item has dozens of daily rows.
    spent = select(Effort.work_item_id, amount).where(Effort.day >= since).group_by(Effort.work_item_id).cte("spent")
    heaviest = (
        select(spent.c.work_item_id, (Match.none >= _OFF).label("off"))
        .join(Match, Match.work_item_id == spent.c.work_item_id)
        .join(WorkItem, WorkItem.id == spent.c.work_item_id)
        .order_by(spent.c.amount.desc(), WorkItem.source, WorkItem.external_id)
    )
    parts = ((Match.none >= _OFF, MOST_ITEMS), (Match.none < _OFF, GOAL_ITEMS))
    both = union_all(*(select(heaviest.where(which).limit(most).subquery()) for which, most in parts))
    rows = session.execute(both).all()
    return [id_ for id_, is_off in rows if is_off], [id_ for id_, is_off in rows if not is_off]


def _worked_on(
    session: Session, off: Sequence[int], since: date
) -> tuple[dict[int, dict[date, float]], dict[int, dict[str, float]], dict[int, set[tuple[str, int]]]]:
    """Return by item: person-days off the key results by day and by team, and the (team, person) pairs who worked on it."""
    days: dict[int, dict[date, float]] = defaultdict(lambda: defaultdict(float))
    teams: dict[int, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    workers: dict[int, set[tuple[str, int]]] = defaultdict(set)
    forgotten = set(session.scalars(select(Person.id).where(Person.forgotten)))
    stay, on_its_days = stay_of_effort()
    query = (
        select(Effort.work_item_id, Effort.day, Effort.person_days, stay.c.team, Match.none, Effort.person_id)
        .outerjoin(stay, on_its_days)
        .join(Match, Match.work_item_id == Effort.work_item_id)
        .where(Effort.day >= since)
    )
    for some in in_batches(off):
        for item, day, amount, team, none, person in plain(session, query.where(Effort.work_item_id.in_(some))):
            days[item][day] += amount * none  # as in the shares: by probability, not by label
            teams[item][team or ""] += amount * none
            if amount > 0 and person not in forgotten:
                workers[item].add((team or "", person))
    return days, teams, workers


def _allowed(theme: Theme, workers: Mapping[int, set[tuple[str, int]]], least_people: int) -> Theme | None:
    """Return the theme with the teams that may be shown; None if the theme itself may not be."""
    by_team: dict[str, set[int]] = defaultdict(set)
    for team, person in {pair for item in theme.items for pair in workers[item]}:
        by_team[team].add(person)
    whole, teams = shown({one for some in by_team.values() for one in some}, by_team, least_people)
    return replace(theme, teams=tuple(pair for pair in theme.teams if pair[0] in teams)) if whole else None


def _streams(session: Session, items: Sequence[int]) -> dict[int, str]:
    """Return the name of each item's stream, by row id."""
    query = select(StreamItem.work_item_id, Stream.name).join(Stream, Stream.id == StreamItem.stream_id)
    found: dict[int, str] = {}
    for some in in_batches(list(items)):
        found |= dict(session.execute(query.where(StreamItem.work_item_id.in_(some))).all())
    return found


def keep_themes(session: Session, themes: Sequence[Theme], last: date, least_people: int) -> None:
    """Replace the stored themes with the first MOST_THEMES of these, with person-days by week and team."""
    session.execute(delete(ThemeRow))
    since = monday(last - timedelta(days=27))
    for theme in themes[:MOST_THEMES]:
        weeks = _by_week(session, theme, last, least_people)
        recent = sum(
            days for some in weeks.values() for week, days in some.items() if date.fromisoformat(week) >= since
        )
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


def _by_week(session: Session, theme: Theme, last: date, least_people: int) -> dict[str, dict[str, float]]:
    """Return person-days of a theme by team ('' for teams that may not be shown) and week, weighted by probability."""
    stay, on_its_days = stay_of_effort()
    who = case((Person.forgotten, NOBODY), else_=Effort.person_id)
    query = (
        select(Effort.day, stay.c.team, who, Effort.person_days * Match.none)
        .join(Person, Person.id == Effort.person_id)
        .outerjoin(stay, on_its_days)
        .join(Match, Match.work_item_id == Effort.work_item_id)
        .where(Effort.day >= max(monday(last - THEMES_OF), whole_since(session) or date.min))
    )
    named = {team for team, _ in theme.teams}
    cells: dict[str, dict[date, dict[int, float]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    for some in in_batches(list(theme.items)):
        for day, team, person, amount in session.execute(query.where(Effort.work_item_id.in_(some))):
            cells[team if team in named else ""][monday(day)][person] += amount
    return {
        team: {week.isoformat(): round(amount, 3) for week, amount in pooled(some, least_people).items()}
        for team, some in sorted(cells.items())
    }

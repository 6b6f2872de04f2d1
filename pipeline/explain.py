"""What took the place of the work that fell: by theme and by team, in points that add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from pipeline.drift import BASE_MOST, COMPANY, Event, Observations
from pipeline.themes import Theme


@dataclass(frozen=True, slots=True)
class TeamChange:
    """A team's own top share before and after, and the points that it adds to the scope's change."""

    team: str
    before: float
    after: float
    points: float


def by_team(seen: Observations, top: frozenset[str], start: date) -> list[TeamChange]:
    """Shift-share: each team's part of the company's change; the parts add up to the whole change exactly."""
    first = sum(day < start for day in seen.days)
    base, span = slice(max(0, first - BASE_MOST), first), slice(first, None)
    rows = np.array([key in top for key in [*seen.objectives, ""]])
    found = []
    all0, all1 = seen.total[:, base].sum(), seen.total[:, span].sum()
    if all0 <= 0 or all1 <= 0:
        return []
    for team in sorted(set(seen.teams)):
        people = np.array([name == team for name in seen.teams])
        total0, total1 = seen.total[people][:, base].sum(), seen.total[people][:, span].sum()
        top0, top1 = seen.effort[rows][:, people][:, :, base].sum(), seen.effort[rows][:, people][:, :, span].sum()
        found.append(TeamChange(
            team, float(top0 / total0) if total0 else 0.0, float(top1 / total1) if total1 else 0.0,
            float(100 * (top1 / all1 - top0 / all0)),
        ))  # fmt: skip
    return sorted(found, key=lambda change: change.points)


def by_theme(themes: Sequence[Theme], seen: Observations, event: Event) -> list[dict[str, Any]]:
    """Themes that grew, in points of the scope's effort, with the teams that work on them."""
    first = sum(day < event.start for day in seen.days)
    base = dict.fromkeys(seen.days[max(0, first - BASE_MOST) : first], True)
    span = dict.fromkeys(seen.days[first:], True)
    people = np.array([event.scope in (COMPANY, team) for team in seen.teams])
    all0 = seen.total[people][:, max(0, first - BASE_MOST) : first].sum()
    all1 = seen.total[people][:, first:].sum()
    found: list[dict[str, Any]] = []
    for theme in themes:
        part = 1.0
        if event.scope != COMPANY:
            part = dict(theme.teams).get(event.scope, 0.0) / max(theme.person_days, 1e-9)
        before = part * sum(v for day, v in theme.by_day.items() if day in base)
        after = part * sum(v for day, v in theme.by_day.items() if day in span)
        points = 100 * (after / all1 - before / all0) if all0 and all1 else 0.0
        teams = [team for team, days in theme.teams if days >= 0.1 * theme.person_days]
        found.append({"name": theme.name, "points": round(points, 1), "teams": teams, "examples": list(theme.examples),
                      "person_days": round(after, 1)})  # fmt: skip
    return sorted((row for row in found if row["points"] >= 0.5), key=lambda row: -row["points"])


def team_points(changes: Sequence[TeamChange]) -> list[dict[str, Any]]:
    """For keeping with the drift."""
    return [{"team": c.team, "before": round(c.before, 4), "after": round(c.after, 4), "points": round(c.points, 2)}
            for c in changes]  # fmt: skip

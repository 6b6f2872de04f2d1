"""Explain what replaced the work that fell: by team, objective and theme, in points that sum to the fall exactly.

The simplest form of shift-share analysis: each component's share of the effort since the start minus its share before, on the
same days and people as the event's own shares (composition.py). What the top priorities lose, something else gains, so the
components are a decomposition and not separate estimates.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from models.vocabulary import COMPANY
from pipeline.drift.composition import common, own_shares
from pipeline.drift.detector import Event
from pipeline.drift.observations import Observations
from pipeline.drift.sums import Positions
from pipeline.drift.themes import Theme
from pipeline.share.floor import shown
from pipeline.share.undiluted import in_bounds

LEAST_POINTS = 0.5
"""A theme that gained less is part of the rest; a team that lost less is not named."""
MOST_TEAMS = 4
"""Most teams that a company alert names."""


@dataclass(frozen=True, slots=True)
class TeamChange:
    """A team's own top share before and after, and its contribution to the scope's change in points."""

    team: str
    before: float
    after: float
    points: float


def teams_to_show(seen: Observations, base: Positions, span: Positions, least_people: int) -> set[str]:
    """Return the teams that may be shown: enough people worked before and since, and the company minus all shown teams is not a
    few people either."""
    worked: dict[str, set[int | str]] = {}
    there = (seen.total[:, base].sum(1) > 0) & (seen.total[:, span].sum(1) > 0)
    for row in np.flatnonzero(there).tolist():
        worked.setdefault(seen.teams[row], set()).add(seen.people[row] if len(seen.people) else row)
    return set(shown(set().union(*worked.values()), worked, least_people)[1])


def by_team(
    seen: Observations, top: frozenset[str], base: Positions, span: Positions, told: Set[str] | None = None
) -> list[TeamChange]:
    """Return each team's contribution to the company's fall, largest first, for the same people in the same teams; they sum
    exactly.

    Teams not in `told` are merged into one without a name.
    """
    rows = np.array([key in top for key in seen.names])
    whole0, whole1 = (seen.total[:, days].sum(1) for days in (base, span))
    top0, top1 = (seen.effort[rows][:, :, days].sum((0, 2)) for days in (base, span))
    weights = common(whole0, whole1).weights
    own0, own1 = own_shares(top0, whole0), own_shares(top1, whole1)
    found, teams = [], [team if told is None or team in told else "" for team in seen.teams]
    for team in sorted(set(teams)):
        mine = weights * np.array([name == team for name in teams])
        part = float(mine.sum())
        if part > 0:  # a team without work on both sides has no share to compare
            before, after = float(mine @ own0), float(mine @ own1)
            found.append(TeamChange(team, before / part, after / part, 100 * (after - before)))
    return sorted(found, key=lambda change: change.points)


def levels(
    seen: Observations, base: Positions, span: Positions, top: frozenset[str], told: Set[str]
) -> dict[str, dict[str, list[float]]]:
    """Return each objective's share ('' for none) before and since, for the company and each team shown; displayed everywhere.

    The shares are of the same people in the same teams, as the event's own.
    """
    found = {}
    for scope in (COMPANY, *sorted(told)):
        people = np.array([scope in (COMPANY, team) for team in seen.teams])
        sums = [seen.effort[:, people][:, :, part].sum(2) for part in (base, span)]
        whole = [one.sum(0) for one in sums]
        same = common(*whole)
        if same.mass > 0:
            before, since = (
                _level(dict(zip(seen.names, (same.weights * own_shares(one, all_)).sum(1).tolist(), strict=True)), top)
                for one, all_ in zip(sums, whole, strict=True)
            )
            found[scope] = {name: [round(before[name], 6), round(since[name], 6)] for name in seen.names}
    return found


def _level(shares: Mapping[str, float], top: frozenset[str]) -> dict[str, float]:
    return in_bounds(shares, top, sum(share for name, share in shares.items() if name in top))


def by_theme(
    themes: Sequence[Theme], seen: Observations, scope: str, base: Positions, span: Positions
) -> list[dict[str, Any]]:
    """Return themes that grew, in points of the scope's effort, largest first, with the teams that worked on them."""
    people = np.array([scope in (COMPANY, team) for team in seen.teams])
    all0, all1 = seen.total[people][:, base].sum(), seen.total[people][:, span].sum()
    days0, days1 = ({seen.days[p] for p in part} for part in (base, span))
    found: list[dict[str, Any]] = []
    for theme in themes:
        part = 1.0
        if scope != COMPANY:
            part = dict(theme.teams).get(scope, 0.0) / max(theme.person_days, 1e-9)
        before = part * sum(v for day, v in theme.by_day.items() if day in days0)
        after = part * sum(v for day, v in theme.by_day.items() if day in days1)
        points = 100 * (after / all1 - before / all0) if all0 and all1 else 0.0
        teams = [team for team, days in theme.teams if days >= 0.1 * theme.person_days] if scope == COMPANY else [scope]
        found.append(
            {
                "name": theme.name,
                "points": round(points, 2),
                "teams": teams,
                "examples": list(theme.examples),
                "person_days": round(after, 1),
                "first_day": theme.first_day.isoformat(),
            }
        )
    return sorted((row for row in found if row["points"] >= LEAST_POINTS), key=lambda row: -row["points"])


def parts(event: Event, themes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Decompose the whole fall in points: themes, the other objectives, and the rest that serves none. They sum to the fall.

    `themes` are rows of `by_theme` on the event's days.
    """
    gained = dict(event.absorbed_by)
    rows = [{"kind": "theme", "name": row["name"], "points": row["points"]} for row in themes]
    rows += [{"kind": "objective", "name": key, "points": points} for key, points in gained.items() if key]
    fall = 100 * (event.before - event.after)
    rest = fall - sum(float(row["points"]) for row in rows)
    return [*rows, {"kind": "rest", "name": "", "points": round(rest, 4)}]


def earliest(
    starts: Mapping[str, date | None], themes: Sequence[Mapping[str, Any]], event: Event
) -> list[dict[str, Any]]:
    """Return the first signs, in order: the team whose own fall began first, and the theme that appeared first.

    `starts` is by team, only for teams that may be named.
    """
    known = [(day, team) for team, day in starts.items() if day is not None]
    found = [{"kind": "team", "name": team, "since": day.isoformat()} for day, team in sorted(known)[:1]]
    fresh = [(date.fromisoformat(row["first_day"]), row["name"]) for row in themes[:3]]
    fresh = [pair for pair in fresh if abs((pair[0] - event.start).days) <= 42]
    found += [{"kind": "theme", "name": name, "since": day.isoformat()} for day, name in sorted(fresh)[:1]]
    return sorted(found, key=lambda row: row["since"])


def named_teams(explanation: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return, by key, the rows of the teams that a company alert names. Any of them may be too small to show."""
    rows = explanation.get("teams", [])[:MOST_TEAMS]
    return {row["team"]: row for row in rows if row["points"] <= -LEAST_POINTS}


def team_points(changes: Sequence[TeamChange]) -> list[dict[str, Any]]:
    """Return the changes as rounded rows to store with the drift."""
    return [
        {"team": c.team, "before": round(c.before, 4), "after": round(c.after, 4), "points": round(c.points, 2)}
        for c in changes
    ]

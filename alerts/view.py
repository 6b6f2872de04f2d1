"""What an alert says, before it is Slack's or a mail's: figures in points, names from the register, nothing of people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from models import Drift
from pipeline.register import Register

_THEMES = 3
_TEAMS = 4


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team's own share before and after, in percent, and what it adds to the change, in points."""

    name: str
    before: int
    after: int
    points: float


@dataclass(frozen=True, slots=True)
class ThemeLine:
    """What took the place: a theme's name, points, teams and one example."""

    name: str
    points: float
    teams: tuple[str, ...]
    example: str


@dataclass(frozen=True, slots=True)
class AlertView:
    """Everything that is shown, in the order of reading. The themes' points and `rest` add up to the fall."""

    headline: str
    size: str
    confidence: str
    themes: tuple[ThemeLine, ...]
    rest: float
    objectives: tuple[tuple[str, float], ...]
    teams: tuple[TeamLine, ...]
    decision: str
    coverage: str
    start: date


def view(drift: Drift, register: Register, coverage: float, least_people: int) -> AlertView:
    """Put a drift into words. Teams smaller than `least_people` are folded into one line."""
    names = {team.key: team.name for team in register.teams}
    whole = drift.scope == "company"
    who = "Work" if whole else f"{names.get(drift.scope, drift.scope)}: work"
    change = f"{_percent(drift.before)} to {_percent(drift.after)}"
    headline = f"{who} on the top three objectives fell from {change} since {_day(drift.start)}"
    fall = 100 * (drift.before - drift.after)
    size = (f"About {fall:.0f} points of {'the company' if whole else 'the team'}'s observed work moved away "
            f"(with 90 % confidence between {-100 * drift.high:.0f} and {-100 * drift.low:.0f}).")  # fmt: skip
    themes = tuple(
        ThemeLine(
            row["name"], row["points"], tuple(names.get(t, t) for t in row["teams"]), next(iter(row["examples"]), "")
        )
        for row in drift.explanation.get("themes", [])[:_THEMES]
    )
    return AlertView(
        headline, size, _confidence(drift), themes, fall - sum(t.points for t in themes), _objectives(drift, register),
        _teams(drift.explanation.get("teams", []), register, least_people), _decision(themes, whole),
        f"Based on {100 * coverage:.0f} % of the expected person-days of the last four weeks.", drift.start,
    )  # fmt: skip


def _objectives(drift: Drift, register: Register) -> tuple[tuple[str, float], ...]:
    titles = {objective.key: objective.title for objective in register.objectives}
    found = [(titles.get(key, "Work that serves no objective"), float(points)) for key, points in drift.absorbed_by]
    return tuple(pair for pair in found if pair[1] >= 0.5)


def _teams(rows: Sequence[Mapping[str, Any]], register: Register, least_people: int) -> tuple[TeamLine, ...]:
    sizes = {team.key: len(team.members) for team in register.teams}
    names = {team.key: team.name for team in register.teams}
    large = [row for row in rows if sizes.get(row["team"], 0) >= least_people and row["points"] <= -0.5]
    return tuple(
        TeamLine(
            names.get(row["team"], row["team"]), round(100 * row["before"]), round(100 * row["after"]), row["points"]
        )
        for row in large[:_TEAMS]
    )


def _decision(themes: Sequence[ThemeLine], whole: bool) -> str:
    if not themes:
        return "Nothing single took its place. Are the priorities still right, and do the teams know them?"
    named = " and ".join(f"“{theme.name}”" for theme in themes[:2])
    teams = list(dict.fromkeys(team for theme in themes[:2] for team in theme.teams))[:3]
    ask = f" The leads of {', '.join(teams)} can say what stopping would cost." if teams else ""
    return f"Continue, reshape or stop {named}?{ask}" if whole else f"Is {named} worth what it displaces?{ask}"


def _confidence(drift: Drift) -> str:
    """From how far the interval stays away from no change."""
    away = -drift.high / max(drift.before - drift.after, 1e-9)
    if away > 0.5:
        return "Confidence: high."
    return "Confidence: fair." if away > 0.25 else "Confidence: moderate; the next week will tell more."


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _day(day: date) -> str:
    return f"{day.day} {day:%B}"

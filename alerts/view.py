"""What an alert says, before it is Slack's or a mail's: figures in points, names from the register, nothing of people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from models import Drift
from pipeline.register.document import Register

_THEMES = 3
_TEAMS = 4
_LEAST_POINTS = 0.5
"""What a team must add to the company's fall to have a line."""


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
    """Everything that is shown, in the order of reading: signal, insight, what took the place, what to decide.

    The themes' points and `rest` add up to the fall.
    """

    headline: str
    size: str
    confidence: str
    insight: str
    themes: tuple[ThemeLine, ...]
    rest: float
    objectives: tuple[tuple[str, float], ...]
    teams: tuple[TeamLine, ...]
    earliest: str
    decision: str
    coverage: str
    start: date


@dataclass(frozen=True, slots=True)
class Observed:
    """What the figures rest on in the last four weeks: coverage as a part of one, and person-days a week."""

    coverage: float = 0.0
    person_days: float = 0.0


def view(drift: Drift, register: Register, observed: Observed, least_people: int) -> AlertView:
    """Put a drift into words. Teams smaller than `least_people` are not named."""
    names = {team.key: team.name for team in register.teams}
    whole = drift.scope == "company"
    who = "Work" if whole else f"{names.get(drift.scope, drift.scope)}: work"
    headline = f"{who} on the top three objectives {fell(drift.before, drift.after, drift.start)}"
    fall = 100 * (drift.before - drift.after)
    size = (f"About {fall:.0f} points of {'the company' if whole else 'the team'}'s observed work moved away "
            f"(with 90 % confidence between {-100 * drift.high:.0f} and {-100 * drift.low:.0f}).{_began(drift)}")  # fmt: skip
    themes = tuple(
        ThemeLine(
            row["name"], row["points"], tuple(names.get(t, t) for t in row["teams"]), next(iter(row["examples"]), "")
        )
        for row in drift.explanation.get("themes", [])[:_THEMES]
    )
    explained = drift.explanation
    return AlertView(
        headline, size, _confidence(drift), _insight(fall, observed, themes), themes, fall - sum(t.points for t in themes),
        _objectives(drift, register), _teams(explained.get("teams", []), register, least_people),
        _earliest(explained.get("earliest", []), register, least_people), _decision(themes, whole),
        f"Based on {100 * observed.coverage:.0f} % of the expected person-days of the last four weeks.", drift.start,
    )  # fmt: skip


def fell(before: float, after: float, start: date) -> str:
    """From which share to which, since when."""
    return f"fell from {_percent(before)} to {_percent(after)} since {_day(start)}"


def _began(drift: Drift) -> str:
    if drift.start_low is None or drift.start_high is None or drift.start_low == drift.start_high:
        return ""
    return f" It began between {_day(drift.start_low)} and {_day(drift.start_high)}."


def _insight(fall: float, observed: Observed, themes: Sequence[ThemeLine]) -> str:
    """One plain sentence of what it means."""
    days = fall / 100 * observed.person_days
    amount = f"About {days:.0f} person-days a week" if days >= 1.5 else "Less work"
    verb = "no longer go" if days >= 1.5 else "goes"
    named = _worth_deciding(themes)
    if named and sum(theme.points for theme in named) >= fall / 2:
        return f"{amount} {verb} to the top three; most of it goes to {_quoted(named)}, which no objective asks for."
    if sum(theme.points for theme in themes) >= fall / 2:
        return f"{amount} {verb} to the top three; most of it goes to work that no objective asks for."
    return f"{amount} {verb} to the top three. No single piece of work took the place."


def _earliest(rows: Sequence[Mapping[str, Any]], register: Register, least_people: int) -> str:
    """The first signs, where there were any that can be named."""
    large = {team.key: team.name for team in register.teams if len(team.members) >= least_people}
    signs = []
    for row in rows:
        day = _day(date.fromisoformat(row["since"]))
        if row["kind"] == "theme":
            signs.append(f"“{row['name']}” appeared on {day}")
        elif row["name"] in large:
            signs.append(f"{large[row['name']]} fell from {day} on")
    return f"First signs: {'; '.join(signs)}." if signs else ""


def shift_text(drift: Drift, register: Register) -> str:
    """A shift between objectives in two sentences."""
    titles = {objective.key: objective.title for objective in register.objectives}
    gained = [titles[key] for key, points in drift.absorbed_by if key in titles and points >= 1][:2]
    change = f"{_percent(drift.before)} to {_percent(drift.after)} of the work since {_day(drift.start)}"
    took = f"; “{'” and “'.join(gained)}” took its place" if gained else ""
    lost = titles.get(drift.subject, drift.subject)
    return f"“{lost}” fell from {change}{took}. The share of the top three together stands."


def fault_text(drift: Drift) -> str:
    """A fault of the data, for ops: what, since when, what it means, where to look."""
    held = "These days are not used, and no drift is raised on them."
    if drift.subject == "coverage":
        change = f"{_percent(drift.before)} to {_percent(drift.after)} since {_day(drift.start)}"
        return f"Coverage fell from {change}. {held} `leeway status` shows which source lags."
    change = f"{drift.after:.1f} person-days a day instead of {drift.before:.1f}"
    return f"{drift.subject} has been almost silent since {_day(drift.start)}: {change}. {held} `leeway check` tries the source."


def _objectives(drift: Drift, register: Register) -> tuple[tuple[str, float], ...]:
    titles = {objective.key: objective.title for objective in register.objectives}
    found = [(titles.get(key, "Work that serves no objective"), float(points)) for key, points in drift.absorbed_by]
    return tuple(pair for pair in found if abs(pair[1]) >= 0.05)


def named_teams(drift: Drift) -> dict[str, Mapping[str, Any]]:
    """Rows of the teams that a company's alert names, whatever teams are too small to be shown, by the team's key."""
    rows = drift.explanation.get("teams", [])[:_TEAMS]
    return {row["team"]: row for row in rows if row["points"] <= -_LEAST_POINTS}


def _teams(rows: Sequence[Mapping[str, Any]], register: Register, least_people: int) -> tuple[TeamLine, ...]:
    sizes = {team.key: len(team.members) for team in register.teams}
    names = {team.key: team.name for team in register.teams}
    large = [row for row in rows if sizes.get(row["team"], 0) >= least_people and row["points"] <= -_LEAST_POINTS]
    return tuple(
        TeamLine(
            names.get(row["team"], row["team"]), round(100 * row["before"]), round(100 * row["after"]), row["points"]
        )
        for row in large[:_TEAMS]
    )


_WORTH_DECIDING = 0.25
"""A second theme is asked about where it is this part of the first."""


def _worth_deciding(themes: Sequence[ThemeLine]) -> list[ThemeLine]:
    return [theme for theme in themes[:2] if theme.points >= _WORTH_DECIDING * themes[0].points]


def _quoted(themes: Sequence[ThemeLine]) -> str:
    return " and ".join(f"“{theme.name}”" for theme in themes)


def _decision(themes: Sequence[ThemeLine], whole: bool) -> str:
    if not themes:
        return "Nothing single took its place. Are the priorities still right, and do the teams know them?"
    asked = _worth_deciding(themes)
    named = _quoted(asked)
    teams = list(dict.fromkeys(team for theme in asked for team in theme.teams))[:3]
    ask = f" The leads of {', '.join(teams)} can say what stopping would cost." if teams else ""
    if whole:
        return f"Continue, reshape or stop {named}?{ask}"
    question = f"Are {named} worth what they displace?" if len(asked) > 1 else f"Is {named} worth what it displaces?"
    return f"{question}{ask}"


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

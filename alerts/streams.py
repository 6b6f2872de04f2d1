"""Streams of work on no objective, as people see them: named, with person-days of one window, the last four complete weeks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.weeks import RECENT_WEEKS, WEEK, complete_through, last_week
from alerts.words import day
from models import Effort, Theme, ThemeAnswer
from models.vocabulary import COMPANY
from pipeline.drift.theme_stage import THEMES_OF
from pipeline.register.document import Register
from pipeline.streams.naming import of_largest


@dataclass(frozen=True, slots=True)
class Stream:
    """`days` are person-days of the window; `weeks` those of each week of half a year, by Monday. `teams` are those that may be
    named, by key, the busiest first. `said` is what leads said about it. `before` is there of a stream that was worked on when
    what is known of work begins: it is older than this day, and nobody knows how much."""

    name: str
    since: date
    days: float
    teams: Mapping[str, str]
    weeks: Mapping[date, float]
    items: tuple[int, ...]
    said: str
    before: date | None = None

    def is_called(self, name: str) -> bool:
        """Whether it is the one of that name, also where more has come to it since, or less is left."""
        return of_largest(self.name) == of_largest(name)

    @property
    def total(self) -> float:
        """Person-days of half a year."""
        return sum(self.weeks.values())


def window(session: Session) -> tuple[date, date] | None:
    """First and last day of the last four complete weeks; None where there are no shares yet."""
    week = last_week(session, COMPANY)
    return None if week is None else (week - (RECENT_WEEKS - 1) * WEEK, week + timedelta(days=6))


def window_text(days: tuple[date, date] | None) -> str:
    """28 October to 24 November"""
    return f"{day(days[0])} to {day(days[1])}" if days else "the last four weeks"


def streams(
    session: Session,
    register: Register,
    scope: str = COMPANY,
    least_people: int = 5,
    span: tuple[date, date] | None = None,
) -> list[Stream]:
    """The streams that the company, or a team, works on, the largest of the window, or of the days of `span`, first."""
    span = span or window(session)
    large = {team.key: team.name for team in register.large_teams(least_people)}
    answers, found = _answers(session), []
    through = complete_through(session)
    begun = known_since(session, through - THEMES_OF if through else date.min)
    for theme in session.scalars(select(Theme)):
        by_team = {
            team: {date.fromisoformat(w): float(d) for w, d in weeks.items()} for team, weeks in theme.weeks.items()
        }
        mine = by_team if scope == COMPANY else {scope: by_team.get(scope, {})}
        weeks = _summed(mine.values())
        if not any(amount > 0 for amount in weeks.values()):
            continue
        days = {team: _within(one, span) for team, one in by_team.items()}
        busiest = sorted(
            (team for team in days if team in large and days[team] >= 1), key=lambda team: (-days[team], team)
        )
        found.append(
            Stream(
                theme.name,
                theme.first_day,
                _within(weeks, span),
                {team: large[team] for team in busiest},
                weeks,
                tuple(theme.items),
                ", ".join(answers.get(of_largest(theme.name), ())),
                begun if begun is not None and theme.first_day < begun else None,
            )
        )
    return sorted(found, key=lambda stream: (-stream.days, -stream.total, stream.name))


def _summed(parts: Iterable[Mapping[date, float]]) -> dict[date, float]:
    weeks: dict[date, float] = {}
    for one in parts:
        for week, amount in one.items():
            weeks[week] = weeks.get(week, 0.0) + amount
    return weeks


def known_since(session: Session, earliest: date = date.min) -> date | None:
    """The day after the first week of work that is known, from `earliest` on: what was there in that week is older than that."""
    first = session.scalar(select(func.min(Effort.day)))
    return None if first is None else max(first, earliest) + WEEK


def _answers(session: Session) -> dict[str, list[str]]:
    """What was said of each stream, and by whom."""
    found: dict[str, list[str]] = {}
    for row in session.scalars(select(ThemeAnswer).order_by(ThemeAnswer.theme, ThemeAnswer.by)):
        found.setdefault(row.theme, []).append(f"{row.answer} ({row.by})")
    return found


def _within(weeks: Mapping[date, float], span: tuple[date, date] | None) -> float:
    return sum(amount for week, amount in weeks.items() if span is None or span[0] <= week <= span[1])

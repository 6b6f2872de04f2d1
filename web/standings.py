"""How a scope stands in the days that somebody asks about: for the page and for assistants."""

from collections.abc import Sequence
from datetime import date

from fastapi import HTTPException
from sqlalchemy.orm import Session

from alerts.figures import Standing, standing
from alerts.weeks import last_week
from pipeline.register.document import Register
from web import reading
from web.frame import NotYet

NO_FIGURES = (
    "There are no figures yet. They come with the first complete cycle; `leeway status` shows what it is waiting for."
)


def standing_in(
    session: Session, register: Register, scope: str, path: str, since: date | None, until: date | None
) -> tuple[reading.Period, Standing]:
    """The period that is shown at `path` and how the scope stands in it. Raises HTTPException where there are no figures."""
    last = last_week(session, scope)
    if last is None:
        raise NotYet(NO_FIGURES)
    period = reading.period(path, register, last, since, until)
    found = standing_of(session, register, scope, period)
    if found is None:
        raise HTTPException(404, "There are no figures for these days. Choose others.")
    return period, found


def teams_beside(
    session: Session, register: Register, names: Sequence[tuple[str, str]], period: reading.Period, week: date
) -> tuple[list[Standing], list[Standing]]:
    """The teams that have figures of this week, and those whose figures are of an earlier one: a team that is gone, or of
    which fewer worked, stands beside no other."""
    found = [one for key, _ in names if (one := standing_of(session, register, key, period)) is not None]
    return [one for one in found if one.week >= week], [one for one in found if one.week < week]


def standing_of(session: Session, register: Register, scope: str, period: reading.Period) -> Standing | None:
    """How the scope stands in a period; None where it has no shares."""
    return standing(session, register, scope, span=(period.since, period.until) if period.chosen else None)

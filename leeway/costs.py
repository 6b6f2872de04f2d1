"""What objectives cost in a month, for capitalisation: person-days by team and objective, times the teams' blended day rates.

Based on the weekly shares shown everywhere, so teams and weeks with too few people are not listed separately; a week in two
months is split by its working days. Nothing here is about a person.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TextIO

import typer
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.weeks import complete_through
from leeway.app import App, NotReady
from models import Share
from models.vocabulary import COMPANY, YEARS
from pipeline.register.allocation import day_rate
from pipeline.register.document import Register
from pipeline.register.gone import with_gone
from pipeline.register.versions import plans
from pipeline.register.workdays import Workdays, monday
from pipeline.share.estimate import TOP
from pipeline.spreadsheet import decimal_comma, guarded

REST = "other teams"
"""The rest of the company's shares beyond the teams shown: teams that are too small, and people without a team."""
_LEAST_DAYS = 0.005


@dataclass(frozen=True, slots=True)
class Month:
    """The first and last day of a month."""

    first: date
    last: date

    @classmethod
    def of(cls, text: str) -> "Month":
        """Parse a month such as 2026-10. Raises ValueError."""
        first = date.fromisoformat(f"{text}-01")
        if first.year not in YEARS:
            raise ValueError(text)
        return cls(first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))


def cost_rows(
    session: Session,
    register: Register,
    month: Month,
    through: date | None,
    history: Sequence[tuple[date, Register]] = (),
) -> list[dict[str, Any]]:
    """A row for each team, and for the other teams together, and objective: person-days seen, rate, cost. Weeks that are not over
    by `through` are left out. With a `history` of registers (oldest first, with the day of loading) the rates are the month's."""
    days = _person_days(session, register, month, through)
    told = with_gone(session, register, {key for its in days.values() for key in its})
    titles = {objective.key: objective.title for objective in told.objectives} | {"": "On no objective"}
    names = {team.key: team.name for team in register.teams}
    found = []
    for team, by_objective in days.items():
        rate = _rate(history or [(month.first, register)], month, COMPANY if team == REST else team)
        for key, amount in by_objective.items():
            if amount < _LEAST_DAYS:
                continue
            found.append(
                {
                    "month": f"{month.first:%Y-%m}",
                    "team": names.get(team, team),
                    "objective": key,
                    "title": titles.get(key, key),
                    "person_days": round(amount, 2),
                    "day_rate": "" if rate is None else round(rate, 2),
                    "cost": "" if rate is None else round(round(amount, 2) * round(rate, 2), 2),
                    "currency": register.currency,
                }
            )
    return sorted(found, key=lambda row: (row["team"] == REST, row["team"], row["objective"] == "", row["objective"]))


def _rate(history: Sequence[tuple[date, Register]], month: Month, scope: str) -> float | None:
    """Return the rate in force at the month's end, so that a later rate changes no month already reported; if there was none yet,
    the first later one."""
    held = [one for at, one in history if at <= month.last]
    later = [one for at, one in history if at > month.last]
    return next((rate for one in [*held[-1:], *later] if (rate := day_rate(one, scope)) is not None), None)


NO_RATE = (
    "No team has a rate, so days are shown without a cost. In okrs.yaml, give each team `rate:` (what a working day costs, such "
    "as `rate: 600`) and set `currency:`; then run leeway okrs load okrs.yaml."
)


def notes(rows: Sequence[Mapping[str, Any]], month: Month, through: date | None) -> list[str]:
    """Return what a reader of the rows must know: which days and which rates are missing."""
    unpriced = sorted({str(row["team"]) for row in rows if row["cost"] == ""})
    priced = any(row["cost"] != "" for row in rows)
    rates = f"No cost, because no rate is set: {', '.join(unpriced)}." if priced and unpriced else ""
    found = [not_known(month, through), rates or (NO_RATE if unpriced else "")]
    return [one for one in found if one]


def not_known(month: Month, through: date | None) -> str:
    """Return what part of the month is not in its rows yet, as a sentence; empty if complete."""
    if through is None:
        return ""
    since = monday(through + timedelta(days=1))  # the first day of the week that is not over
    if not month.first < since <= month.last:
        return ""
    return f"{month.first:%Y-%m} is not included from {since} on: the week is not over, or has not been read."


def _person_days(
    session: Session, register: Register, month: Month, through: date | None
) -> Mapping[str, Mapping[str, float]]:
    query = select(Share).where(
        Share.week >= monday(month.first),
        Share.week <= month.last,
        Share.objective != TOP,
        Share.week <= (through or date.min + timedelta(days=7)) - timedelta(days=6),
    )
    parts: dict[date, float] = {}
    days: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in session.scalars(query.order_by(Share.week, Share.scope, Share.objective)):
        if row.week not in parts:
            parts[row.week] = _part(register, row.week, month)
        amount = row.share * row.person_days * parts[row.week]
        days[REST if row.scope == COMPANY else row.scope][row.objective] += amount
    whole = days.pop(REST, {})
    rest = {key: amount - sum(one.get(key, 0.0) for one in days.values()) for key, amount in whole.items()}
    return days | {REST: _no_less_than_nothing(rest)}


def _no_less_than_nothing(rest: Mapping[str, float]) -> Mapping[str, float]:
    """Of the same sum, with none below zero: the company's shares and a team's are each as likely as they can be told, so a
    team's days on an objective can be more than the company's, and all rows together would be more than was worked."""
    held = {key: max(0.0, amount) for key, amount in rest.items()}
    whole, kept = max(0.0, sum(rest.values())), sum(held.values())
    return {key: amount * whole / kept for key, amount in held.items()} if kept > 0 else held


def _part(register: Register, week: date, month: Month) -> float:
    """Return the fraction of a week's working days that lies in the month."""
    worked = Workdays(register.calendar).between(week, week + timedelta(days=6))
    if not worked:
        worked = [week + timedelta(days=n) for n in range(7)]
    return sum(month.first <= day <= month.last for day in worked) / len(worked)


def show_costs(app: App, month: str, to: TextIO, err: Console, *, semicolons: bool, current_rates: bool) -> None:
    """Print the rows of a month, and separately what is missing from it. Ends the command if the month is invalid or unknown."""
    try:
        span = Month.of(month)
    except ValueError:
        raise typer.BadParameter(f"{month!r} is not a month such as 2026-10.", param_hint="--month") from None
    _, register = app.register()
    with app.sessions() as session:
        through = complete_through(session)
        rows = cost_rows(session, register, span, through, () if current_rates else plans(session))
    if not rows:
        raise NotReady(f"no complete week of {month} is known.")
    said = decimal_comma if semicolons else guarded
    writer = csv.DictWriter(to, list(rows[0]), lineterminator="\n", delimiter=";" if semicolons else ",")
    writer.writeheader()
    writer.writerows({name: said(value) for name, value in row.items()} for row in rows)
    for note in notes(rows, span, through):
        err.print(note, markup=False)

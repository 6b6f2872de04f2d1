"""`leeway progress`: where the numbers of key results and outcomes stand, as a table, CSV or JSON."""

import csv
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from alerts.weeks import complete_through
from alerts.words import done, fraction
from leeway.app import App, NotReady
from leeway.as_json import json_text
from leeway.measuring import NO_METRIC
from pipeline.progress.pace import TOO_EARLY, Progress, Weeks, standings
from pipeline.progress.work import shares_by_week
from pipeline.register.document import Register
from pipeline.register.ended import local_day
from pipeline.register.figures import beside, shown, written
from pipeline.register.versions import keys_now, periods
from pipeline.spreadsheet import guarded


def work_by_week(app: App, session: Session, register: Register) -> Weeks:
    """The part of the work by key result, in the whole weeks of the period that are known."""
    through = complete_through(session)
    wanted = app.settings.pulse.on or bool(register.measured())
    if through is None or not wanted:
        return {}
    least, period, (_, now) = app.settings.drift.least_people, register.period, app.register()
    found = shares_by_week(session, now, period.start, min(through, period.end), least)
    if register == now:
        return found
    names = keys_now(
        session, register
    )  # all work is matched to the key results of today, whatever their keys were then
    return {week: {key: by[new] for key, new in names.items() if new in by} for week, by in found.items()}


def progress_of(app: App, session: Session, register: Register) -> list[Progress]:
    """How everything that has a number stands."""
    return standings(session, register, local_day(register, app.now()), work_by_week(app, session, register))


def rows_of(found: Sequence[Progress]) -> list[dict[str, Any]]:
    """A row a number, as it is exported; parts are parts of one, and the key of an outcome is its objective's."""
    return [
        {
            "key_result": one.key,
            "title": one.title,
            "unit": one.unit,
            "start": one.start,
            "now": one.now,
            "day": one.points[-1].day.isoformat() if one.points else None,
            "target": one.target,
            "pace": _rounded(one.pace),
            "kept": one.kept,
            "expected": _rounded(one.expected),
            "forecast": _rounded(one.forecast.middle if one.forecast else None),
            "low": _rounded(one.forecast.low if one.forecast else None),
            "high": _rounded(one.forecast.high if one.forecast else None),
            "reaches_target": _rounded(one.forecast.reach if one.forecast else None),
            "share_of_work": _rounded(one.share),
            "sentence": one.sentence,
            "fault": one.fault,
            "kind": "outcome" if one.outcome else "key result",
        }
        for one in found
    ]


def show_progress(app: App, out: Console, to: TextIO, form: str, period: str = "") -> None:
    """Print it; of an earlier period how it ended. Raises NotReady where nothing has a number, or there was no such period."""
    _, register = app.register()
    with app.sessions() as session:
        if period:
            every = periods(session)
            if period not in every:
                raise NotReady(f"there was no period {period!r}; known: {', '.join(every)}.")
            register = every[period]
        found = progress_of(app, session, register)
    if not found:
        raise NotReady(NO_METRIC)
    rows = rows_of(found)
    if form == "json":
        to.write(json_text(rows))
    elif form == "csv":
        writer = csv.DictWriter(to, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: guarded(value) for name, value in row.items()} for row in rows)
    else:
        over = local_day(register, app.now()) > register.period.end
        out.print(_table(found, register, min(local_day(register, app.now()), register.period.end), over=over))
        if not over and any(one.forecast is None for one in found):
            out.print(f"too early: a forecast is given {TOO_EARLY}.", markup=False)
        for one in found:
            for said in (one.sentence, f"not measured: {one.fault}" if one.fault else ""):
                if said:
                    out.print(f"{one.key}: {said}", markup=False)


def _table(found: Sequence[Progress], register: Register, today: date, *, over: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    ahead_of = f"{register.period.end:%-d %b}, 9 in 10 sure"
    for name in ("key result", "at its end" if over else "now", "target", "way", "time", ahead_of, "work"):
        table.add_column(name, justify="left" if name == "key result" else "right", no_wrap=name == "key result")
    for one in found:
        ahead = one.forecast
        table.add_row(
            f"{one.key} outcome" if one.outcome else one.key,
            now(one) + _since(one, today),
            typed(one.target, one.unit),
            way(one),
            part(one.expected),
            "over" if over else f"{number(ahead.low)} to {number(ahead.high, one.unit)}" if ahead else "too early",
            part(one.share),
        )
    return table


def _since(one: Progress, today: date) -> str:
    """The day of a number that is older than a week: what is measured once a month is not how it stands today."""
    old = one.points and today - one.points[-1].day > timedelta(weeks=1)
    return f" ({one.points[-1].day:%-d %b})" if old else ""


def number(value: float | None, unit: str = "") -> str:
    """A number with its unit, as `shown` writes it."""
    return "none" if value is None else f"{shown(value)} {unit}".strip()


def typed(value: float | None, unit: str = "") -> str:
    """A target or start with its unit, as somebody typed it: 99.999 %, not 100 %."""
    return "none" if value is None else f"{written(value)} {unit}".strip()


def now(one: Progress) -> str:
    """The last number: with more digits where it would read as the target, and is not."""
    return "none" if one.now is None else f"{beside(one.now, one.target)} {one.unit}".strip()


def way(one: Progress) -> str:
    """The part of its way that is done; of a number that is to stay, whether it does."""
    return part(one.pace) if one.kept is None else "kept" if one.kept else "not kept"


def part(value: float | None) -> str:
    """A part of one in whole percent; 100 only of what is whole."""
    return "none" if value is None else f"{done(value)}%"


def _rounded(value: float | None) -> float | None:
    return None if value is None else fraction(value)

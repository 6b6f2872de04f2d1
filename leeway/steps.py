"""`leeway steps`: whether the steps that must be stable are, as a table, CSV or JSON."""

import csv
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from alerts.words import amount, done, fraction, percent, shortened
from leeway.app import App, NotReady
from leeway.as_json import json_text
from pipeline.register.document import Register
from pipeline.spreadsheet import guarded
from pipeline.steps.case import DEVIATIONS
from pipeline.steps.conformance import Rate
from pipeline.steps.report import WEEKS, PathReport, Soft, StepReport, path_reports
from pipeline.steps.words import easier, findable, insight, signal, together

NONE = "okrs.yaml has no `steps`. Add them (docs/steps.md), then load it."


def steps_of(app: App, session: Session, register: Register) -> list[PathReport]:
    """How every path of the register stands."""
    return path_reports(session, register, app.now(), app.settings.drift.least_people)


def rows_of(found: Sequence[PathReport]) -> list[dict[str, Any]]:
    """A row a step and week, as it is exported; parts are parts of one. The path as a whole has an empty step."""
    return [
        {
            "steps": one.path.key,
            "step": step.key,
            "title": step.title or one.path.title,
            "within": step.limit,
            "week": week.first.isoformat(),
            "last_week": week.last.isoformat(),
            "running": int(week.running),
            "cases": week.rate.cases,
            "as_written": week.rate.kept,
            "conformance": fraction(week.rate.value),
            "low": fraction(week.rate.low),
            "high": fraction(week.rate.high),
        }
        for one in found
        for step in one.steps
        for week in step.weeks
    ]


def as_json(found: Sequence[PathReport]) -> list[dict[str, Any]]:
    """All that is told, for machines."""
    return [
        {
            "steps": one.path.key,
            "title": one.path.title,
            "team": one.path.team,
            "untold": one.untold,
            "cases": one.cases,
            "open": one.open,
            "excepted": one.exempt,
            "unread_fields": list(one.unseen),
            "unknown_statuses": list(one.never),
            "path": [_step(step) for step in one.steps],
            "weeks": rows_of([one]),
        }
        for one in found
    ]


def _step(step: StepReport) -> dict[str, Any]:
    return {
        "step": step.key,
        "title": step.title,
        "within": step.limit,
        "cases": step.recent.cases if step.recent else None,
        "conformance": fraction(step.recent.value) if step.recent else None,
        "low": fraction(step.recent.low) if step.recent else None,
        "high": fraction(step.recent.high) if step.recent else None,
        "cases_a_week": round(step.power.a_week, 1) if step.power else None,
        "fall_found_in_weeks": step.power.weeks if step.power else None,
        "deviations": dict(step.deviations),
        "softening": _soft(step.soft) if step.soft else None,
        "goes_with": [
            {"name": f.name, "group": f.group, "deviates": fraction(f.high), "else": fraction(f.low)}
            for f in step.factors
        ],
        "effects": [
            {
                "deviation": e.deviation,
                "cases": e.cases,
                "days": round(e.days, 2),
                "low": round(e.low, 2),
                "high": round(e.high, 2),
            }
            for e in step.effects
        ],
        "signal": signal(step),
        "insight": insight(step),
        "reinforcement": easier(step),
    }


def _soft(soft: Soft) -> dict[str, Any]:
    return {
        "since": soft.since.isoformat(),
        "found": soft.found.isoformat(),
        "before": fraction(soft.before),
        "now": fraction(soft.now),
        "low": fraction(soft.low),
        "high": fraction(soft.high),
    }


def show_steps(app: App, out: Console, to: TextIO, form: str) -> None:
    """Print it. Raises NotReady where the register has no steps."""
    _, register = app.register()
    if not register.paths:
        raise NotReady(NONE)
    with app.sessions() as session:
        found = steps_of(app, session, register)
    if form == "json":
        to.write(json_text(as_json(found)))
    elif form == "csv":
        writer = csv.DictWriter(
            to, list(rows_of(found)[0]) if rows_of(found) else ["steps", "step"], lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows({name: guarded(value) for name, value in row.items()} for row in rows_of(found))
    else:
        for one in found:
            for line in _told(one):
                out.print(line, markup=False) if isinstance(line, str) else out.print(line)


def _told(one: PathReport) -> Iterator[str | Table]:
    yield f"{one.path.title} ({one.path.key})"
    for name in one.unseen:
        yield (
            f"  nothing is known about {name!r}: list it in `fields` of the source's section in leeway.toml, or correct its "
            f"name."
        )
    for said in one.never:
        yield f"  {said}"
    if one.untold:
        yield f"  no figures: {one.untold}."
        return
    yield f"  {amount(one.cases, 'case')}, {one.open} of them open, {one.exempt} excepted."
    yield f"  As written, of the last {WEEKS} whole weeks; deviations of the last half year:"
    table = Table(box=None, pad_edge=False)
    for name in ("step", "cases", "kept", "9 in 10 sure", *(one.rpartition(" ")[2] for one in DEVIATIONS)):
        # Where there is little room the titles give way, and no heading or figure.
        table.add_column(name, justify="left" if name == "step" else "right", no_wrap=name != "step")
    for step in one.steps:
        counts = [str(step.deviations.get(name, 0)) for name in DEVIATIONS]
        table.add_row(shortened(step.title, 30), *_shown(step.recent), *counts)
    yield table
    for said in findable(one.steps):
        yield f"  {said}"
    for step in one.steps:
        if step.soft or step.factors:
            since = f"softening since {step.soft.since.day} {step.soft.since:%B}. " if step.soft else ""
            yield f"  {step.title}: {since}{together((signal(step), insight(step), easier(step)))}"


def _shown(rate: Rate | None) -> tuple[str, str, str]:
    if rate is None or not rate.cases:
        return ("none" if rate else "too few people", "", "")
    return str(rate.cases), f"{done(rate.value)}%", f"{percent(rate.low)} to {percent(rate.high)}%"

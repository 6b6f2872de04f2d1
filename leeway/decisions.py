"""`leeway decisions`: what was decided, what is waiting, and how long it took."""

from collections.abc import Sequence
from typing import TextIO

from sqlalchemy.orm import Session

from alerts.figures import scope_name
from alerts.gaps import gap_line
from alerts.weeks import complete_through
from alerts.words import amount, percent
from leeway.app import App
from leeway.as_json import json_text
from pipeline.findings.thresholds import Thresholds
from pipeline.findings.velocity import Flagged, Stopped, flagged, middle, stopped
from pipeline.register.document import Register
from pipeline.register.ended import local_day
from pipeline.register.gone import told_in


def show_decisions(app: App, out: TextIO, *, as_json: bool) -> None:
    """Print the decisions. Raises NotReady without a register."""
    _, register = app.register()
    least, today = app.settings.drift.least_people, local_day(register, app.now())
    with app.sessions() as session:
        found, through = _visible(session, register, least), complete_through(session)
        stops = stopped(session, register, through, least, Thresholds()) if through else []
        words = told_in(session, register, *(one.drift for one in found))
        told = [(one, what(one, words)) for one in found]
    if as_json:
        out.write(json_text(_rows(told, stops)))
        return
    for one, name in told:
        if one.decided is not None:
            out.write(f"decided  {name}: flagged on {one.flagged}, {one.outcome} on {one.decided}\n")
        else:
            due = f"; somebody decides by {one.due}" if one.due else ""
            out.write(
                f"waits    {name}: flagged on {one.flagged}, {amount((today - one.flagged).days, 'day')} ago{due}\n"
            )
    for stop in stops:
        end = f"stopped since {stop.stopped}" if stop.stopped else "its work continues"
        out.write(f"stop     {stop.name}: said on {stop.said}, {end}\n")
    out.write(f"{summary(found, stops)}\n")


def _visible(session: Session, register: Register, least: int) -> list[Flagged]:
    """Return those of the company and of teams large enough to be named."""
    shown = {"company", *(team.key for team in register.large_teams(least))}
    return [one for one in flagged(session, register) if one.drift.scope in shown]


def what(one: Flagged, register: Register) -> str:
    """Return a finding in few words: where, and what fell or is missing; `register` includes the names of earlier plans."""
    drift, where = one.drift, scope_name(register, one.drift.scope)
    if drift.kind == "gap":
        return f"{where}, {gap_line(drift, register)}"
    return f"{where}, top priorities: {percent(drift.before)}% -> {percent(drift.after)}%"


def summary(found: Sequence[Flagged], stops: Sequence[Stopped]) -> str:
    """Return in one line how long decisions take: medians, with their counts."""
    decided = [one.days for one in found if one.days is not None]
    done = [one.days for one in stops if one.days is not None]
    said = []
    if decided:
        said.append(f"From flagged to decided: {amount(middle(decided) or 0, 'day')} (median of {len(decided)}).")
    if waiting := len(found) - len(decided):
        said.append(f"{waiting} {'waits' if waiting == 1 else 'wait'} for a decision.")
    if done:
        said.append(f"From stop to stopped: {amount(middle(done) or 0, 'day')} (median of {len(done)}).")
    if going := len(stops) - len(done):
        said.append(f"{going} {'goes' if going == 1 else 'go'} on after a stop.")
    return " ".join(said) or "Nothing that needs a decision has been flagged yet."


def _rows(told: Sequence[tuple[Flagged, str]], stops: Sequence[Stopped]) -> dict[str, object]:
    return {
        "findings": [
            {
                "id": one.drift.id,
                "kind": one.drift.kind,
                "scope": one.drift.scope,
                "what": name,
                "flagged": one.flagged.isoformat(),
                "decided": one.decided.isoformat() if one.decided else None,
                "outcome": one.outcome,
                "due": one.due.isoformat() if one.due else None,
                "days": one.days,
            }
            for one, name in told
        ],
        "stops": [
            {
                "stream": one.name,
                "said": one.said.isoformat(),
                "stopped": one.stopped.isoformat() if one.stopped else None,
                "days": one.days,
            }
            for one in stops
        ],
        "days_to_decide": middle([one.days for one, _ in told]),
        "days_to_stop": middle([one.days for one in stops]),
    }

"""What key results are said to be and what was measured, for the findings: owners' confidence, metrics, outcomes."""

from datetime import date

from sqlalchemy.orm import Session

from pipeline.findings.found import Gauge, Report
from pipeline.progress.pace import standings
from pipeline.progress.series import series
from pipeline.pulse.answers import FRESH, SURE, UNSURE, Said, by_week
from pipeline.register.document import Register


def load_reports(session: Session, register: Register, last: date) -> dict[str, Report]:
    """By key result of which its owner said in the last two weeks how sure they are: green from 8 on, red up to 4, else amber."""
    said = by_week(session, register)
    stands = {one.key: one for one in standings(session, register, last, {})} if said else {}
    found = {}
    for key, weeks in said.items():
        known = [one for one in weeks if one.week <= last]
        if not known or last - known[-1].week > FRESH:
            continue
        status, since = _status(known[-1]), known[-1].week
        for one in reversed(known):
            if _status(one) != status:
                break
            since = one.week
        measured = stands.get(key)
        progress = measured.pace if measured else None
        found[key] = Report(status, since, progress, measured.due if measured and progress is not None else None)
    return found


def load_gauges(session: Session, register: Register, last: date) -> dict[str, Gauge]:
    """By key of a key result or an objective, what was measured of it in the period up to `last`, where it has a way to go."""
    found = {}
    for one in register.measured():
        metric = one.metric
        points = [point for point in series(session, one, register.period.start) if point.day <= last]
        if metric is None or metric.target is None or metric.keep or not points:
            continue
        start = points[0].value if metric.start is None else metric.start
        if start != metric.target:
            found[one.key] = Gauge(start, metric.target, points)
    return found


def _status(one: Said) -> str:
    return "green" if one.value >= SURE else "red" if one.value <= UNSURE else "amber"

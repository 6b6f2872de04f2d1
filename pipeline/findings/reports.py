"""Load reported confidence and measurements for the findings: owners' confidence, metrics, outcomes."""

from datetime import date

from sqlalchemy.orm import Session

from pipeline.findings.found import Gauge, StatusReport
from pipeline.progress.pace import standings
from pipeline.progress.series import series
from pipeline.pulse.answers import FRESH, SURE, UNSURE, Said, by_week
from pipeline.register.document import Register


def load_reports(session: Session, register: Register, last: date) -> dict[str, StatusReport]:
    """Return the status of key results whose owner reported in the last two weeks: green from 8, red up to 4, else amber."""
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
        found[key] = StatusReport(status, since, progress, measured.due if measured and progress is not None else None)
    return found


def load_gauges(session: Session, register: Register, last: date) -> dict[str, Gauge]:
    """Return by key of key result or objective its measurements in the period up to `last`, if it has a start and a target."""
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

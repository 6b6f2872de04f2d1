"""Measuring key results as the settings have it: once a day, by hand, and how it stands."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from leeway.app import App, NotReady
from pipeline.progress.series import latest
from pipeline.progress.stage import CHECKIN, Means, binding_of, keep, measure_due
from pipeline.queue import lease
from pipeline.register.document import KeyResult
from pipeline.register.ended import local_day
from pipeline.register.versions import current_register

ROUND = timedelta(minutes=15)
"""How often workers look whether a key result was not measured today."""
_ROUND = "measure round"


def measure(app: App, *, again: bool = False) -> dict[str, int]:
    """Measure what was not tried today; where no register is loaded, nothing."""
    try:
        _, register = app.register()
    except NotReady:
        return {"measured": 0, "failed": 0}
    if not any(one.metric for _, one in register.key_results()):
        return {"measured": 0, "failed": 0}
    given = app.settings.metrics
    means = Means(app.connectors, given.databases, given.csv_hosts, given.sql_seconds)
    return measure_due(app.sessions, register, local_day(register, app.now()), means, again=again)


def measuring_is_due(app: App) -> bool:
    """Return True once every ROUND, for workers, which are woken more often."""
    return lease.once_every(app.sessions, _ROUND, ROUND)


def check_in(app: App, key: str, value: float, note: str, day: date | None = None) -> KeyResult:
    """Keep a number that somebody typed, of today or of a day before. Raises NotReady where the key result takes none."""
    _, register = app.register()
    found = next((one for _, one in register.key_results() if one.key == key), None)
    if found is None:
        known = ", ".join(one.key for _, one in register.key_results())
        raise NotReady(f"there is no key result {key!r} in the register; expected one of {known}.")
    if found.metric is None or CHECKIN not in found.metric.binding:
        how = "is measured by itself" if found.metric else "has no metric"
        raise NotReady(f"{key} {how}. For numbers that are typed write `metric: {{checkin: true}}` in okrs.yaml.")
    today = local_day(register, app.now())
    if day is not None and day > today:
        raise NotReady(f"{day} is not over yet; a check-in is of today or of a day before.")
    with app.sessions.begin() as session:
        keep(session, key, binding_of(found.metric), day or today, value, note=" ".join(note.split()))
    return found


def measure_now(app: App, *, again: bool = False) -> list[dict[str, Any]]:
    """Measure what is due, and how it stands then. Raises NotReady where nothing is to be measured."""
    _, register = app.register()
    if not any(one.metric for _, one in register.key_results()):
        raise NotReady("no key result has a metric. Write `metric:` in okrs.yaml (docs/progress.md), then load it.")
    measure(app, again=again)
    with app.sessions() as session:
        return measuring_status(session)


def measuring_status(session: Session) -> list[dict[str, Any]]:
    """The last try of every key result that has a metric: its day, its number or why there is none."""
    found = current_register(session)
    if found is None:
        return []
    rows = []
    for _, one in found[1].key_results():
        last = latest(session, one) if one.metric else None
        if last is not None:
            rows.append({"key_result": one.key, "day": last.day, "value": last.value, "fault": last.fault})
    return rows

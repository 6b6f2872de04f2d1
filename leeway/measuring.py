"""Measuring key results and outcomes: once a day, by hand, and its status."""

from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from leeway.app import App, NotReady
from pipeline.ingest.tenants import hold_to_tenant
from pipeline.progress.cannot import CannotMeasure, check_scale
from pipeline.progress.series import latest
from pipeline.progress.stage import CHECKIN, Means, binding_of, keep, measure_due
from pipeline.queue import lease
from pipeline.register.document import KeyResult, Objective, Register
from pipeline.register.ended import local_day
from pipeline.register.versions import current_register, periods

ROUND = timedelta(minutes=15)
"""How often workers check for key results not yet measured today."""
_ROUND = "measure round"
_NAMES = {KeyResult: "metric", Objective: "outcome"}
NO_METRIC = (
    "no key result has a metric, and no objective has an outcome. Write `metric:` or `outcome:` in okrs.yaml (docs/progress.md), "
    "then load it."
)


def measure(app: App, *, again: bool = False) -> dict[str, int]:
    """Measure what was not tried today; nothing if no register is loaded."""
    try:
        _, register = app.register()
    except NotReady:
        return {"measured": 0, "failed": 0}
    if not register.measured():
        return {"measured": 0, "failed": 0}
    given = app.settings.metrics
    # Each of a source's metrics would ask it whose it is.
    once = cache(lambda source: hold_to_tenant(source, app.sessions))
    means = Means(app.connectors, given.databases, given.csv_hosts, given.sql_seconds, once)
    return measure_due(app.sessions, register, local_day(register, app.now()), means, again=again)


def measuring_is_due(app: App) -> bool:
    """Return True once every ROUND, for workers, which are woken more often."""
    return lease.once_every(app.sessions, _ROUND, ROUND)


def check_in(app: App, key: str, value: float, note: str, day: date | None = None) -> tuple[KeyResult | Objective, str]:
    """Keep a number that somebody typed, of today or of a day before; returns what it is of, and an earlier period's name where
    it is of that. Raises NotReady where none is taken under this key."""
    _, now = app.register()
    today = local_day(now, app.now())
    if day is not None and day > today:
        raise NotReady(f"{day} is in the future; a check-in applies to today or an earlier day.")
    on = day or today
    register = _register_on(app, now, on)
    found, of = _named(register, key), "" if register is now else register.period.name
    if found is None:
        known = ", ".join(one.key for one in _every(register))
        where = f"the register of {of}" if of else "the register"
        raise NotReady(f"there is no key result or outcome {key!r} in {where}; expected one of {known}.")
    if found.metric is None or CHECKIN not in found.metric.binding:
        how, name = "is measured automatically" if found.metric else "has no metric", _NAMES[type(found)]
        raise NotReady(f"{key} {how}. To type numbers, write `{name}: {{checkin: true}}` in okrs.yaml.")
    try:
        check_scale(found.metric, value)
    except CannotMeasure as error:
        raise NotReady(f"{error} Nothing was saved.") from None
    with app.sessions.begin() as session:
        keep(session, key, binding_of(found.metric), on, value, note=" ".join(note.split()))
    return found, of


def _register_on(app: App, now: Register, day: date) -> Register:
    """The register of the period that a day lies in: keys name other things there. Raises NotReady where there was none."""
    if day >= now.period.start:
        return now
    with app.sessions() as session:
        every = [one for one in periods(session).values() if one != now]
    held = [one for one in every if one.period.start <= day <= one.period.end]
    if held:
        return held[-1]
    if day == local_day(now, app.now()):
        return now  # the first plan, which has not begun
    raise NotReady(f"{day} lies in no known period; {now.period.name} begins on {now.period.start}.")


def _every(register: Register) -> list[KeyResult | Objective]:
    return [*(one for _, one in register.key_results()), *(one for one in register.objectives if one.outcome)]


def _named(register: Register, key: str) -> KeyResult | Objective | None:
    return next((one for one in _every(register) if one.key == key), None)


def measure_now(app: App, *, again: bool = False) -> list[dict[str, Any]]:
    """Measure what is due and return its status. Raises NotReady if there is nothing to measure."""
    _, register = app.register()
    if not register.measured():
        raise NotReady(NO_METRIC)
    measure(app, again=again)
    with app.sessions() as session:
        return measuring_status(session)


def measuring_status(session: Session) -> list[dict[str, Any]]:
    """The last try of everything that has a number, by its key: its day, its number or why there is none."""
    found = current_register(session)
    if found is None:
        return []
    rows = []
    for one in found[1].measured():
        last = latest(session, one)
        if last is not None:
            rows.append({"key_result": one.key, "day": last.day, "value": last.value, "fault": last.fault})
    return rows

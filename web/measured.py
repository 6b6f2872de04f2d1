"""Progress of a key result on its page; the work by week is added up once a cycle."""

from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.chart_frame import Spec
from alerts.progress_chart import confidence_by_week, number_by_day, work_by_week
from leeway import pace
from leeway.app import App
from leeway.pulse import Confident, confidences
from models import RegisterVersion
from pipeline.progress.pace import TOO_EARLY, Progress, Weeks, standings
from pipeline.pulse.answers import by_week
from pipeline.register.document import Register
from pipeline.register.ended import local_day
from pipeline.register.versions import periods
from web import data

EARLIER = 4
"""How many periods before the present one the register's page tells of."""
AT = "@"
"""Stands in a chart's key between the key result and its last number, so that a new number is drawn at once."""


class MeasuredKeyResults:
    """What pages and charts say of a key result's number."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._weeks = lru_cache(maxsize=2)(self._added_up)

    def _added_up(self, cycle: int, version: int) -> Weeks:
        with self.app.sessions() as session:
            return pace.work_by_week(self.app, session, self.app.register()[1])

    def _work(self, session: Session) -> Weeks:
        """Added up once a cycle and register."""
        version = session.scalar(select(func.max(RegisterVersion.id))) or 0
        return self._weeks(data.last_cycle(self.app)[0], version)

    def of(self, session: Session, register: Register, key: str, *, work: bool) -> Progress | None:
        """How a key result stands; None where it has no metric."""
        return next(iter(self.every(session, register, key, work=work)), None)

    def every(self, session: Session, register: Register, key: str | None = None, *, work: bool) -> list[Progress]:
        """How each key result that has a metric stands, or only one. `work` is whether the viewer may see the company's work."""
        weeks = self._work(session) if work else {}
        return standings(session, register, local_day(register, self.app.now()), weeks, key)

    def confidence(self, session: Session, register: Register, *, work: bool) -> dict[str, Confident]:
        """What owners said of key results in this period, by key; `work` as above."""
        weeks = self._work(session) if work else {}
        return {one.key: one for one in confidences(self.app, session, register, weeks)}

    def spec(self, session: Session, register: Register, kind: str, key: str, width: int) -> Spec | None:
        """The specification of one of its charts; None where there is nothing to draw."""
        if kind == "confidence":
            said = by_week(session, register).get(key.rpartition(AT)[0], ())
            return confidence_by_week([(one.week, one.value) for one in said], width) if said else None
        found = self.of(session, register, key.rpartition(AT)[0], work=kind == "work")
        if found is None:
            return None
        if kind == "work":
            return work_by_week(found.shares, width) if found.shares else None
        if not found.points:
            return None
        return number_by_day(found.points, register.period.end, found.target, found.forecast, width)


def said(found: Progress) -> dict[str, Any]:
    """The words of a key result's card."""
    ahead = found.forecast
    return {
        "now": pace.now(found),
        "from": pace.typed(found.start, found.unit),
        "target": pace.typed(found.target, found.unit),
        "day": found.points[-1].day if found.points else None,
        "pace": pace.way(found),
        "keep": found.keep,
        "expected": pace.part(found.expected),
        "forecast": f"{pace.number(ahead.low)} to {pace.number(ahead.high, found.unit)}" if ahead else "too early",
        "too_early": "" if ahead else f"a forecast is given {TOO_EARLY}",
        "reach": pace.part(ahead.reach) if ahead and ahead.reach is not None else "",
        "share": pace.part(found.share),
        "sentence": found.sentence,
        "fault": found.fault,
    }


def earlier(session: Session, register: Register, today: date) -> list[dict[str, Any]]:
    """How the key results of the last few periods before the register's ended, the newest first: of each its title, and its
    number and way where it had one."""
    found = []
    for one in reversed(periods(session).values()):
        if one.period.end < min(today, register.period.start):
            stands = {of.key: of for of in standings(session, one, today, {}) if not of.outcome}
            rows = [
                {"key": k.key, "title": k.title} | (_ended(stands[k.key]) if k.key in stands else {})
                for _, k in one.key_results()
            ]
            found.append({"period": one.period, "rows": rows})
    return found[:EARLIER]


def _ended(one: Progress) -> dict[str, Any]:
    return {"now": pace.now(one), "way": pace.way(one)} if one.points else {}


def chart_key(found: Progress) -> str:
    """What its charts are kept by: the key result and its last number."""
    last = found.points[-1] if found.points else None
    return f"{found.key}{AT}{last.day}={last.value!r}" if last else f"{found.key}{AT}"


def confidence_key(found: Confident) -> str:
    """What its chart is kept by: the key result, its last answer and how many there are."""
    return f"{found.key}{AT}{len(found.said)} {found.said[-1].week}={found.said[-1].value}"

"""The note on a plan that has ended, the same on every face."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from alerts.charts import WeekPoint
from alerts.words import full_day, shortened
from models import Drift
from pipeline.register.document import Register
from pipeline.register.ended import ran_out

MEANS = "Since then no drift is reported; shares continue against the old plan."
_TO_DO = (
    "Load the next plan with `leeway okrs load okrs.yaml`, or write one that continues this one: "
    "`leeway okrs carry-over`."
)


def end_text(drift: Drift, _: Register) -> str:
    """The finding, for the company and for ops: which plan, when it ended, what that means, what to do."""
    name = str(drift.explanation.get("plan", ""))
    return f"{_ended(name, date.fromisoformat(drift.subject))} {MEANS} {_TO_DO}"


def end_note(register: Register, day: date) -> str | None:
    """Return which plan has ended by `day` and what that means; None while it is in force."""
    if not ran_out(register, day):
        return None
    return f"{_ended(register.period.name, register.period.end)} {MEANS}"


def end_advice(register: Register, day: date) -> str | None:
    """Return the same with what to do, for those who load plans."""
    note = end_note(register, day)
    return f"{note} {_TO_DO}" if note else None


def held_against(points: Sequence[WeekPoint], register: Register) -> list[WeekPoint]:
    """Weeks as they are drawn: those that began after the plan's end are marked."""
    return [replace(one, after=ran_out(register, one.week)) for one in points]


def _ended(name: str, end: date) -> str:
    return f"The plan {shortened(name, 30)} ended on {full_day(end)}, and no later one is loaded."

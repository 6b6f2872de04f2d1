"""Findings reported in a sentence or two: a shift between objectives, a data fault, a change in who is at work."""

from collections.abc import Callable
from datetime import date

from alerts.plan_end import end_text
from alerts.weeks import NONE
from alerts.words import Name, Words, amount, day, listed, percent, plain, shortened, whole
from models import Drift
from pipeline.register.document import Register

_MOST_GAINED = 3
"""How many objectives that rose during a shift are named."""


def from_to(before: float, after: float, start: date) -> str:
    """From which share to which, since when."""
    return f"from {percent(before)}% to {percent(after)}% since {day(start)}"


def fell(before: float, after: float, start: date) -> str:
    """The same of a fall."""
    return f"fell {from_to(before, after, start)}"


def shift_words(drift: Drift, register: Register) -> tuple[Words, ...]:
    """A shift between objectives: what lost, what rose meanwhile (work on none too), and that together they stand."""
    titles = {objective.key: objective.title for objective in register.objectives}
    known = titles | {NONE: ""}
    gained = [(key, whole(points)) for key, points in drift.absorbed_by if key in known and points >= 1][:_MOST_GAINED]
    rose: list[Words] = []
    for key, points in gained:
        by = f" by {points}" if rose else f" rose by {amount(points, 'point')}"
        rose.append((Name(shortened(titles[key])) if key else "work on no objective", by))
    lost = Name(shortened(titles.get(drift.subject, drift.subject)))
    return (
        (lost, f" {fell(drift.before, drift.after, drift.start)}."),
        *([("Meanwhile ", *listed(rose), ".")] if rose else []),
        ("Together the top priorities are about where they were.",),
    )


def shift_text(drift: Drift, register: Register) -> str:
    """The same as plain text."""
    return " ".join(map(plain, shift_words(drift, register)))


def fault_text(drift: Drift, register: Register) -> str:
    """A data fault, for ops: what, since when, what it means, where to look."""
    if drift.subject == "gone":
        name = next((team.name for team in register.teams if team.key == drift.scope), drift.scope)
        ended = f"Nobody of {plain((Name(name),))} has left a trace since {day(drift.start)}. Its shares end there."
        return f"{ended} If it was dissolved, take it out of okrs.yaml; if not, `leeway check` shows which source lags."
    held = "These days are not used, and no drift is raised on them."
    if drift.subject == "coverage":
        return (
            f"Coverage {fell(drift.before, drift.after, drift.start)}: a source lags (see `leeway status`), or people are away "
            f"without a calendar entry. {held}"
        )
    change = f"{drift.after:.1f} person-days a day instead of {drift.before:.1f}"
    return f"{drift.subject} has been almost silent since {day(drift.start)}: {change}. {held} `leeway check` tests the source."


def mix_text(drift: Drift, register: Register) -> str:
    """A change of who is there: no drift, since the same people work on the same things as before."""
    # The detector keeps the part that comes from who is there as both ends.
    of_it = amount(abs(percent(drift.low)), "point")
    what = f"Work on the top priorities went {from_to(drift.before, drift.after, drift.start)}"
    return f"{what}, about {of_it} of it because other people are at work: some joined, left or are on leave. No drift."


SENTENCES: dict[str, Callable[[Drift, Register], str]] = {
    "objective": shift_text,
    "data": fault_text,
    "mix": mix_text,
    "plan": end_text,
}
"""By kind of finding. A kind that has no line here has a view of its own: a fall (falls.py), a gap (gaps.py)."""


def sentence(drift: Drift, register: Register) -> str | None:
    """Return a finding in a sentence or two; None for a drift, which has its own view."""
    said = SENTENCES.get(drift.kind)
    return said(drift, register) if said else None

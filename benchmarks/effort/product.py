"""The product's effort model applied to the benchmark's rows."""

from collections import defaultdict
from datetime import UTC, date, datetime, time

from benchmarks.effort.rows import Company, Days
from connectors.base import SignalKind, State
from pipeline.effort.candidates import Candidates, candidates
from pipeline.effort.day import Activity, InProgress, StatusChange, efforts, in_progress
from pipeline.effort.likelihood import Weights
from pipeline.effort.trace import Trace

_STATES = {"todo": State.TODO, "doing": State.DOING, "done": State.DONE}
_TRANSITIONS = {"todo": Trace.MOVED, "doing": Trace.STARTED, "done": Trace.FINISHED}


def activities(company: Company) -> list[Activity]:
    """The traces as the product names them."""
    return [
        Activity(
            t.person, t.day, t.item, _TRANSITIONS[str(t.to)] if t.kind == "transition" else _named(t.kind), t.hours
        )
        for t in company.traces
    ]


def _named(kind: str) -> Trace:
    return {"assignment": Trace.ASSIGNED, "edit": Trace.EDITED}.get(kind) or Trace(kind)


def spans(company: Company) -> list[InProgress]:
    """When the items were in progress with whom, by the product's reading of their states."""
    changes: dict[int, list[StatusChange]] = defaultdict(list)
    seen: dict[int, set[date]] = defaultdict(set)
    for t in company.traces:
        seen[t.item].add(t.day)
        if t.kind in ("transition", "assignment") and company.items[t.item].kind != "epic":
            to = _STATES[str(t.to)] if t.kind == "transition" else t.to
            changes[t.item].append(StatusChange(datetime.combine(t.day, time(9), UTC), SignalKind(t.kind), to))
    return [
        InProgress(person, item, first, last)
        for item, made in changes.items()
        for person, first, last in in_progress(made, None, made[0].at.date(), seen[item])
        if isinstance(person, int)
    ]


def evidence(company: Company) -> Candidates:
    """Candidates of all days."""
    return candidates(
        [(a.person, a.day.toordinal(), a.item, a.trace, a.hours or 0.0) for a in activities(company)],
        [(s.person, s.item, s.first.toordinal(), s.last.toordinal()) for s in spans(company)],
        {(person, day.toordinal()): days for (person, day), days in company.capacity.items()},
        company.first.toordinal(),
        company.last.toordinal(),
    )


def estimate(company: Company, weights: Weights) -> Days:
    """Person-days as the product estimates them."""
    return efforts(activities(company), spans(company), company.capacity, company.first, company.last, weights)

"""Other vendors' rules, as their public documentation describes them, applied to the same rows.

DX (docs.getdx.com/reports/jira-allocation): each weekday, a developer's day is divided among the issues in progress, equally if
all were in progress all day; an issue counts as in progress for at most 30 days after its last activity.

LinearB (help pages "Allocation" and "Cost Capitalization Report"): each active, assigned issue gets an equal slice of the day.
The pages define active both by activity on the issue and by its state, so both variants are implemented: `linearb_state` (in
progress or touched that day) and `linearb_touched` (touched that day only).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from benchmarks.effort.rows import Company, Days, held

_DX_DAYS = timedelta(days=30)


def dx(company: Company) -> Days:
    """A developer-day a weekday over the issues in progress, 30 days after the last activity at most."""
    active = _activity(company)
    found: dict[tuple[int, date], set[int]] = defaultdict(set)
    for span in held(company):
        seen = active[span.item]
        for day in _days(span.first, span.last):
            # Its last activity up to that day, whoever's; the start of the span is one.
            if any(day - _DX_DAYS <= at <= day for at in seen):
                found[span.person, day].add(span.item)
    return _equal({key: items for key, items in found.items() if key[1].weekday() < 5})


def linearb_state(company: Company) -> Days:
    """Equal slices of the day over the assigned issues in progress and those touched."""
    found = _touched(company)
    for span in held(company):
        for day in _days(span.first, span.last):
            found[span.person, day].add(span.item)
    return _equal(found)


def linearb_touched(company: Company) -> Days:
    """Equal slices of the day over the issues with activity that day."""
    return _equal(_touched(company))


def _touched(company: Company) -> dict[tuple[int, date], set[int]]:
    found: dict[tuple[int, date], set[int]] = defaultdict(set)
    for trace in company.traces:
        if company.items[trace.item].where == "issue":
            found[trace.person, trace.day].add(trace.item)
    return found


def _activity(company: Company) -> Mapping[int, set[date]]:
    found: dict[int, set[date]] = defaultdict(set)
    for trace in company.traces:
        found[trace.item].add(trace.day)
    return found


def _days(first: date, last: date) -> Iterable[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _equal(found: Mapping[tuple[int, date], Iterable[int]]) -> Days:
    parts: Days = {}
    for (person, day), items in found.items():
        some = set(items)
        parts |= {(day, person, item): 1 / len(some) for item in some}
    return parts

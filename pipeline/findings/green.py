"""The green-status trap: reported on track, while hardly anybody works on it or its metric stands still."""

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value, days_on, enough_weeks
from pipeline.findings.idle import hardly_worked
from pipeline.findings.outcomes import decoupled
from pipeline.findings.work import part

PACE = 0.5
"""Fraction of the expected pace below which a metric stands still."""


def green_status(given: Inputs) -> Outcome:
    """Key results reported green that got less than `idle_part` of an equal share of work in the last weeks, or whose metric went
    less than half of the way due by now; not those whose metric is on schedule. Also objectives, or the company, where everything
    is green and the outcome stands still."""
    if not given.reports:
        return Unjudged("no key result has a status: no owner reported their confidence in the last two weeks")
    if (missing := enough_weeks(given, given.thresholds.recent)) is not None:
        return missing
    found = [*decoupled(given)]
    now = given.work.last(given.thresholds.recent)
    if not now.shown(given.least_people):
        return found
    for n, key in enumerate(now.key_results):
        report = given.reports.get(key)
        if report is None or report.status != "green":
            continue
        sure = now.serving(n)
        slow = report.progress is not None and report.expected and report.progress < PACE * report.expected
        kept_up = report.progress is not None and bool(report.expected) and report.progress >= (report.expected or 0.0)
        if not slow and (kept_up or not hardly_worked(given, n, given.thresholds.recent)):
            continue
        values: dict[str, Value] = {
            "key_result": f"kr:{key}",
            "weeks": given.thresholds.recent,
            **days_on(sure, n, given.least_people),
        }
        if slow:
            values |= {
                "slow": "1",
                "progress": 100 * (report.progress or 0.0),
                "expected": 100 * (report.expected or 0.0),
            }
        whole = part(now, now.on_results([n]))
        found.append(Found(COMPANY, f"kr:{key}", whole.value, report.since, None, None, values))
    return found

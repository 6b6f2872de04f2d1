"""The green-status trap: reported on track, while hardly anybody works on it or its metric stands still."""

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value, days_on, enough_weeks
from pipeline.findings.idle import hardly_worked
from pipeline.findings.outcomes import decoupled
from pipeline.findings.work import part

PACE = 0.5
"""Part of the pace that it should have, below which a metric stands still."""


def green_status(given: Inputs) -> Outcome:
    """Key results reported green on which less than `idle_part` of an equal part was done in the last weeks, or whose metric
    went less than half of the way that the time asks for. One whose metric keeps up with the time is none. And objectives, or the
    company, where all is green and the outcome stands still."""
    if not given.reports:
        return Unjudged("no key result says how it stands: no owner said in the last two weeks how sure they are")
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

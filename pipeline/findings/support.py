"""Under-supported: objectives far below their plan or rank, and key results on which nobody works."""

from collections.abc import Sequence
from datetime import date

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value, days_on, enough_weeks
from pipeline.findings.idle import CONFIRMED, hardly_worked
from pipeline.findings.work import part
from pipeline.register.allocation import holds_from, planned_shares
from pipeline.share.gap import Gap, WeekShare, gap

RANKS = 3
"""Objectives of this priority or better are expected to get work even without a plan."""
SURELY = 0.9
"""Fraction of the plan that a starved objective's upper bound stays below."""
HARDLY, AT_MOST = 0.03, 0.12
"""Share of the company's work that a ranked objective without a plan stays below, and that its upper bound stays below."""


def under_supported(given: Inputs) -> Outcome:
    """The company's objectives with significantly less than `starved` of their plan, or with a high rank and hardly any work; and
    key results without work for `idle_weeks` whole weeks, with their teams."""
    if (missing := enough_weeks(given, given.thresholds.idle_weeks)) is not None:
        return missing
    period = given.register.period
    if not period.start <= given.last <= period.end:
        return Unjudged("the register's period is over or has not begun, so nothing is planned for these weeks")
    starved = [*_starved(given)]
    named = {one.subject.removeprefix("objective:") for one in starved}
    return [
        *starved,
        *(one for one in _idle(given) if str(one.values["objective"]).removeprefix("objective:") not in named),
    ]


def _starved(given: Inputs) -> list[Found]:
    planned = planned_shares(given.register, COMPANY)
    shares = given.shares.get(COMPANY, {})
    found = []
    for objective in given.register.objectives:
        since = holds_from(given.plans, COMPANY, objective.key) or given.register.period.start
        rows = [row for row in shares.get(objective.key, ()) if row.week >= since][-given.thresholds.recent :]
        plan = planned.get(objective.key)
        size = gap(COMPANY, objective.key, plan or 0.0, rows)
        if size is None or len(rows) < given.thresholds.recent:
            continue
        most = (plan or 0.0) - size.low
        if plan and size.share < given.thresholds.starved * plan and most < SURELY * plan:
            found.append(_objective(given, objective.key, size, rows, "plan"))
        elif (
            not planned
            and objective.priority <= RANKS
            and size.share < HARDLY
            and most < AT_MOST
            and _known(given, objective.key)
        ):
            found.append(_objective(given, objective.key, size, rows, "rank"))
    return found


def _known(given: Inputs, key: str) -> bool:
    """Return True if unseen work on an objective does not exist: enough is confirmed, or its work was recognised before."""
    rows = [row for row in given.shares.get(COMPANY, {}).get(key, ()) if row.person_days > 0]
    before = [row.share for row in rows[: -given.thresholds.recent][-given.thresholds.before :]]
    return given.confirmed >= CONFIRMED or (bool(before) and sum(before) / len(before) >= 2 * HARDLY)


def _objective(given: Inputs, key: str, size: Gap, rows: Sequence[WeekShare], against: str) -> Found:
    low, high = max(0.0, size.plan - size.high), min(1.0, size.plan - size.low)
    values: dict[str, Value] = {
        "objective": f"objective:{key}",
        "against": against,
        "plan": 100 * size.plan,
        "rank": next(one.priority for one in given.register.objectives if one.key == key),
        "days": size.person_days if against == "plan" else 0.0,
        "weeks": len(rows),
    }
    streams = _serving(given, key)
    items = tuple(item for one in streams for item in given.streams[one].items[:4])
    return Found(COMPANY, f"objective:{key}", size.share, rows[0].week, low, high, values, streams, items)


def _serving(given: Inputs, objective: str) -> tuple[int, ...]:
    """Return streams of the last weeks that most likely serve an objective."""
    now = given.work.last(given.thresholds.recent)
    of = given.register.objective_of()
    columns = [n for n, key in enumerate(given.work.key_results) if of.get(key) == objective]
    found = []
    amounts, known = now.by_stream(now.on_results(columns)), now.shown_streams(given.least_people)
    for stream, days in now.by_stream().items():
        if amounts[stream] >= 0.5 * days and stream in known:
            found.append((amounts[stream], stream))
    return tuple(stream for _, stream in sorted(found, reverse=True)[:5])


def _idle(given: Inputs) -> list[Found]:
    """Return key results with hardly any work in the whole company; no team figure is needed for that."""
    weeks = given.thresholds.idle_weeks
    now = given.work.last(weeks)
    if not now.shown(given.least_people) or int((now.by_week() > 0).sum()) < weeks:
        return []
    began = given.work.weeks[-weeks]
    if began < given.register.period.start:
        return []
    found = []
    for n, key in enumerate(given.work.key_results):
        if not hardly_worked(given, n, weeks):
            continue
        sure = now.serving(n)
        objective, result = next((o, k) for o, k in given.register.key_results() if k.key == key)
        values: dict[str, Value] = {
            "key_result": f"kr:{key}",
            "objective": f"objective:{objective.key}",
            "teams": [f"team:{team}" for team in result.teams if team in given.large_teams],
            "weeks": weeks,
            **days_on(sure, n, given.least_people),
        }
        whole = part(now, now.on_results([n]))
        found.append(Found(COMPANY, f"kr:{key}", whole.value, _last_worked(given, n), None, None, values))
    return found


def _last_worked(given: Inputs, column: int) -> date:
    """Return the Monday after the last week with work on it, at the earliest the period's first day."""
    sure = given.work.serving(column)
    by_week, whole = sure.by_week(sure.on_results([column])), given.work.by_week(given.work.days - given.work.off)
    least = given.thresholds.idle_part * whole / max(1, len(given.work.key_results))
    worked = [n for n, days in enumerate(by_week) if days >= max(0.5, least[n])]
    last = given.work.weeks[min(worked[-1] + 1, len(by_week) - 1)] if worked else given.work.weeks[0]
    return max(last, given.register.period.start)

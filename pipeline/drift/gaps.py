"""A share below its plan from the first weeks on: reported when it is certain, has lasted long enough, and is large.

Drift is a change; a company that is off its plan from the first day never changes. A gap opens on the day when the mean over all
weeks of the plan is certainly (by the lower bound of its interval) more than `gap_points` below plan and the last weeks' mean is
too, or when the last weeks alone are. The latter is a new test every few weeks, so it must meet a stricter bound. A gap closes
when the last weeks are certainly closer than that, or reach the plan. A changed plan starts over on the day it is loaded;
suggestions are not plans.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import OPEN_STATES, Drift
from models.vocabulary import COMPANY
from pipeline.drift.explain import named_teams
from pipeline.drift.finding import Analysis, End, Found
from pipeline.drift.history import DriftSettings
from pipeline.register.document import Register
from pipeline.register.ended import ran_out
from pipeline.register.versions import plans
from pipeline.share.estimate import Z90
from pipeline.share.gap import Followed, Gap, follow, gap, scopes

GAP = "gap"
_LATE = timedelta(weeks=2)
"""A scope whose last whole week ended longer ago than this is not judged: nobody works in it, or its data is late."""
_GONE = timedelta(weeks=6)
"""After this its open gap ends: the team is gone, or its weeks have too few people."""
_HIGH = 0.2
_SURER = 2.326 / Z90
"""The last weeks alone need a one-sided confidence of 99 %, all weeks of the plan 95 %. All weeks amount to about one test,
however many there are; the last four are a new test every few weeks, with as many chances of a false alarm."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A planned objective on a day: the gap of the last weeks, the gap to report, and whether it is certainly large or small."""

    followed: Followed
    window: Gap
    told: Gap
    surely_larger: bool
    surely_smaller: bool


def judge(one: Followed, settings: DriftSettings) -> Judged | None:
    """Judge the last weeks; None if the plan has held for fewer than `gap_weeks`."""
    recent = one.rows[-settings.gap_weeks :]
    window = gap(one.scope, one.objective, one.plan, recent)
    whole = gap(one.scope, one.objective, one.plan, one.rows)
    if window is None or whole is None or len(recent) < settings.gap_weeks:
        return None
    steadily = whole.low > settings.gap_points and window.size > settings.gap_points
    lately = window.size - _SURER * (window.size - window.low) > settings.gap_points
    smaller = window.high < settings.gap_points or window.size <= 0
    # Report as far back as it holds: since the plan began if all its weeks show the gap, else the last weeks.
    told = whole if whole.low > settings.gap_points else window
    return Judged(one, window, told, steadily or lately, smaller)


def find_gaps(analysis: Analysis, rows: Sequence[Drift]) -> list[Found]:
    """Return the update of each row whose plan still exists, and the gaps that are new on the last day."""
    if ran_out(analysis.register, analysis.last):
        return []
    session, register, last = analysis.session, analysis.register, analysis.last
    history, falls = plans(session), _loud_falls(session)
    found: list[Found] = []
    open_: set[str] = set()  # objectives with an open company gap, which covers the teams' gaps
    for scope in scopes(register):
        for one in follow(session, register, history, scope, last):
            mine = [row for row in rows if (row.scope, row.subject) == (scope, one.objective)]
            older = [row for row in mine if row.state in OPEN_STATES and row.start < one.since]
            found += [_ended(row, "replanned", max(one.since, row.raised_on)) for row in older]
            row = next((row for row in mine if row.state in OPEN_STATES and row.start >= one.since), None)
            weighed = one if row is not None else _since_recovered(one, mine)
            judged = judge(weighed, analysis.settings) if _in_time(one, last) else None
            if row is not None:
                now = _follow(row, one, judged, last)
            elif judged is not None and judged.surely_larger:
                if one.objective in open_ or _said_already(one, register, falls) or _intended(mine, one.since):
                    continue
                now = Found(scope, last, _figures(judged.told), one.objective)
            else:
                continue
            found.append(now)
            if now.end is None and scope == COMPANY:
                open_.add(one.objective)
    return found


def left_gap(analysis: Analysis, row: Drift) -> End:
    """Return the end of a row whose plan no longer exists, or whose period is over."""
    after = analysis.register.period.end + timedelta(days=1)
    return "replanned", min(analysis.last, after)


def _follow(row: Drift, one: Followed, judged: Judged | None, last: date) -> Found:
    """Return the row's newest figures since its start, or its end; unchanged if there is no new data."""
    if judged is None:
        ends = not _in_time(one, last, _GONE)
        return _ended(row, "gone", last) if ends else Found(row.scope, row.raised_on, row=row)
    if judged.surely_smaller:
        return _ended(row, "recovered", last)
    since = gap(one.scope, one.objective, one.plan, [week for week in one.rows if week.week >= row.start])
    return Found(row.scope, row.raised_on, _figures(since or judged.told), row=row)


def _since_recovered(one: Followed, rows: Iterable[Drift]) -> Followed:
    """Drop the weeks up to the end of a recovered gap to this plan: it was reported and is over."""
    over = [row.ended_on for row in rows if row.state == "recovered" and row.start >= one.since and row.ended_on]
    return replace(one, rows=tuple(week for week in one.rows if week.week > max(over))) if over else one


def _ended(row: Drift, state: str, day: date) -> Found:
    return Found(row.scope, row.raised_on, end=(state, day), row=row)


def _figures(told: Gap) -> dict[str, Any]:
    """Return a row's columns: `before` is the plan, `after` the share; `low` and `high` bound the difference."""
    return {
        "start": told.first,
        "severity": "high" if told.size >= _HIGH else "medium",
        "before": round(told.plan, 6),
        "after": round(told.share, 6),
        "low": round(-told.high, 6),
        "high": round(-told.low, 6),
        "explanation": {
            "until": told.last.isoformat(),
            "weeks": told.weeks,
            "person_days": round(told.person_days, 2),
        },
    }


def _in_time(one: Followed, last: date, late: timedelta = _LATE) -> bool:
    return bool(one.rows) and last - (one.rows[-1].week + timedelta(days=6)) <= late


def _intended(rows: Iterable[Drift], since: date) -> bool:
    """Return True if somebody marked a gap to this very plan as intended."""
    return any(row.state == "intended" and row.start >= since for row in rows)


def _loud_falls(session: Session) -> Sequence[Drift]:
    query = select(Drift).where(Drift.kind == "drift", Drift.state.in_(OPEN_STATES), Drift.severity != "low")
    return session.scalars(query).all()


def _said_already(one: Followed, register: Register, falls: Iterable[Drift]) -> bool:
    """Return True if an open fall of the top priorities covers it: one of this scope, or the company's if it names the team."""
    if one.objective not in register.top():
        return False
    return any(fall.scope == one.scope or one.scope in named_teams(fall.explanation) for fall in falls)

"""A share that is not what was planned, from the first weeks on: told when it is sure, lasted for a set time, and is large.

Drift is a change; a company that was off its plan from the first day never changes. A gap is open from the day on which the mean
over all weeks of the plan is surely (the lower bound of its interval) more than `gap_points` below it, and that of the last weeks
looks like it; or that of the last weeks alone is, which is another one every few weeks and must therefore be surer. It is over
when the last weeks are surely nearer than that, or reach the plan. A plan that was changed begins anew on the day that it was
loaded; suggestions are no plans.
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
"""A scope whose last whole week ended so long ago is not judged: nobody of it works, or its data is late."""
_GONE = timedelta(weeks=6)
"""From then on what is open of it ends: a team that is gone, or whose weeks have too few people."""
_HIGH = 0.2
_SURER = 2.326 / Z90
"""The last weeks alone: 99 in 100 sure, where all weeks of the plan are 95 in 100. All weeks are nearly one look, however many
there are; the last four are a new one every few weeks, and chance would have as many tries."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A planned objective on a day: the window's gap, the gap since the plan or the window began, and what follows."""

    followed: Followed
    window: Gap
    told: Gap
    surely_larger: bool
    surely_smaller: bool


def judge(one: Followed, settings: DriftSettings) -> Judged | None:
    """Judge the last weeks; None where the plan has held for fewer than the set number of them."""
    recent = one.rows[-settings.gap_weeks :]
    window = gap(one.scope, one.objective, one.plan, recent)
    whole = gap(one.scope, one.objective, one.plan, one.rows)
    if window is None or whole is None or len(recent) < settings.gap_weeks:
        return None
    steadily = whole.low > settings.gap_points and window.size > settings.gap_points
    lately = window.size - _SURER * (window.size - window.low) > settings.gap_points
    smaller = window.high < settings.gap_points or window.size <= 0
    # As far back as it holds: since the plan, where its whole time shows the gap, else the window.
    told = whole if whole.low > settings.gap_points else window
    return Judged(one, window, told, steadily or lately, smaller)


def find_gaps(analysis: Analysis, rows: Sequence[Drift]) -> list[Found]:
    """What is to become of each row that a plan still has, and the gaps that are new on the last day."""
    if ran_out(analysis.register, analysis.last):
        return []
    session, register, last = analysis.session, analysis.register, analysis.last
    history, falls = plans(session), _loud_falls(session)
    found: list[Found] = []
    open_: set[str] = set()  # objectives whose gap is the company's: a team's is a line of that one
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
    """There is no plan of it any more, or the period is over."""
    after = analysis.register.period.end + timedelta(days=1)
    return "replanned", min(analysis.last, after)


def _follow(row: Drift, one: Followed, judged: Judged | None, last: date) -> Found:
    """Newest figures since the row's start, or its end; as it was where nothing new is known."""
    if judged is None:
        ends = not _in_time(one, last, _GONE)
        return _ended(row, "gone", last) if ends else Found(row.scope, row.raised_on, row=row)
    if judged.surely_smaller:
        return _ended(row, "recovered", last)
    since = gap(one.scope, one.objective, one.plan, [week for week in one.rows if week.week >= row.start])
    return Found(row.scope, row.raised_on, _figures(since or judged.told), row=row)


def _since_recovered(one: Followed, rows: Iterable[Drift]) -> Followed:
    """Without the weeks of a gap to this plan that was made good: what was told once and is over counts no further."""
    over = [row.ended_on for row in rows if row.state == "recovered" and row.start >= one.since and row.ended_on]
    return replace(one, rows=tuple(week for week in one.rows if week.week > max(over))) if over else one


def _ended(row: Drift, state: str, day: date) -> Found:
    return Found(row.scope, row.raised_on, end=(state, day), row=row)


def _figures(told: Gap) -> dict[str, Any]:
    """Before is what was planned, after what was worked; `low` and `high` bound the difference, as of every finding."""
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
    """Whether somebody said of a gap to this very plan that it is meant."""
    return any(row.state == "intended" and row.start >= since for row in rows)


def _loud_falls(session: Session) -> Sequence[Drift]:
    query = select(Drift).where(Drift.kind == "drift", Drift.state.in_(OPEN_STATES), Drift.severity != "low")
    return session.scalars(query).all()


def _said_already(one: Followed, register: Register, falls: Iterable[Drift]) -> bool:
    """Whether an open fall of the top priorities says it: one of this scope, or the company's where it names the team."""
    if one.objective not in register.top():
        return False
    return any(fall.scope == one.scope or one.scope in named_teams(fall.explanation) for fall in falls)

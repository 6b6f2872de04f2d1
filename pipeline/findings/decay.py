"""Resource drift: work that still follows the last plan. Strategy decay: an untouched register while the work moved."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value
from pipeline.findings.work import Floats
from pipeline.register.allocation import planned_shares
from pipeline.register.document import Register
from pipeline.register.sameness import same_objective
from pipeline.share.estimate import Z90
from pipeline.share.gap import WeekShare

CHANGED = 0.08
"""Smallest distance of two plans, in points reallocated, at which the work can show which one it follows."""
FOLLOWS, SURELY = 0.4, 0.8
"""Progress from the last plan to the new one that the work stays below, and below which its upper bound stays."""
UNTOUCHED = timedelta(weeks=8)
POINTS = 0.05
"""Points by which at least one objective must have moved with significance."""
WANDER = 0.02
"""Standard error of the difference of two spans' means beyond the spread of their weeks: streams, and the people on them, last
longer than a week, so that successive weeks are not independent."""


def resource_drift(given: Inputs) -> Outcome:
    """After a new plan: how far the shares of the last weeks have moved from the last plan to the new one, as a fraction."""
    if len(given.plans) < 2:
        return Unjudged("only one plan is known, so there is none that work could still follow")
    (_, old), (at, new) = given.plans[-2], given.plans[-1]
    at = max(at, new.period.start)
    before, now = planned_shares(old), planned_shares(new)
    was = _in_both(old, new)
    # Objectives absent from the old register were to get nothing; those in it without a plan may have had anything.
    keys = [key for key in now if key not in was or was[key] in before]
    if not any(key in was for key in keys):
        return Unjudged(
            "no objective is planned in both plans; work is no longer matched to objectives removed from the register"
        )
    o = np.array([before[was[key]] if key in was else 0.0 for key in keys])
    n = np.array([now[key] for key in keys])
    if (n >= o).all():
        return Unjudged("the new plan reduces no objective, so no work can be a leftover of the old plan")
    if float(np.abs(n - o).sum()) / 2 < CHANGED:
        return []
    recent = given.thresholds.recent
    rows = {key: [row for row in _weeks(given, key) if row.week >= at][-recent:] for key in keys}
    if min(map(len, rows.values())) < recent:
        return Unjudged(f"the new plan is younger than {recent} whole weeks")
    share = np.array([np.mean([row.share for row in rows[key]]) for key in keys])
    error = np.array([max(row.high - row.low for row in rows[key]) / 2 / Z90 for key in keys])
    along = (n - o) / float(((n - o) ** 2).sum())
    value, half = float(((share - o) * along).sum()), Z90 * float(((error * along) ** 2).sum()) ** 0.5
    if value >= FOLLOWS or value + half >= SURELY:
        return []
    values: dict[str, Value] = {"at": f"day:{at.isoformat()}"}
    for name, place in (("gains", int(np.argmax(n - o))), ("loses", int(np.argmin(n - o)))):
        values |= {name: f"objective:{keys[place]}", f"{name}_share": 100 * float(share[place])}
        values[f"{name}_plan"] = 100 * float(n[place])
    return [Found(COMPANY, "", value, at, value - half, value + half, values)]


def _in_both(old: Register, new: Register) -> dict[str, str]:
    """Map keys of the new register to the keys of the same objectives in the old one; equal titles take precedence over equal
    keys."""
    pairs = [
        (b.title.casefold() != a.title.casefold(), b.key != a.key, b, a) for b in new.objectives for a in old.objectives
    ]
    found: dict[str, str] = {}
    for *_, one, before in sorted(pairs, key=lambda pair: pair[:2]):
        if one.key not in found and before.key not in found.values() and same_objective(before, one):
            found[one.key] = before.key
    return found


def strategy_decay(given: Inputs) -> Outcome:
    """Points reallocated (half the sum of absolute changes) between the first weeks of the plan and the last, register
    untouched."""
    if not given.plans:
        return Unjudged("no plan is known")
    began = max(given.plans[-1][0], given.register.period.start)
    recent = given.thresholds.recent
    if given.last - began < UNTOUCHED + recent * timedelta(weeks=1):
        return Unjudged(f"the plan was touched less than {UNTOUCHED.days // 7 + recent} weeks ago")
    moves: dict[str, tuple[float, float]] = {}
    for key in [*(o.key for o in given.register.objectives), ""]:
        rows = [row for row in _weeks(given, key) if row.week >= began]
        if len(rows) < 2 * recent:
            return Unjudged("too few whole weeks since the plan are known")
        moves[key] = _moved(rows, recent)
    size = sum(abs(change) for change, _ in moves.values()) / 2
    lost = min(moves, key=lambda key: moves[key][0])
    gained = max(moves, key=lambda key: moves[key][0])
    surely = max(abs(change) - half for change, half in moves.values())
    if size < given.thresholds.moved or surely < POINTS:
        return []
    half = Z90 * (sum((h / Z90) ** 2 for _, h in moves.values()) ** 0.5) / 2
    values: dict[str, Value] = {
        "lost": _named(lost),
        "gained": _named(gained),
        "lost_points": -100 * moves[lost][0],
        "gained_points": 100 * moves[gained][0],
        "weeks": (given.last - began).days // 7,
    }
    return [Found(COMPANY, "", size, _since(given, lost, began), max(0.0, size - half), size + half, values)]


def _weeks(given: Inputs, key: str) -> Sequence[WeekShare]:
    return given.shares.get(COMPANY, {}).get(key, ())


def _named(key: str) -> str:
    return f"objective:{key}" if key else "work on no objective"


def _moved(rows: Sequence[WeekShare], recent: int) -> tuple[float, float]:
    """Return the change of the mean from the first weeks to the last, and the half-width of its 90 % interval.

    The interval is from the spread of the weeks, plus WANDER; errors common to all weeks cancel.
    """
    first, last = (np.array([row.share for row in some]) for some in (rows[:recent], rows[-recent:]))
    spread = _spread(first, last)
    return float(last.mean() - first.mean()), Z90 * (spread**2 * 2 / recent + WANDER**2) ** 0.5


def _spread(first: Floats, last: Floats) -> float:
    return float(np.concatenate([first - first.mean(), last - last.mean()]).std(ddof=2))


def _since(given: Inputs, key: str, began: date) -> date:
    """Return the first week from which the share stays beyond half of its change."""
    rows = [row for row in _weeks(given, key) if row.week >= began]
    recent = given.thresholds.recent
    level = (np.mean([r.share for r in rows[:recent]]) + np.mean([r.share for r in rows[-recent:]])) / 2
    falls = rows[-1].share < level
    week = rows[-1].week
    for row in reversed(rows):
        if (row.share < level) != falls:
            break
        week = row.week
    return week

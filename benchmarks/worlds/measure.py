"""Compare the product's results on a world with the truth."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from benchmarks.worlds.product import COMPANY, Opened
from benchmarks.worlds.rows import World, top_share
from pipeline.drift.detector import Event

SOON = timedelta(days=42)
BASE = timedelta(weeks=20)
NEAR = timedelta(days=14)
REAL = 0.5
"""Something that nobody planted is no false alarm where the true share fell by so much of what was told, on the same days: the
people of a team hold their tasks for weeks, so some teams do turn to other things by chance, and to say so is right."""


@dataclass(frozen=True, slots=True)
class Weeks:
    """Weekly top shares: the truth; effort x true labels; effort x belief; said, with the interval. Parts of one."""

    week: str
    truth: float
    gold: float
    belief: float
    said: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One world at one time; all but parts of weeks are in points. `told_after` is in days from the event, None: never."""

    world: str
    company: str
    style: str
    event: str
    phase: str
    level_error: float
    match_error: float
    effort_error: float
    inside: float
    width: float
    fall_truth: float
    fall_gold: float
    fall_belief: float
    fall_said: float
    told_after: int | None
    start_off: int | None
    false_alarms: int
    by_chance: int
    answers: int
    told: list[dict[str, Any]]
    weeks: list[dict[str, Any]]


def _told(day: date, event: Event) -> dict[str, Any]:
    """What was told on that day."""
    return {
        "scope": event.scope,
        "told": day.isoformat(),
        "raised": event.at.isoformat(),
        "severity": event.severity,
        "start": event.start.isoformat(),
        "before": round(event.before, 3),
        "after": round(event.after, 3),
        "low": round(event.low, 3),
        "high": round(event.high, 3),
    }


def figures(opened: Opened, phase: str, answers: int, *, told: bool = True) -> Figures:
    """Measure a world after an analysis."""
    world = opened.world
    weeks = _weeks(opened)
    count = len(weeks)
    truth, gold, belief, said = (
        _fall(world, [(w.week, getattr(w, name)) for w in weeks]) for name in ("truth", "gold", "belief", "said")
    )
    events = opened.told() if told else []
    seen = [_told(day, e) for day, e in events]
    right = [(day, e) for day, e in events if _is_right(world, day, e.start)]
    others = [(day, e) for day, e in events if not _is_right(world, day, e.start)]
    real = [e for day, e in others if _truly(opened, e, day) >= REAL * (e.before - e.after)]
    whole = [(day, e) for day, e in right if e.scope == COMPANY] or right
    first = min(whole, key=lambda pair: pair[0], default=None)
    at = world.event_at
    return Figures(
        world.name,
        world.company,
        world.style,
        world.event,
        phase,
        _mean([abs(w.said - w.truth) for w in weeks]),
        _mean([abs(w.belief - w.gold) for w in weeks]),
        _mean([abs(w.gold - w.truth) for w in weeks]),
        sum(w.low <= w.truth <= w.high for w in weeks) / max(1, count),
        _mean([w.high - w.low for w in weeks]),
        truth,
        gold,
        belief,
        said,
        (first[0] - at).days if first and at else None,
        (first[1].start - at).days if first and at else None,
        len(others) - len(real),
        len(real),
        answers,
        seen,
        [asdict(w) for w in weeks],
    )


def _is_right(world: World, told: date, start: date) -> bool:
    """Whether what was told is what happened: a fall that began about then."""
    return (
        world.falls
        and world.event_at is not None
        and told >= world.event_at
        and abs(start - world.event_at) <= 2 * NEAR
    )


def _truly(opened: Opened, event: Event, told: date) -> float:
    """By how much the true share of the event's scope fell from the days before its start to those until it was told."""
    of, top = opened.register.objective_of(), opened.register.top()
    sums = [[0.0, 0.0], [0.0, 0.0]]
    for one in opened.world.done:
        if event.scope in (COMPANY, one.team) and event.start - BASE <= one.day <= told:
            row = sums[one.day >= event.start]
            row[0] += one.person_days * (of.get(one.key_result or "") in top)
            row[1] += one.person_days
    before, after = (part / max(whole, 1e-9) for part, whole in sums)
    return before - after


def _weeks(opened: Opened) -> list[Weeks]:
    register, world = opened.register, opened.world
    of, top = register.objective_of(), register.top()
    beliefs = opened.beliefs()
    share = {item: sum(p for key, p in found.items() if of.get(key) in top) for item, found in beliefs.items()}
    sums: dict[date, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
    for day, item, amount in opened.efforts():
        row = sums[day - timedelta(days=day.weekday())]
        row[0] += amount
        row[1] += amount * share.get(item, 0.0)
        if item in world.labels:
            row[2] += amount
            row[3] += amount * (of.get(world.labels[item] or "") in top)
    truth = top_share(world.done, top, of)
    said = opened.top_shares()
    return [
        Weeks(week.isoformat(), *(round(x, 4) for x in (truth[week], s[3] / max(s[2], 1e-9), s[1] / s[0], *said[week])))
        for week, s in sorted(sums.items())
        if week in truth and week in said and s[0]
    ]


def _fall(world: World, shares: Sequence[tuple[str, float]]) -> float:
    """Points from the weeks before the event to those after it; of a ramp only the last three."""
    if world.event_at is None:
        return 0.0
    at = world.event_at.isoformat()
    before = [share for week, share in shares if week < at]
    after = [share for week, share in shares if week >= at]
    after = after[-3:] if world.event == "ramp" else after
    return 100 * (sum(before) / max(1, len(before)) - sum(after) / max(1, len(after)))


def _mean(values: Sequence[float]) -> float:
    return 100 * sum(values) / max(1, len(values))


HEAD = (
    f"{'':34} {'n':>4} {'level':>6} {'match':>6} {'effort':>6} {'in 90%':>6} {'width':>6} "
    f"{'fall':>5} {'gold':>5} {'kept':>5} {'seen':>5} {'told6w':>6} {'false':>6} {'chance':>6}"
)


def line(name: str, rows: Sequence[Figures | Mapping[str, Any]]) -> str:
    """One line of the table over these worlds.

    `level`, `match`, `effort`: mean absolute error of the weekly top share: of what was said; effort x belief against effort x
    true labels; effort x true labels against the truth. `fall` true points, `gold` part of it in effort x true labels, `kept`
    part of that in effort x belief, `seen` part of the true fall in what was said. `told6w` of worlds with a fall told within six
    weeks, start within 14 days; `false` worlds where something was told that is not so, `chance` where something was told that
    is so and that nobody planted.
    """
    all_of = [one if isinstance(one, Mapping) else asdict(one) for one in rows]
    fell = [one for one in all_of if one["event"] not in ("none", "swap", "replan")]

    def mean(key: str) -> float:
        return float(sum(one[key] for one in all_of) / len(all_of))

    def total(key: str) -> float:
        return float(sum(one[key] for one in fell))

    whole = [one for one in fell if one["event"] not in ("team", "side")]
    good = [
        one
        for one in whole
        if one["told_after"] is not None and one["told_after"] <= SOON.days and abs(one["start_off"]) <= NEAR.days
    ]
    part = "  -  " if not fell else f"{100 * total('fall_gold') / total('fall_truth'):4.0f}%"
    kept = "  -  " if not fell else f"{100 * total('fall_belief') / total('fall_gold'):4.0f}%"
    seen = "  -  " if not fell else f"{100 * total('fall_said') / total('fall_truth'):4.0f}%"
    fall = f"{total('fall_truth') / len(fell):5.1f}" if fell else "  -  "
    told = f"{len(good)}/{len(whole)}" if whole else "-"
    wrong, chance = (sum(one[key] > 0 for one in all_of) for key in ("false_alarms", "by_chance"))
    return (
        f"{name:34} {len(all_of):4} {mean('level_error'):6.1f} {mean('match_error'):6.1f} {mean('effort_error'):6.1f} "
        f"{100 * mean('inside'):5.0f}% {mean('width'):6.1f} {fall:>5} {part:>5} {kept:>5} {seen:>5} {told:>6} "
        f"{wrong:>6} {chance:>6}"
    )

"""The figures that people meet, each computed here and nowhere else, so that alert, digest, page, command line and exports agree.

- **share of a week**: of a complete week (Monday to Sunday, all over), as in table `share`; the running week is marked as such.
- **level before and after**: the mean share on the days before and since the start of an open fall, on the very days the detector
  used. While a fall is open it is what a scope stands at; otherwise that is the last complete week beside the eight before.
- **change**: level after less level before, in points (of 100 working days); its 90% interval is the detector's.
- **coverage, person-days a week**: means of the last four complete weeks.

Shares are whole percent that add up: objectives and work on none to 100, the top priorities to their sum, changes to zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.charts import WeekPoint
from alerts.waiting import named_teams, open_alert
from alerts.words import percent, split, whole
from models import Cycle, Drift, Share
from models.vocabulary import COMPANY
from pipeline.register.allocation import planned_shares
from pipeline.register.document import Register
from pipeline.register.versions import plans
from pipeline.register.workdays import monday
from pipeline.share.gap import Gap, follow, suggested

TOP, NONE = "top", ""
RECENT_WEEKS, USUAL_WEEKS = 4, 8
WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class PlanGap:
    """Plan less share over whole weeks, as it is shown: whole points of 100, `low` to `high` with 90 %, and what they are in
    person-days. More than zero is less work than planned."""

    plan: int
    share: int
    low: int
    high: int
    person_days: int
    first: date
    last: date
    weeks: int

    @property
    def points(self) -> int:
        """Points, from the two figures that are shown."""
        return self.plan - self.share

    @classmethod
    def of(cls, found: Gap) -> "PlanGap":
        """From parts of one."""
        plan, share = percent(found.plan), percent(found.share)
        low, high = min(percent(found.low), plan - share), max(percent(found.high), plan - share)
        return cls(plan, share, low, high, whole(found.person_days), found.first, found.last, found.weeks)


@dataclass(frozen=True, slots=True)
class Part:
    """One objective of a scope (key '' for work on none, 'top' for the top priorities): whole percent, and the interval of `now`.

    `before` is None where nothing is known of before; `plan` is the planned percent, where the register has one, `suggested` one
    to start from, where the scope has none. `four_weeks` is the gap over the last four whole weeks that the plan holds for.
    """

    key: str
    title: str
    priority: int | None
    now: int
    low: int
    high: int
    before: int | None
    plan: int | None = None
    planned: bool = False
    """Whether it is in the plan of the scope."""
    suggested: int | None = None
    four_weeks: PlanGap | None = None

    @property
    def gap(self) -> int | None:
        """Points that are planned and not worked, from the two figures that are shown."""
        return None if self.plan is None else self.plan - self.now

    @property
    def change(self) -> int | None:
        """Points, from the two figures that are shown."""
        return None if self.before is None else self.now - self.before


@dataclass(frozen=True, slots=True)
class Standing:
    """How a scope stands. `own` sums up the objectives that the scope plans to serve; None for a team that plans none."""

    scope: str
    name: str
    week: date
    complete: bool
    since: date | None
    fell: bool
    drift: int | None
    top: Part
    own: Part | None
    parts: tuple[Part, ...]
    coverage: int
    person_days: float

    @property
    def until(self) -> date:
        """Sunday of the last week that the figures know whole."""
        return self.week + timedelta(days=6)

    @property
    def serves_top(self) -> bool:
        """Return True if a top priority is in its plan: a team without one is not measured by them."""
        return self.scope == COMPANY or self.top.planned

    @property
    def head(self) -> Part | None:
        """The figure to show first: of the company the top priorities, of a team what it plans to serve."""
        return self.top if self.scope == COMPANY else self.own


@dataclass(frozen=True, slots=True)
class Weekly:
    """A week of a scope, shares by objective in parts of one."""

    week: date
    complete: bool
    coverage: float
    person_days: float
    shares: Mapping[str, Share]


def complete_through(session: Session) -> date | None:
    """The last day that the last finished cycle looked at; None before the first."""
    return session.scalar(
        select(Cycle.through).where(Cycle.finished_at.is_not(None)).order_by(Cycle.id.desc()).limit(1)
    )


def is_complete(week: date, through: date | None) -> bool:
    """Return True if the week that begins on this Monday is over and known."""
    return through is None or week + timedelta(days=6) <= through


def last_week(session: Session, scope: str) -> date | None:
    """Monday of the scope's last complete week; of its running one where it has no other; None where it has no shares."""
    through = complete_through(session)
    query = select(func.max(Share.week)).where(Share.scope == scope)
    over = session.scalar(query.where(Share.week <= through - timedelta(days=6))) if through else None
    return over or session.scalar(query)


def weekly(session: Session, scope: str, since: date | None = None, until: date | None = None) -> list[Weekly]:
    """The weeks of a scope in order, the running one too, within the days given."""
    through = complete_through(session)
    query = select(Share).where(Share.scope == scope).order_by(Share.week)
    if since:
        query = query.where(Share.week > since - WEEK)
    if until:
        query = query.where(Share.week <= until)
    by_week: dict[date, dict[str, Share]] = {}
    for row in session.scalars(query):
        by_week.setdefault(row.week, {})[row.objective] = row
    return [
        Weekly(week, is_complete(week, through), rows[TOP].coverage, rows[TOP].person_days, rows)
        for week, rows in by_week.items()
        if TOP in rows
    ]


def plan_of(register: Register, scope: str) -> frozenset[str]:
    """Keys of the objectives that a scope plans to serve: a team's are those with a key result of it."""
    if scope == COMPANY:
        return frozenset(objective.key for objective in register.objectives)
    return frozenset(
        o.key for o in register.objectives if o.team == scope or any(scope in k.teams for k in o.key_results)
    )


def scope_name(register: Register, scope: str) -> str:
    """A team's name, or the company's."""
    names = {team.key: team.name for team in register.teams} | {COMPANY: register.company or "The company"}
    return names.get(scope, scope)


def levels(drift: Drift, scope: str) -> tuple[dict[str, float], dict[str, float]] | None:
    """Shares of all objectives of a scope before and since a fall, on the detector's days; None in rows of older versions."""
    rows = drift.explanation.get("levels", {}).get(scope)
    if not rows:
        return None
    return {key: pair[0] for key, pair in rows.items()}, {key: pair[1] for key, pair in rows.items()}


def standing(
    session: Session, register: Register, scope: str, fall: Drift | None = None, span: tuple[date, date] | None = None
) -> Standing | None:
    """How a scope stands; None where it has no shares.

    It is measured against the days before `fall`, else before its own open fall, else before the company's, else against the
    eight weeks before. With `span` (first and last day) it is the mean of these days' complete weeks against the eight before.
    """
    week = last_week(session, scope)
    if week is None:
        return None
    own, named = fall, False
    if span is None:
        company = open_alert(session, COMPANY)
        own = fall or open_alert(session, scope)
        named = company is not None and scope in named_teams(company)
        fall = own or (company if company is not None and (named or levels(company, scope)) else None)
    else:
        week = max(min(week, monday(span[1])), monday(span[0]))
    began = fall.start if fall else span[0] if span else week
    first, end = usual_weeks(began, week)
    weeks = weekly(session, scope, min(first, end, week - (RECENT_WEEKS - 1) * WEEK), week)
    current = [one for one in weeks if one.week >= monday(began)] or weeks[-1:]
    before, now = (levels(fall, scope) if fall else None) or (
        mean_shares([one for one in weeks if first <= one.week < end]),
        mean_shares(current),
    )
    mine = fall if fall is not None and fall.scope == scope else None
    about = _interval(current)
    parts = _parts(register, scope, (before, now), (mine.before, mine.after) if mine else (None, None), about)
    parts = _with_gaps(session, register, scope, parts, before)
    top = register.top()
    head = _sum("Top priorities", [part for part in parts if part.key in top], about.get(TOP, (0.0, 0.0)))
    if scope != COMPANY:
        head = replace(head, planned=bool(plan_of(register, scope) & top))
    if mine is not None:
        low, high = (percent(mine.before + bound) for bound in (mine.low, mine.high))
        head = replace(head, low=max(0, min(low, head.now)), high=min(100, max(high, head.now)))
    recent = weeks[-RECENT_WEEKS:]
    if not recent:
        return None
    return Standing(
        scope,
        scope_name(register, scope),
        week,
        is_complete(week, complete_through(session)),
        fall.start if fall else None,
        own is not None or named,
        fall.id if fall else None,
        head,
        _own(parts, head, top, about, scope),
        tuple(parts),
        percent(sum(one.coverage for one in recent) / len(recent)),
        sum(one.person_days for one in recent) / len(recent),
    )


def usual_weeks(began: date, week: date) -> tuple[date, date]:
    """First Monday, and the Monday after the last, of the weeks that `week` is held against: those before it, or before a fall.

    The mean of weeks before and after a fall is usual of neither.
    """
    end = min(week, monday(began))
    return end - USUAL_WEEKS * WEEK, end


def part_of(register: Register, scope: str, week: Weekly, before: Weekly | None) -> list[Part]:
    """A week's objectives beside another week's; the last row is the top priorities together."""
    sides = [mean_shares([one]) if one else {} for one in (before, week)]
    about = _interval([week])
    parts = _parts(register, scope, (sides[0], sides[1]), (None, None), about)
    return [*parts, _sum("Top priorities", [part for part in parts if part.key in register.top()], about[TOP])]


def _parts(
    register: Register,
    scope: str,
    sides: tuple[Mapping[str, float], Mapping[str, float]],
    totals: tuple[float | None, float | None],
    about: Mapping[str, tuple[float, float]],
) -> list[Part]:
    """Objectives in order of priority, then none; `totals` are of the top priorities where another source knows them."""
    before, now = sides
    top, planned = register.top(), plan_of(register, scope)
    shown = [whole_shares(side, top, total) for side, total in zip(sides, totals, strict=True)]
    found = []
    for key, title, priority, plan in _objectives(register, scope):
        low, high = about.get(key, (0.0, 0.0))
        value = shown[1].get(key, 0)
        found.append(
            Part(
                key,
                title,
                priority,
                value,
                max(0, min(value, percent(now.get(key, 0.0) - low))),
                min(100, max(value, percent(now.get(key, 0.0) + high))),
                shown[0].get(key, 0) if before else None,
                plan,
                key in planned,
            )
        )
    return found


def _with_gaps(
    session: Session, register: Register, scope: str, parts: Sequence[Part], past: Mapping[str, float]
) -> list[Part]:
    """With the gap of the last four weeks to the plan; where a scope has no plan, with one to start from."""
    if not any(part.plan is not None for part in parts):
        ranks = {part.key: part.priority for part in parts if part.planned and part.priority}
        start = {key: percent(part) for key, part in suggested(ranks, past).items()}
        return [replace(part, suggested=start.get(part.key)) for part in parts]
    through = complete_through(session)
    gaps = {
        one.objective: PlanGap.of(found)
        for one in (follow(session, register, plans(session), scope, through) if through else ())
        if (found := one.last()) is not None
    }
    return [replace(part, four_weeks=gaps.get(part.key)) for part in parts]


def _objectives(register: Register, scope: str) -> list[tuple[str, str, int | None, int | None]]:
    """Key, title, priority and planned percent of each objective in order of priority, work on none last."""
    planned = {key: percent(part) for key, part in planned_shares(register, scope).items()}
    ranked = sorted(register.objectives, key=lambda objective: objective.priority)
    return [*((o.key, o.title, o.priority, planned.get(o.key)) for o in ranked), (NONE, "On no objective", None, None)]


def mean_shares(weeks: Sequence[Weekly]) -> dict[str, float]:
    """Mean shares by objective, the top priorities' (TOP) too, weeks weighted by their work."""
    total = sum(one.person_days for one in weeks)
    if not weeks or total <= 0:
        return {}
    sums: dict[str, float] = {}
    for one in weeks:
        for key, row in one.shares.items():
            sums[key] = sums.get(key, 0.0) + row.share * one.person_days
    return {key: value / total for key, value in sums.items()}


def _interval(weeks: Sequence[Weekly]) -> dict[str, tuple[float, float]]:
    """By objective, how far the 90% interval reaches below and above the share, the mean over the weeks."""
    found: dict[str, list[tuple[float, float]]] = {}
    for one in weeks:
        for key, row in one.shares.items():
            found.setdefault(key, []).append((row.share - row.low, row.high - row.share))
    return {
        key: (sum(low for low, _ in rows) / len(rows), sum(high for _, high in rows) / len(rows))
        for key, rows in found.items()
    }


def whole_shares(shares: Mapping[str, float], top: frozenset[str], total: float | None = None) -> dict[str, int]:
    """Whole percent that add up to 100, those of the top priorities to their rounded sum (`total`, where it is given)."""
    inside, outside = [key for key in shares if key in top], [key for key in shares if key not in (*top, TOP)]
    if total is None:  # the audit corrects the top priorities together as well
        total = shares[TOP] if TOP in shares else sum(shares[key] for key in inside)
    whole_top = percent(total)
    found = dict(zip(inside, split([shares[key] for key in inside], whole_top), strict=True))
    return found | dict(zip(outside, split([shares[key] for key in outside], 100 - whole_top), strict=True))


def _sum(title: str, parts: Sequence[Part], about: tuple[float, float], key: str = TOP) -> Part:
    """Objectives together."""
    now = sum(part.now for part in parts)
    before = None if any(part.before is None for part in parts) else sum(part.before or 0 for part in parts)
    plan = sum(part.plan or 0 for part in parts) if parts and all(part.plan is not None for part in parts) else None
    low, high = max(0, now - percent(about[0])), min(100, now + percent(about[1]))
    return Part(key, title, None, now, low, high, before, plan, True)


def _own(
    parts: Sequence[Part], head: Part, top: frozenset[str], about: Mapping[str, tuple[float, float]], scope: str
) -> Part | None:
    """What the scope plans to serve, together. Its interval is no narrower than any correlation of the parts' would make it."""
    mine = [part for part in parts if part.planned]
    if scope == COMPANY or {part.key for part in mine} == top:
        return head
    if not mine:
        return None
    rest = [part for part in parts if not part.planned]
    return _sum("On its plan", mine, _reach(about, [part.key for part in mine], [part.key for part in rest]), "plan")


def _reach(about: Mapping[str, tuple[float, float]], mine: Sequence[str], rest: Sequence[str]) -> tuple[float, float]:
    """How far the interval of a sum of shares reaches below and above. Standard deviations add up at most, and what is
    too much in the sum is missing in the rest; so the smaller of both is wide enough whatever the parts have in common."""
    inside = [sum(about.get(key, (0.0, 0.0))[side] for key in mine) for side in (0, 1)]
    outside = [sum(about.get(key, (0.0, 0.0))[side] for key in rest) for side in (1, 0)]
    return min(inside[0], outside[0]), min(inside[1], outside[1])


def points(weeks: Sequence[Weekly], keys: frozenset[str] | None = None) -> list[WeekPoint]:
    """Weeks of a chart of the top priorities, or of some objectives together."""
    found = []
    for one in weeks:
        if keys is None:
            row = one.shares[TOP]
            share, low, high = row.share, row.low, row.high
        else:
            share = sum(one.shares[key].share for key in sorted(keys) if key in one.shares)
            below, above = _reach(
                _interval([one]), sorted(keys), [key for key in one.shares if key not in (*keys, TOP)]
            )
            low, high = max(0.0, share - below), min(1.0, share + above)
        found.append(WeekPoint(one.week, share, low, high, one.coverage, None, one.complete))
    return found


def week_line(point: WeekPoint) -> str:
    """A week in a line of the command line, the same for every command."""
    running = "" if point.complete else ", still running"
    return (
        f"week of {point.week}: top priorities {percent(point.share)}% ({percent(point.low)} to {percent(point.high)}), "
        f"{percent(point.coverage)}% of days seen{running}"
    )

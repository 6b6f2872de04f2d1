"""The objectives of a scope in whole percent that add up, each with its interval, its earlier share, and its plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from alerts.weeks import (
    NONE,
    TOP,
    Weekly,
    interval,
    mean_shares,
)
from alerts.words import percent, split, whole
from models.vocabulary import COMPANY
from pipeline.register.allocation import planned_shares
from pipeline.register.document import Register
from pipeline.share.gap import Gap


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

    @property
    def moved(self) -> bool:
        """Return True if the share before lies outside of the interval of now: what moved less may have stayed as it was."""
        return self.before is not None and not self.low <= self.before <= self.high


def plan_of(register: Register, scope: str) -> frozenset[str]:
    """Keys of the objectives that a scope plans to serve: a team's are those with a key result of it."""
    if scope == COMPANY:
        return frozenset(objective.key for objective in register.objectives)
    return frozenset(
        o.key for o in register.objectives if o.team == scope or any(scope in k.teams for k in o.key_results)
    )


def part_of(register: Register, scope: str, week: Weekly, before: Weekly | None) -> list[Part]:
    """A week's objectives beside another week's; the last row is the top priorities together."""
    sides = [mean_shares([one]) if one else {} for one in (before, week)]
    about = interval([week])
    found = parts(register, scope, (sides[0], sides[1]), (None, None), about)
    top = [part for part in found if part.key in register.top()]
    return [*found, together("Top priorities", top, about[TOP], share=week.shares[TOP].share)]


def parts(
    register: Register,
    scope: str,
    sides: tuple[Mapping[str, float], Mapping[str, float]],
    totals: tuple[float | None, float | None],
    about: Mapping[str, tuple[float, float]],
) -> list[Part]:
    """Objectives in order of priority, then none; `totals` are of the top priorities where another source knows them.

    An objective that no cycle has estimated yet is left out: it has no share, which is not a share of nothing.
    """
    before, now = sides
    top, planned = register.top(), plan_of(register, scope)
    shown = [whole_shares(side, top, total) for side, total in zip(sides, totals, strict=True)]
    found = []
    for key, title, priority, plan in _objectives(register, scope):
        if key != NONE and not any(key in known for known in (before, now, about)):
            continue
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


def _objectives(register: Register, scope: str) -> list[tuple[str, str, int | None, int | None]]:
    """Key, title, priority and planned percent of each objective in order of priority, work on none last."""
    planned = {key: percent(part) for key, part in planned_shares(register, scope).items()}
    ranked = sorted(register.objectives, key=lambda objective: objective.priority)
    return [*((o.key, o.title, o.priority, planned.get(o.key)) for o in ranked), (NONE, "On no objective", None, None)]


def whole_shares(shares: Mapping[str, float], top: frozenset[str], total: float | None = None) -> dict[str, int]:
    """Whole percent that add up to 100, those of the top priorities to their rounded sum (`total`, where it is given)."""
    inside, outside = [key for key in shares if key in top], [key for key in shares if key not in (*top, TOP)]
    if total is None:  # the audit corrects the top priorities together as well
        total = shares[TOP] if TOP in shares else sum(shares[key] for key in inside)
    whole_top = percent(total) if inside else 0  # a total of before the plan had none
    found = dict(zip(inside, split([shares[key] for key in inside], whole_top), strict=True))
    return found | dict(zip(outside, split([shares[key] for key in outside], 100 - whole_top), strict=True))


def together(
    title: str, parts: Sequence[Part], about: tuple[float, float], key: str = TOP, share: float | None = None
) -> Part:
    """Objectives together; the interval is around the `share` before it was rounded, where it is known."""
    now = sum(part.now for part in parts)
    before = None if any(part.before is None for part in parts) else sum(part.before or 0 for part in parts)
    plan = sum(part.plan or 0 for part in parts) if parts and all(part.plan is not None for part in parts) else None
    centre = now / 100 if share is None else share
    low, high = max(0, min(now, percent(centre - about[0]))), min(100, max(now, percent(centre + about[1])))
    return Part(key, title, None, now, low, high, before, plan, True)

"""The figures that people see, each computed only here, so that alert, digest, page, command line and exports agree.

- **share of a week**: of a complete week (Monday to Sunday, all over), as in table `share`; the running week is marked as such.
- **level before and after**: the mean share on the days before and since the start of an open fall, on the very days the detector
  used. While a fall is open it is what a scope stands at; otherwise that is the last complete week beside the eight before,
  of the plan in force: what an earlier plan asked for would be work on nothing in the terms of this one.
- **change**: level after less level before, in points (of 100 working days); its 90% interval is the detector's, and is said
  with the change alone: added to the level before it would be another interval of the level than its weeks have.
- **interval of a level**: reaches as far below and above as those of its weeks do on average, with a fall or without.
- **coverage, person-days a week**: means of the last four complete weeks.

Shares are whole percent that add up: objectives and work on none to 100, the top priorities to their sum, changes to zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from sqlalchemy.orm import Session

from alerts.parts import Part, PlanGap, parts, plan_of, together
from alerts.plan_turn import first_week
from alerts.waiting import open_alert
from alerts.weeks import (
    RECENT_WEEKS,
    TOP,
    USUAL_WEEKS,
    WEEK,
    Weekly,
    complete_through,
    interval,
    is_complete,
    last_week,
    mean_shares,
    reach,
    usual_weeks,
    weekly,
)
from alerts.words import day, percent
from models import Drift
from models.vocabulary import COMPANY
from pipeline.drift.explain import named_teams
from pipeline.register.document import Register
from pipeline.register.gone import keys_of, with_gone
from pipeline.register.versions import plans
from pipeline.register.workdays import monday
from pipeline.share.gap import follow, suggested


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
    averaged: date | None = None
    """From when on the shares are an average; None where they are of the last week."""
    weeks_before: int = 0
    """How many weeks are what it was before, where no fall says since when."""

    @property
    def against(self) -> str:
        """What the changes are held against; empty where there is nothing yet."""
        if self.since:
            return f"the days before {day(self.since)}"
        many = "eight" if self.weeks_before == USUAL_WEEKS else str(self.weeks_before)
        return ("", "the week before")[self.weeks_before] if self.weeks_before < 2 else f"the {many} weeks before"

    @property
    def range_of(self) -> str:
        """What the intervals are about."""
        if self.averaged is None:
            return f"in the week of {day(self.week)}"
        return f"on average since {day(self.averaged)}" + ("" if self.since else f", to {day(self.until)}")

    @property
    def until(self) -> date:
        """Sunday of the last week that the figures know whole."""
        return self.week + timedelta(days=6)

    @property
    def serves_top(self) -> bool:
        """Return True if a top priority is in its plan: who has none is not measured by them."""
        return self.top.planned

    @property
    def head(self) -> Part | None:
        """The figure to show first: of the company the top priorities where it has some, of a team what it plans to serve."""
        return self.top if self.scope == COMPANY and self.serves_top else self.own


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
    if span is not None:
        week = max(min(week, monday(span[1])), monday(span[0]))
    fall, fell = (fall, fall is not None) if span is not None else _held_against(session, scope, fall)
    began = fall.start if fall else span[0] if span else week
    recent, current, usual = _compared(session, register, scope, began, week)
    register = _told_with(session, register, fall, (*recent, *current, *usual))
    if not recent or (span is not None and not any(span[0] - WEEK < one.week <= span[1] for one in current)):
        return None
    before, now = (levels(fall, scope) if fall else None) or (mean_shares(usual), mean_shares(current))
    mine, about = fall if fall is not None and _is_of(fall, scope) else None, interval(current)
    totals = (mine.before, mine.after) if mine else (None, None)
    found = _with_gaps(session, register, scope, parts(register, scope, (before, now), totals, about), before)
    head = _head(register, scope, found, about, now)
    return Standing(
        scope,
        scope_name(register, scope),
        week,
        is_complete(week, complete_through(session)),
        fall.start if fall else None,
        fell,
        fall.id if fall else None,
        head,
        _own(found, head, register.top(), about, scope),
        tuple(found),
        percent(sum(one.coverage for one in recent) / len(recent)),
        sum(one.person_days for one in recent) / len(recent),
        fall.start if fall else span[0] if span else None,
        0 if fall else len(usual),
    )


def _told_with(session: Session, register: Register, fall: Drift | None, weeks: Sequence[Weekly]) -> Register:
    """The register, with the objectives of earlier plans that the figures are of."""
    keys = {key for one in weeks for key in one.shares}
    return with_gone(session, register, keys | keys_of(fall) if fall else keys)


def _is_of(fall: Drift, scope: str) -> bool:
    """Return True if a fall is of a scope's own work: a team that is the whole company has the company's interval."""
    own = levels(fall, scope)
    return fall.scope == scope or (own is not None and own == levels(fall, fall.scope))


def _compared(
    session: Session, register: Register, scope: str, began: date, week: date
) -> tuple[list[Weekly], list[Weekly], list[Weekly]]:
    """The weeks up to `week` that the figures are of: the last four, those since `began`, and the usual ones before it, of the
    same plan."""
    first, end = usual_weeks(began, week)
    weeks = weekly(session, scope, min(first, end, week - (RECENT_WEEKS - 1) * WEEK), week)
    current = [one for one in weeks if one.week >= monday(began)] or weeks[-1:]
    plan_from = first_week(session, register)
    if current and current[0].week >= plan_from:
        first = max(first, plan_from)
    return weeks[-RECENT_WEEKS:], current, [one for one in weeks if first <= one.week < end]


def _held_against(session: Session, scope: str, fall: Drift | None) -> tuple[Drift | None, bool]:
    """The open fall that a scope is measured against, and whether the scope itself fell: by itself, or named in the company's."""
    company = open_alert(session, COMPANY)
    own = fall or open_alert(session, scope)
    named = company is not None and scope in named_teams(company.explanation)
    joined = company is not None and (named or levels(company, scope) is not None)
    return own or (company if joined else None), own is not None or named


def _head(
    register: Register,
    scope: str,
    found: Sequence[Part],
    about: Mapping[str, tuple[float, float]],
    now: Mapping[str, float],
) -> Part:
    """The top priorities together."""
    top = register.top()
    share = now.get(TOP, sum(now.get(key, 0.0) for key in top))
    together_ = [part for part in found if part.key in top]
    head = together("Top priorities", together_, about.get(TOP, (0.0, 0.0)), share=share)
    return replace(head, planned=bool(plan_of(register, scope) & top))


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


def _own(
    parts: Sequence[Part],
    head: Part,
    top: frozenset[str],
    about: Mapping[str, tuple[float, float]],
    scope: str,
) -> Part | None:
    """What the scope plans to serve, together. Its interval is no narrower than any correlation of the parts' would make it;
    where that is all it does of the top priorities it is theirs, of the same work."""
    mine = [part for part in parts if part.planned]
    if (scope == COMPANY and top) or {part.key for part in mine} == top & {part.key for part in parts}:
        return head
    if not mine:
        return None
    rest = [part for part in parts if not part.planned]
    own = together("On its plan", mine, (0.0, 0.0), "plan")
    if {part.key for part in mine} <= top and (own.now, own.before) == (head.now, head.before):
        return replace(own, low=head.low, high=head.high)
    return together("On its plan", mine, reach(about, [part.key for part in mine], [part.key for part in rest]), "plan")

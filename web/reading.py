"""What the pages show, read from the aggregates; nothing here is about one person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from alerts.chart_frame import COLOURS, PAGE
from alerts.charts import Fall
from alerts.figures import Standing
from alerts.parts import Part, PlanGap, plan_of, whole_shares
from alerts.weeks import NONE, TOP, Weekly, complete_through
from alerts.words import fraction
from models import OPEN_STATES, Drift, Effort, Match, Share, WorkItem
from models.judge import JUDGE
from models.vocabulary import COMPANY
from pipeline.drift.explain import named_teams
from pipeline.register.document import Register
from pipeline.register.ended import ran_out
from pipeline.register.gone import with_gone
from pipeline.register.membership import of_team
from pipeline.register.workdays import monday
from web import data

Day = Annotated[date | None, BeforeValidator(lambda given: given or None)]
"""A day of an address; nothing where a form's field was left empty."""
WEEKS = 26
HEAT_WEEKS = 6


@dataclass(frozen=True, slots=True)
class Period:
    """The days that a page shows; `chosen` where somebody chose them."""

    since: date
    until: date
    chosen: bool
    presets: tuple[tuple[str, str, bool], ...]
    last: date | None = None
    """Monday of the last week known."""

    @property
    def weeks(self) -> tuple[date, date] | None:
        """First and last day of the whole weeks that somebody chose, as figures of them are; None where nobody chose."""
        if not self.chosen:
            return None
        end = monday(self.until) if self.last is None else max(min(self.last, monday(self.until)), monday(self.since))
        return monday(self.since), end + timedelta(days=6)

    def meets(self, drift: Drift) -> bool:
        """Return True if a finding was there in these days."""
        return not self.chosen or (drift.start <= self.until and (drift.ended_on or self.since) >= self.since)


def calendar_day(one: date) -> date:
    """A day that a form or a link may ask for: weeks around the first and the last one that there are cannot be reckoned with."""
    return min(max(one, date(1900, 1, 1)), date(2200, 12, 31))


def period(path: str, register: Register, last: date, since: date | None, until: date | None) -> Period:
    """The period of a page: what was chosen, else half a year up to the last week known."""
    since, until = (one and calendar_day(one) for one in (since, until))
    end = last + timedelta(days=6)
    first = last - timedelta(weeks=WEEKS - 1)
    given = [
        ("13 weeks", last - timedelta(weeks=12), end),
        (register.period.name, register.period.start, min(end, register.period.end)),
    ]
    presets = [("Half a year", path, since is None and until is None)] + [
        (text, f"{path}?since={a}&until={b}", (since, until) == (a, b)) for text, a, b in given if a < b
    ]
    shown = (since or min(first, until or first), until or max(end + timedelta(weeks=1), since or first))
    return Period(min(shown), max(shown), since is not None or until is not None, tuple(presets), last)


def stack_rows(weeks: Sequence[Weekly], register: Register) -> list[dict[str, Any]]:
    """Rows of the stacked chart; `after` marks weeks that began after the plan's end."""
    return [
        {
            "week": one.week,
            "objective": key,
            "share": row.share,
            "low": row.low,
            "high": row.high,
            "complete": one.complete,
            "after": ran_out(register, one.week),
        }
        for one in weeks
        for key, row in one.shares.items()
        if key != TOP
    ]


_OVER = ("recovered", "deepened", "gone")
"""Ends after which the share is at another level; what was called planned stays where it is."""


def fall_of(drift: Drift, part: Part | None = None) -> Fall:
    """A fall as it is drawn: its own levels, or those of the part that is shown."""
    if part is None or part.before is None:
        return Fall(drift.start, drift.before, drift.after, drift.ended_on if drift.state in _OVER else None)
    return Fall(drift.start, part.before / 100, part.now / 100)


def spark(values: Sequence[float]) -> str:
    """Points of a polyline in a field of 100 by 40."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return " ".join(
        f"{100 * n / (len(values) - 1):.1f},{36 - 32 * (value - low) / span:.1f}" for n, value in enumerate(values)
    )


def heat(session: Session, register: Register, least: int, since: date, until: date, most: int = 99) -> dict[str, Any]:
    """Teams by complete week, each its share on its own plan in whole percent; None where it is not known, or not `planned`."""
    teams = data.large_teams(register, least)
    shares = _by_team(session, [key for key, _ in teams], since, until, most)
    weeks = sorted({week for _, week in shares})
    told = with_gone(session, register, {one for its in shares.values() for one in its if one not in (NONE, TOP)})
    rows = []
    for key, name in teams:
        plan = plan_of(told, key)
        known = {week: own_percent(shares[key, week], told, plan) for week in weeks if (key, week) in shares}
        cells = [known.get(week) if plan else None for week in weeks]
        rows.append({"key": key, "name": name, "cells": cells, "planned": bool(plan)})
    return {"weeks": weeks, "rows": rows, "after": [week for week in weeks if ran_out(register, week)]}


def _by_team(
    session: Session, teams: Sequence[str], since: date, until: date, most: int
) -> dict[tuple[str, date], dict[str, float]]:
    """Shares by objective of teams in their last complete weeks: of hundreds of teams they are read at once, and nothing else."""
    through = complete_through(session)
    here = [Share.scope.in_(teams), Share.week > since - timedelta(weeks=1), Share.week <= until]
    if through is not None:
        here.append(Share.week <= through - timedelta(days=6))
    over = select(Share.week).where(*here, Share.objective == TOP).distinct().order_by(Share.week.desc()).limit(most)
    weeks = list(session.scalars(over))
    query = select(Share.scope, Share.week, Share.objective, Share.share)
    found: dict[tuple[str, date], dict[str, float]] = {}
    for team, week, objective, share in session.execute(query.where(*here, Share.week.in_(weeks))):
        found.setdefault((team, week), {})[objective] = share
    return {key: shares for key, shares in found.items() if TOP in shares}


def own_percent(shares: Mapping[str, float], register: Register, plan: frozenset[str]) -> int:
    """A week's share on some objectives, summed up as the page shows them."""
    shown = whole_shares(shares, register.top())
    return sum(shown.get(key, 0) for key in plan)


def items_by_id(session: Session, ids: Sequence[int]) -> list[dict[str, Any]]:
    """Items in this order, with the evidence of their matches; those that are gone are left out."""
    pairs = select(WorkItem, Match).join(Match, Match.work_item_id == WorkItem.id).where(WorkItem.id.in_(ids))
    names = data.team_names(session)
    found = {item.id: _item(item, match, names) for item, match in session.execute(pairs)}
    return [found[one] for one in ids if one in found]


def _item(item: WorkItem, match: Match | None, names: Mapping[str, str]) -> dict[str, Any]:
    row = data.described(item, match, names)
    return row | {"evidence": _who_said_what(row["evidence"])}


def _who_said_what(evidence: Sequence[str]) -> list[str]:
    """The two strongest reasons, and what the judge said, each with who says so."""
    reasons = [one.replace(" %", "%") for one in evidence]
    return [*reasons[:2], *(one for one in reasons[2:] if one.startswith(JUDGE))]


SEARCHED = 20
"""Items that a search shows."""


def search_items(session: Session, text: str, team: str | None) -> tuple[list[dict[str, Any]], bool]:
    """The newest items whose key or title holds the text, and whether there are more; a lead finds those of their team."""
    pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    # Not ILIKE: PostgreSQL folds the case of title and pattern anew for each row, which takes half as long again.
    titled = func.lower(WorkItem.title).like(func.lower(pattern), escape="\\")
    named = or_(func.upper(WorkItem.key) == text.upper(), titled)
    query = select(WorkItem).where(named).order_by(WorkItem.updated_at.desc()).limit(SEARCHED + 1)
    if team:
        query = query.where(WorkItem.id.in_(of_team(select(Effort.work_item_id), team)))
    names = data.team_names(session)
    found = session.scalars(query).all()
    return [_item(item, session.get(Match, item.id), names) for item in found[:SEARCHED]], len(found) > SEARCHED


def colours(register: Register) -> dict[str, str]:
    """The colour of each objective, the same on every page; work on none has its own."""
    ranked = sorted(register.objectives, key=lambda objective: objective.priority)
    return {o.key: PAGE.series[n % COLOURS] for n, o in enumerate(ranked)} | {NONE: "var(--off)"}


def findings(session: Session, scope: str) -> list[Drift]:
    """Findings of a scope, open ones first: the company's page has every scope's, a team's its own and those that name it."""
    rows = data.drifts(session)
    return (
        rows
        if scope == COMPANY
        else [
            d
            for d in rows
            if d.scope == scope or (d.kind == "drift" and d.scope == COMPANY and scope in named_teams(d.explanation))
        ]
    )


def falls(session: Session, scope: str) -> list[Drift]:
    """Open findings that are drawn in a scope's chart: its own, else the company's where it names the team."""
    open_ = [
        d
        for d in findings(session, scope)
        if d.kind == "drift" and d.ended_on is None and d.state in OPEN_STATES and d.severity != "low"
    ]
    return [d for d in open_ if d.scope == scope] or [d for d in open_ if scope != COMPANY]


def share_rows(weeks: Sequence[Weekly]) -> list[dict[str, Any]]:
    """Shares for export, parts of one with six decimals, so that rounding them gives the page's percentages; the running week
    is not `complete`.
    """
    return [
        {
            "week": one.week.isoformat(),
            "objective": key,
            "share": fraction(row.share),
            "low": fraction(row.low),
            "high": fraction(row.high),
            "coverage": fraction(one.coverage),
            "complete": one.complete,
        }
        for one in weeks
        for key, row in sorted(one.shares.items())
    ]


def _gap_row(found: PlanGap | None) -> dict[str, Any]:
    """The gap over the last four whole weeks of the plan, for export; empty where there is none."""
    names = ("share", "points", "low", "high", "person_days", "first", "last")
    return {
        f"four_weeks_{name}": "" if found is None else str(value) if isinstance(value, date) else value
        for name in names
        for value in (getattr(found, name, None),)
    }


def objective_rows(found: Standing) -> list[dict[str, Any]]:
    """How each objective stands, in whole percent as on the page, for export."""
    measured = {"since": found.since.isoformat() if found.since else "", "week": found.week.isoformat()}
    return [
        {
            "key": part.key,
            "title": part.title,
            "priority": part.priority,
            "now": part.now,
            "low": part.low,
            "high": part.high,
            "before": part.before,
            "change": part.change,
            "planned": part.planned,
            "plan": part.plan,
            "gap": part.gap,
            "suggested_plan": part.suggested,
            **_gap_row(part.four_weeks),
            **measured,
        }
        for part in (found.top, *found.parts)
    ]

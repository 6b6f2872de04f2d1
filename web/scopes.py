"""The pages of a scope: the company, a team, and all teams side by side."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from alerts.falls import team_lines
from alerts.figures import Standing
from alerts.gaps import gap_lines, open_gaps, view_of
from alerts.parts import plan_of
from alerts.plan_turn import first_week, plan_turn
from alerts.promise import promise
from alerts.streams import streams, window, window_text
from alerts.view import Taken
from alerts.weeks import NONE, Weekly, complete_through, last_week, points, weekly
from alerts.words import in_path, short_day
from leeway.status import days_known
from models.vocabulary import COMPANY
from pipeline.drift.detector import LEAST_HISTORY
from pipeline.drift.stage import detectable_points
from pipeline.register.document import Register
from web import data, reading
from web.auth import Signed, Viewer, turn_to
from web.drawing import Drawing
from web.frame import Frame
from web.place import Place, counted
from web.reading import Day
from web.standings import standing_in, teams_beside

FEW = 60
"""Members above which a company's fall can be told from chance anyhow."""
MOST_FINDINGS, MOST_STREAMS = 12, 8
"""Rows of a page that is read in a minute; where there are more, it links to the page that has all."""
LEAST_STREAM = 1
"""Person-days of the window below which a stream is not listed."""


@dataclass(frozen=True, slots=True)
class _One:
    """A register as it is in memory, which stays there while something is kept for it."""

    register: Register = field(compare=False)
    number: int


class Scopes(Place):
    """The company, the teams."""

    def __init__(self, web: FastAPI, frame: Frame, drawing: Drawing) -> None:
        super().__init__(frame, drawing)
        self._limits: dict[date | None, int | None] = {}
        self._heat = lru_cache(maxsize=64)(self._find_heat)
        self.route(
            web,
            ("/", self.company),
            ("/teams", self.teams),
            ("/teams/{key:path}", self.team),
        )

    def company(self, request: Request, who: Signed, since: Day = None, until: Day = None) -> Response:
        """The company's shares, findings and streams."""
        if who.role == "team":
            return RedirectResponse(f"/teams/{in_path(who.team or '')}")
        return self._scope(request, who, COMPANY, since, until)

    def team(self, request: Request, who: Signed, key: str, since: Day = None, until: Day = None) -> Response:
        """The same of one team."""
        return self._scope(request, turn_to(request, who, key), key, since, until)

    def _kept_heat(self, register: Register, since: date, until: date, most: int) -> dict[str, Any]:
        """Hundreds of teams' weeks, kept until the next cycle; none while the first one is at work."""
        cycle, _ = data.last_cycle(self.app)
        return self._heat(cycle or object(), _One(register, id(register)), since, until, most)

    def _find_heat(self, _cycle: object, one: "_One", since: date, until: date, most: int) -> dict[str, Any]:
        with self.app.sessions() as session:
            return reading.heat(session, one.register, self.least, since, until, most)

    def _promise(self, session: Session, register: Register) -> str | None:
        """What few people cannot tell, once a day: it reads all effort, of which few people have little."""
        day = complete_through(session)
        if len(register.addresses()) > FEW or day is None or days_known(session) < LEAST_HISTORY:
            return None
        if day not in self._limits:
            self._limits = {day: detectable_points(session, register, day, self.app.drift_settings())}
        return promise(self._limits[day])

    def _scope(self, request: Request, who: Viewer, key: str, since: date | None, until: date | None) -> Response:
        _, register = self.frame.allowed(who, key)
        path = "/" if key == COMPANY else f"/teams/{in_path(key)}"
        with self.app.sessions() as session:
            period, found = standing_in(session, register, key, path, since, until)
            weeks = weekly(session, key, period.since, period.until)
            values = (
                _of_standing(found)
                | self._open(session, register, found, period)
                | self._listed(session, register, key, period)
                | {
                    "turn": None if period.chosen else plan_turn(session, register, key, found.week),
                    "promise": self._promise(session, register) if key == COMPANY else None,
                    "plan_from": _turned(weeks, first_week(session, register)),
                    "behind": not period.chosen and found.week < (last_week(session, COMPANY) or found.week),
                }
            )
        keys = (
            None
            if found.own is None or found.own.key == "top"
            else frozenset(part.key for part in found.parts if part.planned)
        )
        whole = [one.share for one in points([w for w in weeks if w.complete], keys)]
        values["sparks"] = {found.head.key: reading.spark(whole)} if found.head else {}
        values["stack"] = self.drawing.of(
            "stack",
            key,
            period,
            "Weekly shares by objective, the top priorities lowest",
            counted(one.complete for one in weeks),
            chosen=period.chosen,
        )
        return self.frame.page(request, who, "scope.html.j2", values)

    def _open(self, session: Session, register: Register, found: Standing, period: reading.Period) -> dict[str, Any]:
        """The open falls and gaps of a scope as they are told, and what took the place of its own fall."""
        key = found.scope
        falls = [] if period.chosen else reading.falls(session, key)
        gaps = [] if period.chosen else open_gaps(session, key)
        told = [(d, view_of(session, d, register, self.frame.terms())) for d in (*falls, *gaps) if d.scope == key]
        own = next((d for d in falls if d.scope == key), None)
        shown = next((view for d, view in told if d is own), None)
        return {
            "open": told,
            "with_company": found if found.fell and own is None and falls else None,
            "took": _shown(shown.taken) if shown else [],
            "moved": shown.points if shown else 0,
        }

    def _listed(self, session: Session, register: Register, key: str, period: reading.Period) -> dict[str, Any]:
        """What the page lists below the figures: findings, streams, the teams' weeks."""
        told_of, span = data.visible(register, self.least), period.weeks or window(session)
        worked = streams(session, register, key, self.least, span)
        known = [d for d in reading.findings(session, key) if d.scope in told_of and period.meets(d)]
        drifts, large = known[:MOST_FINDINGS], [one for one in worked if one.days >= LEAST_STREAM]
        heat = None
        if key == COMPANY:
            heat = self._kept_heat(register, period.since, period.until, reading.HEAT_WEEKS)
        return {
            "p": period,
            "colours": reading.colours(register),
            "drifts": drifts,
            "gaps": gap_lines(session, register, drifts),
            "its_own": {d.id: line for d in drifts for line in team_lines(d, register, {key: key})},
            "streams": large[:MOST_STREAMS],
            "cut": {"drifts": len(known) > len(drifts), "streams": len(large) > MOST_STREAMS},
            "window": window_text(span),
            "api": f"/api/{in_path(key)}",
            "nonce": secrets.token_urlsafe(9),
            "unknown": _unknown(session, register, key),
            "days_missing": max(0, LEAST_HISTORY - days_known(session)),
            "heat": heat,
        }

    def teams(self, request: Request, who: Signed, since: Day = None, until: Day = None) -> Response:
        """Heat maps: teams by week, teams by objective."""
        if who.role == "team":
            return RedirectResponse(f"/teams/{in_path(who.team or '')}")
        _, register = self.app.register()
        with self.app.sessions() as session:
            period, company = standing_in(session, register, COMPANY, "/teams", since, until)
            names = data.large_teams(register, self.least)
            found, earlier = teams_beside(session, register, names, period, company.week)
            heat = self._kept_heat(register, period.since, period.until, 13)
        ranked = sorted(register.objectives, key=lambda objective: objective.priority)
        return self.frame.page(
            request,
            who,
            "teams.html.j2",
            {
                "p": period,
                "heat": heat,
                "standings": found,
                "earlier": earlier,
                "objectives": ranked,
                "keys": [*(one.key for one in ranked), NONE],
                "since": company.since,
                "week": company.week,
            },
        )


def _turned(weeks: Sequence[Weekly], plan_from: date) -> date | None:
    """Since when weeks are of the plan in force, where some that are shown are not."""
    return plan_from if weeks and weeks[0].week < plan_from else None


def _unknown(session: Session, register: Register, scope: str) -> list[Any]:
    """Objectives of the scope's plan that are too new in the register to have a share."""
    mine = plan_of(register, scope)
    return [one for one in register.objectives if one.key in mine and not data.is_estimated(session, one.key)]


def _of_standing(found: Standing) -> dict[str, Any]:
    """The figures of a scope as the page shows them."""
    gap = next((part.four_weeks for part in found.parts if part.four_weeks), None)
    return {
        "s": found,
        "head": found.head,
        "cards": _cards(found),
        "planned": any(part.plan is not None for part in found.parts),
        "suggestions": any(part.suggested is not None for part in found.parts),
        "plan_window": f"{short_day(gap.first)} to {short_day(gap.last)}" if gap else "",
    }


def _cards(found: Standing) -> list[Any]:
    """Objectives that are worth a card: of the company the top priorities, of a team its plan, largest six; and work on none."""
    wanted = [
        part
        for part in found.parts
        if part.key != NONE and (part.planned if found.scope != COMPANY else part in _top(found))
    ]
    return [*wanted[:6], *(part for part in found.parts if part.key == NONE)]


def _top(found: Standing) -> list[Any]:
    ranked = [part for part in found.parts if part.priority is not None]
    return [part for part in ranked if (part.priority or 0) <= 3] or ranked


def _shown(taken: tuple[Taken, ...]) -> list[Taken]:
    """The rows of the finding's own table but those that add nothing: "everything else" is the same there and here."""
    return [one for one in taken if one.rest or one.points]

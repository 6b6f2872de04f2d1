"""The pages of findings, and of the week in which they were found."""

import secrets
from collections.abc import Collection, Sequence
from datetime import date, timedelta

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from alerts.falls import worth_naming
from alerts.figures import standing
from alerts.gaps import gap_lines, view_of
from alerts.parts import part_of
from alerts.plan_turn import first_week
from alerts.streams import Stream, streams
from alerts.weeks import WEEK, weekly
from alerts.words import percent
from leeway.decisions import summary
from models import OPEN_STATES, Drift
from models.vocabulary import COMPANY
from pipeline.drift.gaps import GAP
from pipeline.findings.velocity import flagged
from pipeline.register.ended import ran_out
from pipeline.register.gone import told_in, with_gone
from pipeline.register.workdays import monday
from web import data, reading
from web.auth import Id, Signed
from web.drawing import Drawing
from web.frame import Frame
from web.place import Place, counted


class Findings(Place):
    """Weeks and findings."""

    def __init__(self, web: FastAPI, frame: Frame, drawing: Drawing) -> None:
        super().__init__(frame, drawing)
        self.route(
            web,
            ("/weeks/{week}", self.week),
            ("/drifts", self.drifts),
            ("/drifts/{id_}", self.drift),
        )

    def week(self, request: Request, who: Signed, week: date) -> Response:
        """Show one week: what changed against the week before."""
        scope = who.scope
        _, register = self.frame.allowed(who, scope)
        first, seen = monday(week), data.visible(register, self.least, who)
        with self.app.sessions() as session:
            near = {one.week: one for one in weekly(session, scope, first - WEEK, first + WEEK)}
            if first not in near:
                raise HTTPException(404, "Nothing is known of this week.")
            told = with_gone(session, register, [key for one in near.values() for key in one.shares])
            plan_from = first_week(session, register)
            prior = near.get(first - WEEK) if first != plan_from else None  # of another plan
            rows = part_of(told, scope, near[first], prior)
            worked = streams(session, register, scope, self.least)
            findings = _raised(session, scope, first, seen)
            gaps = gap_lines(session, register, findings)
        return self.frame.page(
            request,
            who,
            "week.html.j2",
            {
                "week": first,
                "until": first + timedelta(days=6),
                "scope": scope,
                "complete": near[first].complete,
                "after_plan": ran_out(register, first),
                "before_plan": plan_from if first < plan_from else None,
                "coverage": percent(near[first].coverage),
                "rows": rows[:-1],
                "top": rows[-1],
                "before": first - WEEK if first - WEEK in near else None,
                "after": first + WEEK if first + WEEK in near else None,
                "streams": _of_week(worked, first),
                "found": findings,
                "gaps": gaps,
            },
        )

    def drifts(self, request: Request, who: Signed) -> Response:
        """List every finding that the viewer may see."""
        _, register = self.app.register()
        seen = data.visible(register, self.least, who)
        with self.app.sessions() as session:
            rows = [d for d in data.drifts(session) if d.scope in seen]
            gaps = gap_lines(session, register, rows)
            pace = summary([one for one in flagged(session, register) if one.drift.scope in seen], ())
        return self.frame.page(
            request, who, "drifts.html.j2", {"drifts": rows, "gaps": gaps, "pace": pace if rows else ""}
        )

    def drift(self, request: Request, who: Signed, id_: Id) -> Response:
        """Show one finding as a story: what fell, what took its place, items, decisions."""
        found, register = self.frame.drift(who, id_)
        with self.app.sessions() as session:
            register = told_in(session, register, found)
            shown = view_of(session, found, register, self.frame.terms())
            gap = found.kind == GAP
            stands = None if gap else standing(session, register, found.scope, found)
            known = weekly(session, found.scope)
            values = {
                "d": found,
                "a": shown,
                "asked": [one.name for one in worth_naming(shown.taken) if not one.objective],
                "open": found.state in OPEN_STATES,
                "nonce": secrets.token_urlsafe(9),
                "items": self.frame.largest.behind(session, found),
                "decisions": data.decisions(session, id_),
                "parts": stands.parts if stands else (),
                "objective": next((o.title for o in register.objectives if o.key == found.subject), found.subject),
            }
        if known:
            period = reading.Period(max(known[0].week, found.start - timedelta(weeks=16)), known[-1].week, True, ())
            label = shown.title if gap else shown.picture
            values["c"] = self.drawing.of(
                "objective" if gap else "drift",
                found.scope,
                period,
                label,
                f"Thin lines: 9 in 10 sure. {counted(one.complete for one in known)}".strip(),
                found.subject if gap else str(id_),
                chosen=gap,
            )
        return self.frame.page(request, who, "drift.html.j2", values)


def _of_week(worked: Sequence[Stream], week: date) -> list[tuple[str, float, float]]:
    """Streams with their person-days of the week and of the one before, the largest first."""
    rows = [(one.name, one.weeks.get(week, 0.0), one.weeks.get(week - WEEK, 0.0)) for one in worked]
    return sorted((row for row in rows if max(row[1:]) >= 0.5), key=lambda row: -row[1])[:12]


def _raised(session: Session, scope: str, week: date, seen: Collection[str]) -> list[Drift]:
    """What was found in a week: of the company in every scope that is seen, of a team its own."""
    found = data.drifts(session, None if scope == COMPANY else scope)
    return [d for d in found if week <= d.raised_on < week + WEEK and d.scope in seen]
